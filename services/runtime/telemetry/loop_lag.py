"""Measures how late the event loop is: everything a process does waits for its loop."""

from __future__ import annotations

from services.runtime.clock import Clock
from services.runtime.telemetry.metrics import LOOP_LAG_SECONDS

LOOK_SECONDS = 0.5


async def watch_loop_lag(clock: Clock) -> None:
    """Sleeps, and notes how much later than asked for it woke; for ever."""
    while True:
        asleep = clock.monotonic()
        await clock.sleep(LOOK_SECONDS)
        LOOP_LAG_SECONDS.observe(max(clock.monotonic() - asleep - LOOK_SECONDS, 0.0))
