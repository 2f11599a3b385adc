"""What the record says of itself: the checks and facts of `balcon audit` that need SQL."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from balcon.audit.v1.audit_service_pb2 import Fact, SeatInRecord
from sqlalchemy import Row, Select, case, func, literal, select, union_all
from sqlalchemy.ext.asyncio import AsyncEngine

from services.contracts.audit import FACTS_A_PAGE, MAX_VIOLATIONS, CheckResult
from services.inventory.adapters.deck_audit import deck_queries
from services.inventory.adapters.postgres_claim_store import ACTIVE
from services.inventory.adapters.tables import allotment_seat as allotment_seats
from services.inventory.adapters.tables import performance as performances
from services.inventory.adapters.tables import performance_owner as owners
from services.inventory.adapters.tables import reserved_seat as reserved_seats
from services.inventory.adapters.tables import seat_block as blocks
from services.inventory.adapters.tables import seat_claim as claims
from services.runtime.sql.connections import connected
from services.runtime.sql.scopes import AllHouses
from services.runtime.sql.wall_audit import Reference

# An order's seats, a hall's blocks and what offices have are of the performance's house.
REFERENCES = (
    Reference("seat_claim", "performance", "performance_id"),
    Reference("seat_block", "performance", "performance_id"),
    Reference("allotment", "performance", "performance_id"),
    Reference("allotment_seat", "performance", "performance_id"),
    Reference("allotment_step", "performance", "performance_id"),
    Reference("reservation", "performance", "performance_id"),
    Reference("reserved_seat", "performance", "performance_id"),
)

_ALL = AllHouses("the audit examines the whole record")


class PostgresAudit:
    """See SeatRecordAudit."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def checks(self, performance_id: str) -> Sequence[CheckResult]:
        """INV-1, INV-4 and INV-5 as far as the record alone can tell."""
        return [
            await self._check("INV-1", "one active claim or sale per seat", self._double_claims(performance_id)),
            await self._check(
                "INV-1", "claims are numbered by the plan in force", self._of_another_plan(performance_id)
            ),
            await self._check("INV-4", "no claim by an epoch yet to come", self._future_epochs(performance_id)),
            *[await self._check_deck(name, query, performance_id) for name, query in deck_queries().items()],
        ]

    async def _check_deck(self, name: str, broken: Select[Any], performance_id: str) -> CheckResult:
        """INV-5: each seat in one hand, and hands that add up."""
        columns = broken.selected_columns
        query = broken.where(columns[0] == performance_id) if performance_id else broken
        taken = [select(table.c.performance_id) for table in (claims, blocks, allotment_seats, reserved_seats)]
        everything = union_all(*taken).subquery()
        async with connected(self._engine, _ALL) as connection:
            examined = await connection.scalar(select(func.count()).select_from(everything))
            rows = (await connection.execute(query.limit(MAX_VIOLATIONS))).all()
        return CheckResult("INV-5", name, examined or 0, [f"performance {row[0]} {row[1]}" for row in rows])

    async def _check(self, invariant: str, name: str, broken: Select[Any]) -> CheckResult:
        async with connected(self._engine, _ALL) as connection:
            examined = await connection.scalar(
                select(func.count()).select_from(claims).where(claims.c.state.in_(ACTIVE))
            )
            rows = (await connection.execute(broken.limit(MAX_VIOLATIONS))).all()
        return CheckResult(
            invariant, name, examined or 0, [f"performance {row[0]} seat index {row[1]}" for row in rows]
        )

    @staticmethod
    def _double_claims(performance_id: str) -> Select[Any]:
        query = select(claims.c.performance_id, claims.c.seat_index).where(claims.c.state.in_(ACTIVE))
        grouped = query.group_by(claims.c.performance_id, claims.c.seat_index).having(func.count() > 1)
        return grouped.where(claims.c.performance_id == performance_id) if performance_id else grouped

    @staticmethod
    def _of_another_plan(performance_id: str) -> Select[Any]:
        """A performance whose plan was changed, and a claim that was left behind: its index means another seat."""
        same = performances.c.performance_id == claims.c.performance_id
        query = (
            select(claims.c.performance_id, claims.c.seat_index)
            .join(performances, same)
            .where(claims.c.state.in_(ACTIVE), claims.c.plan_version != performances.c.plan_version)
        )
        return query.where(claims.c.performance_id == performance_id) if performance_id else query

    @staticmethod
    def _future_epochs(performance_id: str) -> Select[Any]:
        query = (
            select(claims.c.performance_id, claims.c.seat_index)
            .outerjoin(owners, owners.c.performance_id == claims.c.performance_id)
            .where(claims.c.epoch > func.coalesce(owners.c.epoch, 0))
        )
        return query.where(claims.c.performance_id == performance_id) if performance_id else query

    async def counts(self, performance_ids: Sequence[str]) -> Mapping[str, Mapping[str, int]]:
        found: dict[str, dict[str, int]] = {performance_id: {} for performance_id in performance_ids}
        by_state = (
            select(claims.c.performance_id, claims.c.state, func.count())
            .where(claims.c.performance_id.in_(performance_ids), claims.c.state.in_(ACTIVE))
            .group_by(claims.c.performance_id, claims.c.state)
        )
        hands = case((allotment_seats.c.reported_sold, "reported_sold"), else_="allotted")
        handed_out = (
            select(allotment_seats.c.performance_id, hands, func.count())
            .where(allotment_seats.c.performance_id.in_(performance_ids))
            .group_by(allotment_seats.c.performance_id, hands)
        )
        blocked = (
            select(blocks.c.performance_id, literal("blocked"), func.count())
            # Below zero: seats that a plan of before had.
            .where(blocks.c.performance_id.in_(performance_ids), blocks.c.seat_index >= 0)
            .group_by(blocks.c.performance_id)
        )
        reserved = (
            select(reserved_seats.c.performance_id, literal("reserved"), func.count())
            .where(reserved_seats.c.performance_id.in_(performance_ids))
            .group_by(reserved_seats.c.performance_id)
        )
        async with connected(self._engine, _ALL) as connection:
            for query in (by_state, handed_out, blocked, reserved):
                for performance_id, state, count in await connection.execute(query):
                    found[performance_id][state] = count
        return found

    async def facts(self, performance_id: str) -> AsyncIterator[Sequence[Fact]]:
        """Every active claim and sale."""
        key = (claims.c.performance_id, claims.c.seat_index, claims.c.order_id)
        wanted: Select[Any] = select(*key, claims.c.seat_id, claims.c.state, claims.c.house_id)
        query = wanted.where(claims.c.state.in_(ACTIVE)).order_by(*key)
        if performance_id:
            query = query.where(claims.c.performance_id == performance_id)
        async with connected(self._engine, _ALL) as connection:
            result = await connection.stream(query)
            async for page in result.partitions(FACTS_A_PAGE):
                yield [Fact(seat=_seat(row)) for row in page]


def _seat(row: Row[Any]) -> SeatInRecord:
    return SeatInRecord(
        performance_id=row.performance_id,
        seat_id=row.seat_id,
        order_id=row.order_id,
        sold=row.state == "sold",
        house_id=row.house_id,
    )
