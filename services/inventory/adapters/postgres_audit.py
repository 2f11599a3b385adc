"""What the record says of itself: the checks and facts of `balcon audit` that need SQL."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from services.inventory.adapters.postgres_claim_store import ACTIVE
from services.inventory.adapters.tables import performance_owner as owners
from services.inventory.adapters.tables import seat_block as blocks
from services.inventory.adapters.tables import seat_claim as claims
from services.inventory.ports import CheckResult, RecordedSeat

VIOLATIONS_TOLD = 100
SEATS_A_PAGE = 1_000


class PostgresAudit:
    """See ports.RecordAudit."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def checks(self, performance_id: str) -> Sequence[CheckResult]:
        """See RecordAudit."""
        return [
            await self._check("INV-1", "one active claim or sale per seat", self._double_claims(performance_id)),
            await self._check("INV-4", "no claim by an epoch yet to come", self._future_epochs(performance_id)),
            await self._check("INV-5", "no seat both blocked and claimed", self._blocked_and_claimed(performance_id)),
        ]

    async def _check(self, invariant: str, name: str, broken: Select[Any]) -> CheckResult:
        async with self._engine.connect() as connection:
            examined = await connection.scalar(
                select(func.count()).select_from(claims).where(claims.c.state.in_(ACTIVE))
            )
            rows = (await connection.execute(broken.limit(VIOLATIONS_TOLD))).all()
        return CheckResult(
            invariant, name, examined or 0, [f"performance {row[0]} seat index {row[1]}" for row in rows]
        )

    @staticmethod
    def _double_claims(performance_id: str) -> Select[Any]:
        query = select(claims.c.performance_id, claims.c.seat_index).where(claims.c.state.in_(ACTIVE))
        grouped = query.group_by(claims.c.performance_id, claims.c.seat_index).having(func.count() > 1)
        return grouped.where(claims.c.performance_id == performance_id) if performance_id else grouped

    @staticmethod
    def _future_epochs(performance_id: str) -> Select[Any]:
        query = (
            select(claims.c.performance_id, claims.c.seat_index)
            .outerjoin(owners, owners.c.performance_id == claims.c.performance_id)
            .where(claims.c.epoch > func.coalesce(owners.c.epoch, 0))
        )
        return query.where(claims.c.performance_id == performance_id) if performance_id else query

    @staticmethod
    def _blocked_and_claimed(performance_id: str) -> Select[Any]:
        same_seat = (blocks.c.performance_id == claims.c.performance_id) & (blocks.c.seat_index == claims.c.seat_index)
        query = select(claims.c.performance_id, claims.c.seat_index).join(blocks, same_seat)
        active = query.where(claims.c.state.in_(ACTIVE))
        return active.where(claims.c.performance_id == performance_id) if performance_id else active

    async def counts(self, performance_ids: Sequence[str]) -> Mapping[str, Mapping[str, int]]:
        """See RecordAudit."""
        found: dict[str, dict[str, int]] = {performance_id: {} for performance_id in performance_ids}
        by_state = (
            select(claims.c.performance_id, claims.c.state, func.count())
            .where(claims.c.performance_id.in_(performance_ids), claims.c.state.in_(ACTIVE))
            .group_by(claims.c.performance_id, claims.c.state)
        )
        async with self._engine.connect() as connection:
            for performance_id, state, count in await connection.execute(by_state):
                found[performance_id][state] = count
        return found

    async def seats(self, performance_id: str) -> AsyncIterator[Sequence[RecordedSeat]]:
        """See RecordAudit."""
        key = (claims.c.performance_id, claims.c.seat_index, claims.c.order_id)
        query = select(*key, claims.c.seat_id, claims.c.state).where(claims.c.state.in_(ACTIVE)).order_by(*key)
        if performance_id:
            query = query.where(claims.c.performance_id == performance_id)
        async with self._engine.connect() as connection:
            result = await connection.stream(query)
            async for page in result.partitions(SEATS_A_PAGE):
                yield [RecordedSeat(row.performance_id, row.seat_id, row.order_id, row.state == "sold") for row in page]
