"""The only door to time. Production code is handed a Clock; tests hand it another one."""

from __future__ import annotations

import asyncio
import time
from typing import Protocol


class Clock(Protocol):
    """Wall time for records and people, monotonic time for durations."""

    def now_ms(self) -> int:
        """UTC now, unix milliseconds."""
        ...

    def monotonic(self) -> float:
        """Seconds that only grow; the origin means nothing."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Waits at least `seconds` of this clock."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class LoopClock:
    """Time as the running event loop tells it: in the virtual-time loop of runtime.testing nothing waits."""

    def __init__(self, epoch_ms: int = 1_800_000_000_000) -> None:
        self._epoch_ms = epoch_ms

    def now_ms(self) -> int:
        """See Clock.now_ms; the loop's time counted from a fixed epoch."""
        return self._epoch_ms + int(self.monotonic() * 1000)

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
