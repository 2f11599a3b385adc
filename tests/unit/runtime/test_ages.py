"""Ages that alerts wait for: they grow while something is stuck, however little waits."""

from __future__ import annotations

import asyncio

from services.runtime.telemetry.loop_lag import LOOK_SECONDS, watch_loop_lag
from services.runtime.telemetry.metrics import LOOP_LAG_SECONDS


class LateClock:
    """Wakes a second too late, twice, and then never."""

    def __init__(self) -> None:
        self.now = 0.0
        self.sleeps = 0

    def monotonic(self) -> float:
        return self.now

    def now_ms(self) -> int:
        return int(self.now * 1000)

    async def sleep(self, seconds: float) -> None:
        if self.sleeps == 2:
            await asyncio.Event().wait()
        self.sleeps += 1
        self.now += seconds + 1.0


def lag_sum() -> float:
    (family,) = LOOP_LAG_SECONDS.collect()
    (total,) = [sample.value for sample in family.samples if sample.name.endswith("_sum")]
    return total


async def test_a_loop_that_wakes_late_is_told_how_late() -> None:
    before = lag_sum()
    clock = LateClock()
    watching = asyncio.create_task(watch_loop_lag(clock))
    while clock.sleeps < 2:
        await asyncio.wait((watching,), timeout=0)
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)
    assert round(lag_sum() - before, 6) in {1.0, 2.0}
    assert clock.now >= LOOK_SECONDS
