"""Leases rows that are due and works on them, many at once but never too many. Several processes may do so.

What to lease and what to do is the service's. A process that dies, or a task that breaks, leaves leases that run out.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from services.runtime.clock import Clock
from services.runtime.waiting import wait_until_set
from services.runtime.work.task_pool import TaskPool

T = TypeVar("T")

_AT_ONCE_MS = 0


@dataclass(frozen=True, slots=True)
class Leased(Generic[T]):
    """What was leased. `may_be_more`: look again as soon as there is room."""

    items: Sequence[T]
    may_be_more: bool


@dataclass(frozen=True, slots=True)
class WorkLimits:
    """How much at once, and how often the table is asked.

    `handed_over`: items that wait for a task although nobody looked for them.
    `linger_seconds`: after a wake-up, so that what is committed in the same moment is leased in one statement.
    """

    concurrency: int
    idle_seconds: float
    handed_over: int = 0
    linger_seconds: float = 0.0


class DueWork(Generic[T]):
    """One loop. `lease(limit)` leases up to `limit` rows; `act(item)` works on one item, and may raise.

    `when_idle` is awaited after each look that found nothing.
    """

    def __init__(
        self,
        name: str,
        *,
        lease: Callable[[int], Awaitable[Leased[T]]],
        act: Callable[[T], Coroutine[Any, Any, object]],
        clock: Clock,
        limits: WorkLimits,
        when_idle: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self._name = name
        self._lease = lease
        self._act = act
        self._clock = clock
        self._limits = limits
        self._when_idle = when_idle
        self._woken = asyncio.Event()
        self._handed_over: deque[T] = deque()
        self._look_at_ms = _AT_ONCE_MS

    def wake(self) -> None:
        """Looks again now: something was committed, or may be due."""
        self.look_at(_AT_ONCE_MS)

    def look_at(self, at_ms: int) -> None:
        """Looks again then, or sooner: something was postponed."""
        self._look_at_ms = min(self._look_at_ms, at_ms)
        self._woken.set()

    @property
    def room(self) -> int:
        """How many more may be handed over."""
        return self._limits.handed_over - len(self._handed_over)

    def hand_over(self, item: T) -> None:
        """Takes what this process has leased already. When too many wait, it is found again after its lease."""
        if len(self._handed_over) < self._limits.handed_over:
            self._handed_over.append(item)
            self._woken.set()

    async def run(self) -> None:
        """Works until cancelled; then the tasks are cancelled too, and their leases run out."""
        pool = TaskPool(self._name, self._limits.concurrency)
        try:
            while True:
                if pool.free <= 0:
                    await pool.room()
                    await self._linger()
                self._woken.clear()
                now_ms = self._clock.now_ms()
                if self._handed_over:
                    _ = pool.start(self._act(self._handed_over.popleft()))
                elif now_ms >= self._look_at_ms:
                    await self._look(pool)
                else:
                    await wait_until_set(self._woken, self._clock, (self._look_at_ms - now_ms) / 1000)
                    await self._linger()
        finally:
            await pool.close()

    async def _look(self, pool: TaskPool) -> None:
        # Set first: whoever wakes during the statement is not forgotten.
        self._look_at_ms = self._clock.now_ms() + int(self._limits.idle_seconds * 1000)
        leased = await self._lease(pool.free)
        for item in leased.items:
            _ = pool.start(self._act(item))
        if leased.may_be_more:
            self._look_at_ms = _AT_ONCE_MS
        if not leased.items and self._when_idle is not None:
            await self._when_idle()

    async def _linger(self) -> None:
        if self._limits.linger_seconds:
            await self._clock.sleep(self._limits.linger_seconds)
