"""What must be done now and then: old idempotency keys forgotten, unresolved orders counted. Bounded steps."""

from __future__ import annotations

from services.orders.domain.order import OrderState
from services.orders.ports import OrderStore
from services.runtime.clock import Clock
from services.runtime.telemetry.metrics import ORDERS_UNRESOLVED, REFUNDS_DUE

COUNT_SECONDS = 5.0
PURGE_SECONDS = 600.0
PURGE_ROWS = 1_000


class Housekeeping:
    """Two loops."""

    def __init__(self, store: OrderStore, clock: Clock, *, key_life_ms: int) -> None:
        self._store = store
        self._clock = clock
        self._key_life_ms = key_life_ms

    async def count(self) -> None:
        """Keeps the gauges true to a few seconds."""
        while True:
            counts = await self._store.unresolved_counts()
            due = counts.get(OrderState.REFUND_DUE, 0)
            REFUNDS_DUE.set(due)
            ORDERS_UNRESOLVED.set(sum(counts.values()) - due)
            await self._clock.sleep(COUNT_SECONDS)

    async def purge(self) -> None:
        """Forgets keys in small steps, and sleeps when there are no more."""
        while True:
            purged = await self._store.purge_keys(self._clock.now_ms() - self._key_life_ms, PURGE_ROWS)
            await self._clock.sleep(PURGE_SECONDS if purged < PURGE_ROWS else 1.0)
