"""Deletes what is too old, in bounded steps, so that no statement is long and no table grows for ever."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from services.runtime.clock import Clock

PURGE_SECONDS = 600.0
PURGE_ROWS = 1_000
_NEXT_STEP_SECONDS = 1.0

# Deletes up to that many rows that are older than that, unix milliseconds; answers how many it were.
PurgeStep = Callable[[int, int], Awaitable[int]]


async def purge(step: PurgeStep, clock: Clock, *, keep_ms: int) -> None:
    """Deletes until cancelled: step after step while there is more, and every PURGE_SECONDS otherwise."""
    while True:
        purged = await step(clock.now_ms() - keep_ms, PURGE_ROWS)
        await clock.sleep(PURGE_SECONDS if purged < PURGE_ROWS else _NEXT_STEP_SECONDS)
