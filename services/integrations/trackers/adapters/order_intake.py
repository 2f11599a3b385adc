"""Follows orders: whose each is, and what is left of it; a refund goes behind each purchase that was queued.

Money that went back before its purchase was told is seen when that goes: it is then told as what is left.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.integrations.trackers.adapters.order_events import OrderFact, order_fact_of
from services.integrations.trackers.adapters.outbound_server_side import ToldBody, refund_dispatch
from services.integrations.trackers.domain.steps import COMMERCE_EVENTS, META_EVENTS, Step
from services.runtime.outbound.port import OutboundQueue, Target
from services.runtime.outbox.event import IncomingEvent
from services.runtime.sql.connections import connected
from services.runtime.sql.scopes import AllHouses
from services.runtime.work.purge import PurgeStep

# Other houses have nobody to tell.
_HOUSES: Final = text(
    "SELECT DISTINCT house_id FROM trackers WHERE NOT archived AND house_id = ANY(CAST(:house_ids AS text[]))"
)
# In one order, so that two writers wait instead of deadlocking. What is left never grows again.
_KEEP: Final = text(
    """INSERT INTO order_facts AS f (house_id, order_id, performance_id, customer_id, confirmed_at_ms, left_minor,
                                     currency, refunded_at_ms, changed_at_ms)
       SELECT * FROM unnest(
           CAST(:house_ids AS text[]), CAST(:order_ids AS text[]), CAST(:performance_ids AS text[]),
           CAST(:customer_ids AS text[]), CAST(:confirmed AS bigint[]), CAST(:left AS bigint[]),
           CAST(:currencies AS text[]), CAST(:refunded AS bigint[]), CAST(:changed AS bigint[])
       ) AS e ORDER BY 1, 2, 3
       ON CONFLICT (house_id, order_id, performance_id) DO UPDATE
       SET customer_id = CASE WHEN excluded.customer_id <> '' THEN excluded.customer_id ELSE f.customer_id END,
           confirmed_at_ms = greatest(f.confirmed_at_ms, excluded.confirmed_at_ms),
           left_minor = least(f.left_minor, excluded.left_minor),
           currency = CASE WHEN excluded.currency <> '' THEN excluded.currency ELSE f.currency END,
           refunded_at_ms = greatest(f.refunded_at_ms, excluded.refunded_at_ms),
           changed_at_ms = greatest(f.changed_at_ms, excluded.changed_at_ms)"""
)
_TOLD: Final = text(
    """SELECT c.house_id, c.tracker_id, c.event_id, c.visit_id, c.order_id, c.performance_id, c.reached_at_ms
       FROM unnest(CAST(:house_ids AS text[]), CAST(:order_ids AS text[]), CAST(:performance_ids AS text[]))
            AS wanted (house_id, order_id, performance_id)
       JOIN trackers t ON t.house_id = wanted.house_id
       JOIN tracker_calls c ON c.house_id = t.house_id AND c.tracker_id = t.tracker_id
            AND c.event_id IN (wanted.order_id || CAST(:meta AS text), wanted.order_id || CAST(:others AS text))
       WHERE c.performance_id = wanted.performance_id AND c.queued_at_ms > 0
       ORDER BY c.house_id, c.tracker_id, c.event_id"""
)
_FORGET: Final = text(
    """DELETE FROM order_facts WHERE (house_id, order_id, performance_id) IN (
           SELECT house_id, order_id, performance_id FROM order_facts
           WHERE changed_at_ms < :before_ms ORDER BY changed_at_ms LIMIT :limit FOR UPDATE SKIP LOCKED)"""
)

_OLD: Final = AllHouses("what is over is forgotten by age")


class OrderIntake:
    """A BatchHandler of orders' topic."""

    def __init__(self, queue: OutboundQueue) -> None:
        self._queue = queue

    async def take(self, connection: AsyncConnection, events: Sequence[IncomingEvent]) -> None:
        """Raises OrderEventMalformed. Taken twice, the same is known and the same refunds wait."""
        facts = [fact for event in events if (fact := order_fact_of(event)) is not None]
        if not facts:
            return
        house_ids = sorted({fact.house_id for fact in facts})
        told = {row.house_id for row in await connection.execute(_HOUSES, {"house_ids": house_ids})}
        facts = [fact for fact in facts if fact.house_id in told]
        if not facts:
            return
        await connection.execute(_KEEP, _columns(list(_folded(facts).values())))
        refunds = [fact for fact in facts if fact.left_minor is not None]
        if refunds:
            await self._refund(connection, refunds)

    async def _refund(self, connection: AsyncConnection, refunds: Sequence[OrderFact]) -> None:
        wanted = {
            "house_ids": [fact.house_id for fact in refunds],
            "order_ids": [fact.order_id for fact in refunds],
            "performance_ids": [fact.performance_id for fact in refunds],
            "meta": f".{META_EVENTS[Step.DONE]}",
            "others": f".{COMMERCE_EVENTS[Step.DONE]}",
        }
        told: dict[tuple[str, str, str], list[Any]] = {}
        # Twice in one batch, an order is found twice.
        for row in dict.fromkeys(await connection.execute(_TOLD, wanted)):
            told.setdefault((row.house_id, row.order_id, row.performance_id), []).append(row)
        dispatches = [
            refund_dispatch(Target(row.house_id, row.tracker_id), _body(row, fact))
            for fact in refunds
            for row in told.get((fact.house_id, fact.order_id, fact.performance_id), ())
        ]
        await self._queue.put(connection, dispatches)


def forget_orders(engine: AsyncEngine) -> PurgeStep:
    """Those of which nothing was heard since."""

    async def step(before_ms: int, limit: int) -> int:
        async with connected(engine, _OLD) as connection:
            return int((await connection.execute(_FORGET, {"before_ms": before_ms, "limit": limit})).rowcount)

    return step


def _body(row: Any, fact: OrderFact) -> ToldBody:
    return ToldBody(
        step=Step.DONE.value,
        event_id=row.event_id,
        performance_id=row.performance_id,
        visit_id=row.visit_id,
        at_ms=row.reached_at_ms,
        order_id=row.order_id,
        amount_minor=fact.left_minor,
        currency=fact.currency,
        refunded_at_ms=fact.at_ms,
    )


def _folded(facts: Sequence[OrderFact]) -> dict[tuple[str, str, str], dict[str, Any]]:
    """One row an order and performance: a statement may touch a row once."""
    rows: dict[tuple[str, str, str], dict[str, Any]] = {}
    for fact in facts:
        row = rows.setdefault(
            (fact.house_id, fact.order_id, fact.performance_id),
            {"customer_ids": "", "confirmed": 0, "left": None, "currencies": "", "refunded": 0, "changed": 0},
        )
        row["changed"] = max(row["changed"], fact.at_ms)
        row["customer_ids"] = fact.customer_id or row["customer_ids"]
        row["currencies"] = fact.currency or row["currencies"]
        if fact.is_confirmed:
            row["confirmed"] = fact.at_ms
        if fact.left_minor is not None:
            row["left"] = fact.left_minor if row["left"] is None else min(row["left"], fact.left_minor)
            row["refunded"] = max(row["refunded"], fact.at_ms)
    for (house_id, order_id, performance_id), row in rows.items():
        row |= {"house_ids": house_id, "order_ids": order_id, "performance_ids": performance_id}
    return rows


def _columns(rows: Sequence[dict[str, Any]]) -> dict[str, list[Any]]:
    return {name: [row[name] for row in rows] for name in rows[0]}
