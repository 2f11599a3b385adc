"""What must be done now and then: old idempotency keys are forgotten, in bounded steps."""

from __future__ import annotations

from services.catalogue.ports import CatalogueStore
from services.runtime.clock import Clock

PURGE_SECONDS = 600.0
PURGE_ROWS = 1_000


class Housekeeping:
    """One loop."""

    def __init__(self, store: CatalogueStore, clock: Clock, *, key_life_ms: int) -> None:
        self._store = store
        self._clock = clock
        self._key_life_ms = key_life_ms

    async def purge(self) -> None:
        """Forgets keys in small steps, and sleeps when there are no more."""
        while True:
            purged = await self._store.purge_keys(self._clock.now_ms() - self._key_life_ms, PURGE_ROWS)
            await self._clock.sleep(PURGE_SECONDS if purged < PURGE_ROWS else 1.0)
