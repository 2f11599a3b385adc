"""What the orders' record says of itself: the checks and facts of `balcon audit` that need SQL. Reads only."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any

import sqlalchemy as sa
from balcon.audit.v1.audit_service_pb2 import Fact, OrderInRecord, TicketInRecord
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncEngine

from services.contracts.audit import FACTS_A_PAGE, MAX_VIOLATIONS, CheckResult
from services.contracts.standing import HAS_TICKETS, KEEPS_CLAIM, KEEPS_SALE
from services.contracts.ticket_codes import CODE_BEGINS
from services.contracts.wire_types import wire_money
from services.orders.adapters import order_statements as sql
from services.orders.adapters.exchange_audit import checked_exchanges
from services.orders.adapters.order_rows import Row, order_of
from services.orders.adapters.request_audit import checked_requests
from services.orders.adapters.tables import counted_uses, order_parts, orders, outbox, outbox_sequence, refunds, tickets
from services.orders.domain.order import LineStatus
from services.runtime.clock import Clock
from services.runtime.sql.connections import connected
from services.runtime.sql.scopes import AllHouses

_ALL = AllHouses("the audit examines the whole record")

_OFF_SALE = {LineStatus.CANCELLED, LineStatus.RELEASE_DUE}
_HURRIED = ("PAID", "REFUND_DUE")
_VALID = sa.select(sa.func.count()).where(tickets.c.valid, tickets.c.order_id == orders.c.order_id).scalar_subquery()
_PARTS = order_parts.c.order_id == orders.c.order_id
_LINES = sa.select(sa.func.sum(sa.func.jsonb_array_length(order_parts.c.lines))).where(_PARTS).scalar_subquery()
_COSTS = sa.select(sa.func.coalesce(sa.func.sum(order_parts.c.total_minor), 0)).where(_PARTS).scalar_subquery()
# Seats of cancelled lines stay sold for as long as the house keeps them off sale.
_WANTS_FREE = order_parts.c.line_states.is_(None) | order_parts.c.line_states.has_any(
    sa.cast(["VALID", "RELEASE_DUE"], ARRAY(sa.Text))
)
_PART_SEATED = sa.exists().where(_PARTS, order_parts.c.seats.in_(KEEPS_CLAIM | KEEPS_SALE), _WANTS_FREE)
_STATES = (
    sa.func.jsonb_array_elements_text(order_parts.c.line_states)
    .table_valued("line_state", name="states")
    .render_derived()
)
_CANCELLED = (
    sa.select(sa.func.count())
    .select_from(order_parts.join(_STATES, sa.true()))
    .where(_PARTS, _STATES.c.line_state != "VALID")
    .correlate(orders)
    .scalar_subquery()
)
_BACK = (
    sa.select(sa.func.coalesce(sa.func.sum(refunds.c.amount_minor), 0))
    .where(refunds.c.order_id == orders.c.order_id, refunds.c.state == "DONE")
    .scalar_subquery()
)
_MISCOUNTED = sa.text(
    """SELECT house_id, counted_id, coalesce(used, 0) AS used, coalesce(taken, 0) AS taken
       FROM counted_uses FULL JOIN (
           SELECT house_id, one ->> 0 AS counted_id, sum((one ->> 1)::bigint) AS taken
           FROM orders CROSS JOIN LATERAL jsonb_array_elements(uses) AS one
           WHERE state NOT IN ('CANCELLED', 'REFUNDED') GROUP BY 1, 2
       ) AS of_orders USING (house_id, counted_id)
       WHERE coalesce(used, 0) <> coalesce(taken, 0) ORDER BY 1, 2 LIMIT :most"""
).bindparams(most=MAX_VIOLATIONS)


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
        seated = ended & _PART_SEATED & (orders.c.state_since_ms < late_ms)
        # A refund that is due or done, and every other state, has no valid ticket.
        wanted = sa.case((confirmed, _LINES - _CANCELLED), else_=0)
        unproven = confirmed & (orders.c.payment != "CAPTURED") & (orders.c.total_minor > 0)
        stranded = ended & (orders.c.payment == "CAPTURED")
        unequal = orders.c.total_minor != _COSTS
        # An order is REFUNDED exactly when its refunds come to its total.
        unbalanced = (orders.c.total_minor < _BACK) | ((orders.c.state == "REFUNDED") & (orders.c.total_minor != _BACK))
        overdue = hurried & (orders.c.state_since_ms < late_ms)
        name = "no order is paid or owed a refund for too long"
        return [
            await self._orders("INV-3", name, hurried, overdue, performance_id),
            await self._orders("INV-3", "nothing is confirmed without proof", confirmed, unproven, performance_id),
            await self._orders("INV-3", "no ended order keeps money", sa.true(), stranded, performance_id),
            await self._orders("INV-1", "no ended order keeps its seats for too long", ended, seated, performance_id),
            await self._orders("INV-3", "an order costs what its parts cost", sa.true(), unequal, performance_id),
            await self._orders("INV-3", "refunds come to what went back", sa.true(), unbalanced, performance_id),
            await self._orders("INV-3", "tickets for every line", sa.true(), wanted != _VALID, performance_id),
            await self._double_tickets(performance_id),
            await self._outbox(performance_id),
            *([] if performance_id else [await self._uses(), await self._requests(), *await self._exchanges(late_ms)]),
        ]

    async def _orders(
        self,
        invariant: str,
        name: str,
        examined: sa.ColumnElement[bool],
        broken: sa.ColumnElement[bool],
        performance_id: str,
    ) -> CheckResult:
        where = _with_part(performance_id)
        count = sa.select(sa.func.count()).select_from(orders).where(where, examined)
        rows = sa.select(orders.c.house_id, orders.c.order_id, orders.c.state).where(where, broken)
        async with connected(self._engine, _ALL) as connection:
            total = await connection.scalar(count)
            found = (await connection.execute(rows.limit(MAX_VIOLATIONS))).all()
        told = [f"house {row.house_id} order {row.order_id} is {row.state}" for row in found]
        return CheckResult(invariant, name, total or 0, told)

    async def _double_tickets(self, performance_id: str) -> CheckResult:
        where = sa.and_(_of(tickets.c.performance_id, performance_id), tickets.c.valid)
        seat = (tickets.c.performance_id, tickets.c.seat_id)
        double = sa.select(*seat, sa.func.count()).where(where).group_by(*seat).having(sa.func.count() > 1)
        async with connected(self._engine, _ALL) as connection:
            total = await connection.scalar(sa.select(sa.func.count()).select_from(tickets).where(where))
            found = (await connection.execute(double.limit(MAX_VIOLATIONS))).all()
        told = [f"performance {row[0]} seat {row[1]} has {row[2]} valid tickets" for row in found]
        return CheckResult("INV-1", "one valid ticket per seat", total or 0, told)

    async def _uses(self) -> CheckResult:
        """Of the whole house: codes are counted over all of its performances."""
        async with connected(self._engine, _ALL) as connection:
            total = await connection.scalar(sa.select(sa.func.count()).select_from(counted_uses))
            found = (await connection.execute(_MISCOUNTED)).all()
        told = [f"house {row.house_id} {row.counted_id} is {row.used}, its orders have {row.taken}" for row in found]
        return CheckResult("orders", "counted uses are those of the orders that have them", total or 0, told)

    async def _requests(self) -> CheckResult:
        """Of all performances: a request may be of several."""
        async with connected(self._engine, _ALL) as connection:
            return await checked_requests(connection)

    async def _exchanges(self, late_ms: int) -> list[CheckResult]:
        """Of all performances: an exchange may be from one to another."""
        async with connected(self._engine, _ALL) as connection:
            return await checked_exchanges(connection, late_ms)

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
        async with connected(self._engine, _ALL) as connection:
            total = await connection.scalar(sa.select(sa.func.count()).select_from(outbox).where(numbered))
            found = (await connection.execute(broken.limit(MAX_VIOLATIONS))).all()
        told = [f"topic {row.topic} key {row.key} is not dense" for row in found]
        return CheckResult("INV-7", "the outbox is dense per key", total or 0, told)

    async def facts(self, performance_id: str) -> AsyncIterator[Sequence[Fact]]:
        """Every part of every order, then every valid ticket."""
        orders_of_it = sql.ORDER.where(_with_part(performance_id)).order_by(orders.c.order_id)
        async with connected(self._engine, _ALL) as connection:
            for query, told in ((orders_of_it, _parts), (_tickets(performance_id), _ticket)):
                result = await connection.stream(query)
                async for page in result.mappings().partitions(FACTS_A_PAGE):
                    facts = [fact for row in page for fact in told(row)]
                    yield [fact for fact in facts if performance_id in {"", _performance_of(fact)}]


def _performance_of(fact: Fact) -> str:
    return fact.order.performance_id or fact.ticket.performance_id


def _parts(row: Row) -> list[Fact]:
    order = order_of(row)
    currency = order.total.currency
    return [
        Fact(
            order=OrderInRecord(
                performance_id=part.performance_id,
                order_id=order.order_id,
                state=order.state.value,
                total=wire_money(part.total_minor, currency),
                seats=len(part.valid_seat_ids),
                off_sale_seat_ids=[line.seat_id for line in part.lines if line.status in _OFF_SALE],
                refunded=wire_money(refunded_minor, currency),
                was_confirmed=order.confirmed_at_ms > 0,
                seats_are=part.seats.value,
                order_total=wire_money(order.total.amount_minor, currency),
                order_refunded=wire_money(order.refunded.amount_minor, currency),
                paid_under=order.first.performance_id,
                house_id=order.house_id,
            )
        )
        for part, refunded_minor in zip(order.parts, order.refunded_by_part, strict=True)
    ]


def _tickets(performance_id: str) -> sa.Select[Any]:
    seat = (tickets.c.performance_id, tickets.c.seat_id)
    # The code of one that was passed on is ticketing's, too: its holder has it, and nobody here.
    is_signed = (tickets.c.passed_on | tickets.c.barcode.startswith(CODE_BEGINS)).label("is_signed")
    wanted = sa.select(*seat, tickets.c.order_id, tickets.c.house_id, is_signed)
    return wanted.where(tickets.c.valid, _of(seat[0], performance_id)).order_by(*seat)


def _ticket(row: Row) -> list[Fact]:
    return [Fact(ticket=TicketInRecord(**row))]


def _with_part(performance_id: str) -> sa.ColumnElement[bool]:
    """Orders that have a part in the performance."""
    if not performance_id:
        return sa.true()
    return orders.c.order_id.in_(
        sa.select(order_parts.c.order_id).where(order_parts.c.performance_id == performance_id)
    )


def _of(column: sa.ColumnElement[str], performance_id: str) -> sa.ColumnElement[bool]:
    return column == performance_id if performance_id else sa.true()
