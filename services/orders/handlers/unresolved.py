"""Counts the orders that are between claim and a final state, for the operators."""

from __future__ import annotations

from services.orders.domain.order import OrderState
from services.orders.ports import OrderStore
from services.runtime.clock import Clock
from services.runtime.telemetry.metrics import ORDERS_UNRESOLVED, REFUNDS_DUE

COUNT_SECONDS = 5.0


async def count_unresolved(store: OrderStore, clock: Clock) -> None:
    """Keeps the gauges true to a few seconds, until cancelled."""
    while True:
        counts = await store.unresolved_counts()
        due = counts.get(OrderState.REFUND_DUE, 0)
        REFUNDS_DUE.set(due)
        ORDERS_UNRESOLVED.set(sum(counts.values()) - due)
        await clock.sleep(COUNT_SECONDS)
