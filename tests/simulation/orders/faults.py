"""What goes wrong between the orders service and its neighbours: decorators of ports, from one seed."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from services.orders.ports import Unanswered
from services.runtime.clock import Clock
from services.runtime.ids import seeded_random

P = TypeVar("P")
Call = Callable[[], Awaitable[Any]]
Tap = Callable[[str, Call], Awaitable[Any]]


class _Tapped:
    """A port whose every call goes through `tap`."""

    def __init__(self, port: object, tap: Tap) -> None:
        self._port = port
        self._tap = tap

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._port, name)

        async def call(*args: Any, **kwargs: Any) -> Any:
            return await self._tap(name, lambda: method(*args, **kwargs))

        return call


def tapped(port: P, tap: Tap) -> P:
    """`port` with every call going through `tap`."""
    return cast("P", _Tapped(port, tap))


@dataclass(frozen=True, slots=True)
class Rates:
    """How often, of 1, a call meets each fault."""

    lost_request: float = 0.05
    lost_answer: float = 0.05
    twice: float = 0.03
    slow: float = 0.1
    crash: float = 0.004


class Weather:
    """Faults for the calls of one process. `crash` must end that process; the call that met it never returns."""

    def __init__(self, seed: int, clock: Clock, rates: Rates, met: Counter[str]) -> None:
        self._random = seeded_random(seed)
        self._clock = clock
        self._rates = rates
        self._met = met
        self.is_fair = False
        self.crash: Callable[[], None] = lambda: None

    def _meets(self, fault: str) -> bool:
        if self.is_fair or self._random.random() >= getattr(self._rates, fault):
            return False
        self._met[fault] += 1
        return True

    async def _maybe_crash(self) -> None:
        if self._meets("crash"):
            self.crash()
            await asyncio.get_running_loop().create_future()

    async def outside(self, name: str, call: Call) -> Any:
        """Between services: requests and answers get lost, repeated, delayed; we may die before or after."""
        await self._maybe_crash()
        if self._meets("slow"):
            await self._clock.sleep(self._random.uniform(0.05, 4.0))
        else:
            await self._clock.sleep(0.002)
        if self._meets("lost_request"):
            raise Unanswered(name)
        answer = await call()
        if self._meets("twice"):
            answer = await call()
        await self._maybe_crash()
        if self._meets("lost_answer"):
            raise Unanswered(name)
        return answer

    async def record(self, name: str, call: Call) -> Any:
        """Our own store: it answers or we die, before the commit or after it."""
        await self._maybe_crash()
        await self._clock.sleep(0.001)
        answer = await call()
        await self._maybe_crash()
        return answer


_LOOKS = frozenset({"get", "find_key", "states_of", "held_seats"})


class CrashAt:
    """Dies at the `at`-th point: even numbers are before a call, odd ones after it. Counts the points it passes."""

    def __init__(self, at: int | None) -> None:
        self._at = at
        self.passed = 0
        self.dead = asyncio.Event()

    async def _point(self) -> None:
        here, self.passed = self.passed, self.passed + 1
        if here == self._at:
            self.dead.set()
        if self.dead.is_set():
            await asyncio.get_running_loop().create_future()

    async def tap(self, name: str, call: Call) -> Any:
        """See Tap. Looks that change nothing are no points; a look for work is one when it found some."""
        if name in _LOOKS:
            if self.dead.is_set():
                await asyncio.get_running_loop().create_future()
            return await call()
        if name != "lease_due":
            await self._point()
        answer = await call()
        if name != "lease_due" or answer:
            await self._point()
        return answer
