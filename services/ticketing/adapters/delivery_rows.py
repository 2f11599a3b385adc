"""The ledger of letters to buyers in PostgreSQL, inside one transaction's connection."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.contracts.pages import Place
from services.ticketing.adapters.delivery_tables import deliveries
from services.ticketing.domain.delivery import Delivery, DeliveryKind, DeliveryState, Occasion
from services.ticketing.ports.deliveries import WrittenLine

_INSERT_ROWS = 500
_LINE = deliveries.c
_PLAN = insert(deliveries).on_conflict_do_nothing()
_AS_MADE = (_LINE.created_at_ms, _LINE.delivery_id)


class DeliveryRows:
    """See Deliveries."""

    def __init__(self, connection: AsyncConnection, house_id: str) -> None:
        self._connection = connection
        self._house_id = house_id
        self._ours = _LINE.house_id == house_id

    async def plan(self, lines: Sequence[Delivery]) -> None:
        """See Deliveries.plan. The unique index is the judge."""
        for first in range(0, len(lines), _INSERT_ROWS):
            rows = [_values(self._house_id, line) for line in lines[first : first + _INSERT_ROWS]]
            await self._connection.execute(_PLAN, rows)

    async def page(
        self, after: Place | None, limit: int, order_id: str, states: Collection[DeliveryState]
    ) -> Sequence[Delivery]:
        newest = tuple(column.desc() for column in _AS_MADE)
        wanted = sa.select(deliveries).where(self._ours).order_by(*newest).limit(limit)
        if order_id:
            wanted = wanted.where(_LINE.order_id == order_id)
        if states:
            wanted = wanted.where(_LINE.state.in_([state.value for state in states]))
        if after is not None:
            place = sa.tuple_(sa.literal(after.time_ms), sa.literal(after.item_id))
            wanted = wanted.where(sa.tuple_(*_AS_MADE) < place)
        return [delivery_of(row) for row in await self._connection.execute(wanted)]

    async def of_customers(self, customer_ids: Collection[str]) -> Sequence[Delivery]:
        bought = bought_by(self._house_id, customer_ids)
        to_buyers = (deliveries.c.customer_id == "") & deliveries.c.order_id.in_(bought)
        theirs = sa.or_(deliveries.c.customer_id.in_(customer_ids), to_buyers)
        oldest = (deliveries.c.created_at_ms, deliveries.c.delivery_id)
        wanted = sa.select(deliveries).where(self._ours, theirs).order_by(*oldest)
        return [delivery_of(row) for row in await self._connection.execute(wanted)]

    async def count_again(
        self, order_id: str, since_ms: int, kinds: Collection[DeliveryKind] = (DeliveryKind.AGAIN,)
    ) -> int:
        """See Deliveries.count_again."""
        wanted = sa.select(sa.func.count()).where(
            self._ours,
            _LINE.order_id == order_id,
            _LINE.kind.in_([kind.value for kind in kinds]),
            _LINE.created_at_ms >= since_ms,
        )
        return int((await self._connection.execute(wanted)).scalar_one())

    async def write(self, lines: Sequence[WrittenLine]) -> set[str]:
        """See Deliveries.write. In one order, so that two who write the same lines do not wait for each other."""
        ordered = sorted(lines, key=lambda one: one.line.delivery_id)
        news = (
            sa.values(
                sa.column("delivery_id", sa.Text),
                sa.column("seen_attempts", sa.BigInteger),
                sa.column("seen_unknown", sa.BigInteger),
                sa.column("state", sa.Text),
                sa.column("attempts", sa.BigInteger),
                sa.column("unknown", sa.BigInteger),
                sa.column("reason", sa.Text),
                sa.column("due_at_ms", sa.BigInteger),
                sa.column("ended_at_ms", sa.BigInteger),
                name="news",
            )
            .data([_news(one) for one in ordered])
            .alias("news")
        )
        ended_at_ms = sa.cast(news.c.ended_at_ms, sa.BigInteger)
        change = (
            sa.update(deliveries)
            .where(
                self._ours,
                _LINE.delivery_id == news.c.delivery_id,
                _LINE.ended_at_ms.is_(None),
                _LINE.attempts == news.c.seen_attempts,
                _LINE.unknown == news.c.seen_unknown,
            )
            .values(
                state=news.c.state,
                attempts=news.c.attempts,
                unknown=news.c.unknown,
                reason=news.c.reason,
                due_at_ms=news.c.due_at_ms,
                ended_at_ms=ended_at_ms,
                sealed_email=sa.case((ended_at_ms.is_(None), _LINE.sealed_email), else_=sa.literal(b"")),
            )
            .returning(_LINE.delivery_id)
        )
        return set((await self._connection.execute(change)).scalars())


def bought_by(house_id: str, customer_ids: Collection[str]) -> sa.Select[Any]:
    """The orders of these buyers, as far as the news said whose they are."""
    return sa.select(deliveries.c.order_id).where(
        deliveries.c.house_id == house_id, deliveries.c.buyer_id.in_(customer_ids)
    )


def delivery_of(row: sa.Row[Any]) -> Delivery:
    """A line as it is kept."""
    return Delivery(
        delivery_id=row.delivery_id,
        occasion=Occasion(
            row.order_id,
            DeliveryKind(row.kind),
            row.happened_at_ms,
            row.occasion,
            row.performance_id,
            row.was_at_ms,
        ),
        customer_id=row.customer_id,
        ticket_ids=tuple(row.ticket_ids),
        state=DeliveryState(row.state),
        attempts=row.attempts,
        unknown=row.unknown,
        reason=row.reason,
        due_at_ms=row.due_at_ms,
        created_at_ms=row.created_at_ms,
        ended_at_ms=row.ended_at_ms,
        sealed_email=bytes(row.sealed_email),
        buyer_id=row.buyer_id,
    )


def _values(house_id: str, line: Delivery) -> dict[str, Any]:
    return {
        "house_id": house_id,
        "delivery_id": line.delivery_id,
        "order_id": line.occasion.order_id,
        "kind": line.occasion.kind.value,
        "occasion": line.occasion.name,
        "performance_id": line.occasion.performance_id,
        "happened_at_ms": line.occasion.at_ms,
        "was_at_ms": line.occasion.was_at_ms,
        "customer_id": line.customer_id,
        "ticket_ids": list(line.ticket_ids),
        "state": line.state.value,
        "attempts": line.attempts,
        "unknown": line.unknown,
        "reason": line.reason,
        "due_at_ms": line.due_at_ms,
        "created_at_ms": line.created_at_ms,
        "ended_at_ms": line.ended_at_ms,
        "sealed_email": line.sealed_email,
        "buyer_id": line.buyer_id,
    }


def _news(one: WrittenLine) -> tuple[Any, ...]:
    line, seen = one.line, one.seen
    return (
        line.delivery_id, seen.attempts, seen.unknown, line.state.value, line.attempts, line.unknown, line.reason,
        line.due_at_ms, line.ended_at_ms,
    )  # fmt: skip
