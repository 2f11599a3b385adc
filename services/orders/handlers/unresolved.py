"""Counts the orders that are between claim and a final state, for the operators."""

from __future__ import annotations

from collections import Counter

from services.orders.domain.order import OrderState
from services.orders.domain.stuck import StuckReason, stuck_reason
from services.orders.ports import OrderStore
from services.orders.ports.order_work import OrderWork
from services.runtime.clock import Clock
from services.runtime.telemetry.metrics import ORDERS_STUCK, ORDERS_UNRESOLVED, REFUNDS_DUE

COUNT_SECONDS = 5.0
STUCK_SECONDS = 15.0
MAX_STUCK = 1_000


async def count_unresolved(store: OrderStore, clock: Clock) -> None:
    """Keeps the gauges true to a few seconds, until cancelled."""
    while True:
        counts = await store.unresolved_counts()
        due = counts.get(OrderState.REFUND_DUE, 0)
        REFUNDS_DUE.set(due)
        ORDERS_UNRESOLVED.set(sum(counts.values()) - due)
        await clock.sleep(COUNT_SECONDS)


async def count_stuck(work: OrderWork, clock: Clock) -> None:
    """Keeps the gauge of orders that stand still true, by what they wait for, until cancelled."""
    while True:
        now_ms = clock.now_ms()
        found = Counter(stuck_reason(one.order, now_ms) for one in await work.stuck("", "", MAX_STUCK))
        for reason in StuckReason:
            ORDERS_STUCK.labels(reason.value).set(found[reason])
        await clock.sleep(STUCK_SECONDS)
