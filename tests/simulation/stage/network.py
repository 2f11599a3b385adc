"""Calls between processes and servers: delayed, lost, answered into the void, delivered late or twice."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

from services.runtime.clock import Clock
from services.runtime.errors import Retryable
from tests.simulation.stage.processes import SimulatedProcess, outside
from tests.simulation.stage.weather import Weather

T = TypeVar("T")
Call = Callable[[], Awaitable[Any]]

STORE_TIMEOUT_SECONDS = 0.5


class NoAnswer(Retryable):
    """The call got no answer; it may have had its effect."""


class Network:
    """One per world."""

    def __init__(self, weather: Weather, clock: Clock) -> None:
        self._weather = weather
        self._clock = clock
        self.met = weather.met

    def delay(self) -> float:
        """How long something is on its way, in seconds."""
        if self._weather.meets("slow"):
            return self._weather.random.uniform(0.05, 2.0)
        return self._weather.random.uniform(0.0005, 0.004)

    async def to_store(
        self, caller: str, server: str, name: str, call: Call, unanswered: Callable[[], Exception]
    ) -> Any:
        """A call of a process to a server. Raises `unanswered()`, or what the call itself raises."""
        weather = self._weather
        if weather.is_cut(caller, server) or weather.meets("lost_request"):
            await self._clock.sleep(STORE_TIMEOUT_SECONDS)
            raise unanswered()
        if weather.meets("late_request"):
            _ = outside(self._late(server, name, call))
            await self._clock.sleep(STORE_TIMEOUT_SECONDS)
            raise unanswered()
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        _ = outside(self._serve(caller, server, name, call, answer))
        result = await answer
        if result is None or weather.is_cut(caller, server) or weather.meets("lost_reply"):
            weather.met["unknown_outcome"] += 1
            await self._clock.sleep(STORE_TIMEOUT_SECONDS)
            raise unanswered()
        value, error = result
        if error is not None:
            raise error
        return value

    async def _serve(self, caller: str, server: str, name: str, call: Call, answer: asyncio.Future[Any]) -> None:
        """Runs at the server: the effect happens even if the caller is dead or frozen by then."""
        await self._clock.sleep(self.delay())
        outcome: tuple[Any, Exception | None] | None = None
        if not self._weather.is_cut(caller, server):
            outcome = await self._once(server, name, call)
            if self._weather.meets("twice"):
                await self._once(server, name, call)
            await self._clock.sleep(self.delay())
        if not answer.done():
            answer.set_result(outcome)

    async def _late(self, server: str, name: str, call: Call) -> None:
        await self._clock.sleep(self._weather.random.uniform(0.2, 8.0))
        await self._once(server, name, call)

    async def _once(self, server: str, name: str, call: Call) -> tuple[Any, Exception | None]:
        self._weather.note(round(self._clock.monotonic(), 6), server, name)
        try:
            return await call(), None
        except Retryable as fault:
            self._weather.met[f"{server}_{type(fault).__name__}"] += 1
            return None, fault

    async def to_process(
        self,
        caller: str,
        process: SimulatedProcess,
        handler: Callable[[], Coroutine[Any, Any, T]],
        timeout_seconds: float,
    ) -> T:
        """A call to a process, answered within the time or NoAnswer. Faults of the handler are no answer either."""
        weather, place = self._weather, process.name.partition(".")[0]
        answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        is_late = weather.meets("late_request")
        late_seconds = timeout_seconds + weather.random.uniform(0.1, 3.0) if is_late else 0.0
        lost = weather.meets("lost_request") or weather.is_cut(caller, place)
        if not lost:
            _ = outside(self._request(caller, process, handler, answer, late_seconds))
        try:
            async with asyncio.timeout(timeout_seconds):
                return await answer
        except (TimeoutError, Retryable) as error:
            weather.met["call_unanswered"] += 1
            raise NoAnswer from error

    async def _request(
        self,
        caller: str,
        process: SimulatedProcess,
        handler: Callable[[], Coroutine[Any, Any, T]],
        answer: asyncio.Future[T],
        late_seconds: float,
    ) -> None:
        await self._clock.sleep(self.delay() + late_seconds)
        if process.is_dead:
            if not answer.done():
                answer.set_exception(NoAnswer())
            return
        task = process.start(handler(), "call")
        if self._weather.meets("twice"):
            again = process.start(handler(), "call again")
            again.add_done_callback(lambda done: done.cancelled() or done.exception())
        await asyncio.wait([task])
        await self._clock.sleep(self.delay())
        if answer.done():
            _ = task.cancelled() or task.exception()
        elif task.cancelled():
            answer.set_exception(NoAnswer())
        elif (error := task.exception()) is not None:
            answer.set_exception(error if isinstance(error, Retryable) else NoAnswer())
        elif not (self._weather.is_cut(caller, process.name.partition(".")[0]) or self._weather.meets("lost_reply")):
            answer.set_result(task.result())
