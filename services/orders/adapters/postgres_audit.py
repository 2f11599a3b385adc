"""What the orders' record says of itself: the checks and facts of `balcon audit` that need SQL. Reads only."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any

import sqlalchemy as sa
from balcon.audit.v1.audit_service_pb2 import Fact, OrderInRecord, TicketInRecord
from sqlalchemy.ext.asyncio import AsyncEngine

from services.contracts.audit import FACTS_A_PAGE, MAX_VIOLATIONS, CheckResult
from services.contracts.standing import HAS_TICKETS, KEEPS_CLAIM, KEEPS_SALE
from services.contracts.wire_types import wire_money
from services.orders.adapters.tables import orders, outbox, outbox_sequence, tickets
from services.runtime.clock import Clock

_HURRIED = ("PAID", "REFUND_DUE")
_VALID = sa.select(sa.func.count()).where(tickets.c.valid, tickets.c.order_id == orders.c.order_id).scalar_subquery()


class PostgresAudit:
    """See RecordAudit. `overdue_ms`: longest time in PAID or REFUND_DUE (INV-3)."""

    def __init__(self, engine: AsyncEngine, clock: Clock, *, overdue_ms: int) -> None:
        self._engine = engine
        self._clock = clock
        self._overdue_ms = overdue_ms

    async def checks(self, performance_id: str) -> Sequence[CheckResult]:
        """See RecordAudit.checks."""
        late_ms = self._clock.now_ms() - self._overdue_ms
        hurried = orders.c.state.in_(_HURRIED)
        confirmed = orders.c.state.in_(HAS_TICKETS)
        ended = orders.c.state.in_(("CANCELLED", "REFUNDED"))
        seated = ended & orders.c.seats.in_(KEEPS_CLAIM | KEEPS_SALE) & (orders.c.state_since_ms < late_ms)
        # A refund that is due or done, and every other state, has no valid ticket.
        wanted = sa.case((confirmed, sa.func.jsonb_array_length(orders.c.lines)), else_=0)
        unproven = confirmed & (orders.c.payment != "CAPTURED") & (orders.c.total_minor > 0)
        stranded = ended & (orders.c.payment == "CAPTURED")
        overdue = hurried & (orders.c.state_since_ms < late_ms)
        name = "no order is paid or owed a refund for too long"
        return [
            await self._orders("INV-3", name, hurried, overdue, performance_id),
            await self._orders("INV-3", "nothing is confirmed without proof", confirmed, unproven, performance_id),
            await self._orders("INV-3", "no ended order keeps money", sa.true(), stranded, performance_id),
            await self._orders("INV-1", "no ended order keeps its seats for too long", ended, seated, performance_id),
            await self._orders("INV-3", "tickets for every line", sa.true(), wanted != _VALID, performance_id),
            await self._double_tickets(performance_id),
            await self._outbox(performance_id),
        ]

    async def _orders(
        self,
        invariant: str,
        name: str,
        examined: sa.ColumnElement[bool],
        broken: sa.ColumnElement[bool],
        performance_id: str,
    ) -> CheckResult:
        where = _of(orders.c.performance_id, performance_id)
        count = sa.select(sa.func.count()).select_from(orders).where(where, examined)
        rows = sa.select(orders.c.house_id, orders.c.order_id, orders.c.state).where(where, broken)
        async with self._engine.connect() as connection:
            total = await connection.scalar(count)
            found = (await connection.execute(rows.limit(MAX_VIOLATIONS))).all()
        told = [f"house {row.house_id} order {row.order_id} is {row.state}" for row in found]
        return CheckResult(invariant, name, total or 0, told)

    async def _double_tickets(self, performance_id: str) -> CheckResult:
        where = sa.and_(_of(tickets.c.performance_id, performance_id), tickets.c.valid)
        seat = (tickets.c.performance_id, tickets.c.seat_id)
        double = sa.select(*seat, sa.func.count()).where(where).group_by(*seat).having(sa.func.count() > 1)
        async with self._engine.connect() as connection:
            total = await connection.scalar(sa.select(sa.func.count()).select_from(tickets).where(where))
            found = (await connection.execute(double.limit(MAX_VIOLATIONS))).all()
        told = [f"performance {row[0]} seat {row[1]} has {row[2]} valid tickets" for row in found]
        return CheckResult("INV-1", "one valid ticket per seat", total or 0, told)

    async def _outbox(self, performance_id: str) -> CheckResult:
        """INV-7: what is numbered ends where the sequence says, with no number twice; old rows may be purged."""
        numbered = sa.and_(outbox.c.sequence.is_not(None), _of(outbox.c.key, performance_id))
        key = (outbox.c.topic, outbox.c.key)
        span = sa.func.max(outbox.c.sequence) - sa.func.min(outbox.c.sequence) + 1
        groups = (
            sa.select(*key, sa.func.max(outbox.c.sequence).label("last"), (span != sa.func.count()).label("holes"))
            .where(numbered)
            .group_by(*key)
            .subquery()
        )
        same = (groups.c.topic == outbox_sequence.c.topic) & (groups.c.key == outbox_sequence.c.key)
        broken = (
            sa.select(groups.c.topic, groups.c.key)
            .outerjoin(outbox_sequence, same)
            .where(groups.c.holes | (groups.c.last != sa.func.coalesce(outbox_sequence.c.last_sequence, 0)))
        )
        async with self._engine.connect() as connection:
            total = await connection.scalar(sa.select(sa.func.count()).select_from(outbox).where(numbered))
            found = (await connection.execute(broken.limit(MAX_VIOLATIONS))).all()
        told = [f"topic {row.topic} key {row.key} is not dense" for row in found]
        return CheckResult("INV-7", "the outbox is dense per key", total or 0, told)

    async def facts(self, performance_id: str) -> AsyncIterator[Sequence[Fact]]:
        """Every order, then every valid ticket."""
        async with self._engine.connect() as connection:
            for query, told in ((_orders(performance_id), _order), (_tickets(performance_id), _ticket)):
                result = await connection.stream(query)
                async for page in result.partitions(FACTS_A_PAGE):
                    yield [told(row) for row in page]


def _orders(performance_id: str) -> sa.Select[Any]:
    seats = sa.func.jsonb_array_length(orders.c.lines).label("seat_count")
    confirmed = (orders.c.confirmed_at_ms > 0).label("was_confirmed")
    key = (orders.c.performance_id, orders.c.order_id, orders.c.state, orders.c.seats)
    money = (orders.c.total_minor, orders.c.refunded_minor, orders.c.currency)
    query = sa.select(*key, *money, seats, confirmed).where(_of(orders.c.performance_id, performance_id))
    return query.order_by(orders.c.order_id)


def _order(row: sa.Row[Any]) -> Fact:
    order = OrderInRecord(
        performance_id=row.performance_id,
        order_id=row.order_id,
        state=row.state,
        total=wire_money(row.total_minor, row.currency),
        seats=row.seat_count,
        refunded=wire_money(row.refunded_minor, row.currency),
        was_confirmed=row.was_confirmed,
        seats_are=row.seats,
    )
    return Fact(order=order)


def _tickets(performance_id: str) -> sa.Select[Any]:
    seat = (tickets.c.performance_id, tickets.c.seat_id)
    return sa.select(*seat, tickets.c.order_id).where(tickets.c.valid, _of(seat[0], performance_id)).order_by(*seat)


def _ticket(row: sa.Row[Any]) -> Fact:
    return Fact(ticket=TicketInRecord(performance_id=row.performance_id, seat_id=row.seat_id, order_id=row.order_id))


def _of(column: sa.ColumnElement[str], performance_id: str) -> sa.ColumnElement[bool]:
    return column == performance_id if performance_id else sa.true()
