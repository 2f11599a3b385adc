"""An event loop whose clock jumps to the next timer: simulated minutes in milliseconds. No sockets, no threads."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine, Mapping
from typing import Any, NoReturn, TypeVar

T = TypeVar("T")

# A timer fires up to a microsecond early, so that rounding of large times never leaves one just out of reach.
_RESOLUTION_SECONDS = 1e-6
_SHOWN_TASKS = 20


class VirtualDeadlock(Exception):
    """Nothing is left to wait for: every task waits for another, and no timer is set."""


class VirtualTimeExceeded(Exception):
    """Virtual time passed its limit: timers go on for ever, but what was asked for never ends."""


class _JumpingSelector(selectors.BaseSelector):
    """Waits for nothing but time, and time it moves itself. Only the loop's own wake-up pipe is registered."""

    def __init__(self) -> None:
        self._real = selectors.DefaultSelector()
        self.now_seconds = 0.0
        self.limit_seconds = float("inf")

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        return self._real.register(fileobj, events, data)

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        return self._real.unregister(fileobj)

    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        return self._real.get_map()

    def close(self) -> None:
        self._real.close()

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Never blocks: what is ready, else the clock is moved by `timeout`; None (no timer at all) is a deadlock."""
        if timeout == 0:
            # The loop has work at hand and needs no waking: half of all its rounds are spared a call of the system.
            return []
        ready = self._real.select(0)
        if ready:
            return ready
        if timeout is None:
            raise VirtualDeadlock(f"{VirtualDeadlock.__doc__} {_waiting_tasks()}")
        self.now_seconds += max(timeout, 0.0)
        if self.now_seconds > self.limit_seconds:
            problem = f"{VirtualTimeExceeded.__doc__} Limit: {self.limit_seconds:g} seconds. {_waiting_tasks()}"
            raise VirtualTimeExceeded(problem)
        return ready


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """loop.time() is virtual and starts at 0; asyncio.sleep, timeouts and call_later follow it."""

    def __init__(self) -> None:
        self._jumping = _JumpingSelector()
        super().__init__(self._jumping)
        self._clock_resolution = _RESOLUTION_SECONDS

    def time(self) -> float:
        """Virtual seconds since the loop was made."""
        return self._jumping.now_seconds

    def limit(self, seconds: float) -> None:
        """Raises VirtualTimeExceeded once time() passes `seconds`."""
        self._jumping.limit_seconds = seconds

    def run_in_executor(self, executor: Any, func: Any, *args: Any) -> NoReturn:  # type: ignore[override]
        """Threads live in real time, so they cannot take part."""
        message = f"virtual time has no threads, and {func!r} wants one"
        raise RuntimeError(message)


def run_virtual(main: Coroutine[Any, Any, T], *, limit_seconds: float = 7 * 86_400.0) -> T:
    """As asyncio.run, on a new VirtualTimeLoop (VirtualDeadlock, VirtualTimeExceeded)."""
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        loop = runner.get_loop()
        assert isinstance(loop, VirtualTimeLoop)
        loop.limit(limit_seconds)
        try:
            return runner.run(main)
        finally:
            loop.limit(float("inf"))  # what is cancelled now may need time to end


def _waiting_tasks() -> str:
    tasks = sorted(asyncio.all_tasks(), key=lambda task: task.get_name())
    shown = []
    for task in tasks[:_SHOWN_TASKS]:
        frames = task.get_stack(limit=1)
        where = f"{frames[-1].f_code.co_qualname}:{frames[-1].f_lineno}" if frames else "?"
        shown.append(f"{task.get_name()} in {where}")
    return f"Waiting: {'; '.join(shown)}{'; ...' if len(tasks) > _SHOWN_TASKS else ''}"
