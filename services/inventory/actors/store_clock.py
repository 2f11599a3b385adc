"""The store's time as the owner knows it: read once at activation, carried on by the monotonic clock.

It is not corrected during an activation: a store whose wall clock is stepped may not end a hold early (RULE 16).
"""

from __future__ import annotations

from services.runtime.clock import Clock


class StoreClock:
    """Unix milliseconds on the store's scale."""

    def __init__(self, clock: Clock, store_now_ms: int) -> None:
        self._clock = clock
        self._origin_ms = store_now_ms - clock.monotonic() * 1000

    def now_ms(self) -> int:
        """The store's time now; behind it by at most the round trip that read it."""
        return int(self._origin_ms + self._clock.monotonic() * 1000)
