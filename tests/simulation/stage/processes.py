"""Processes on one event loop: each can be killed or frozen between any two steps of its coroutines.

A task belongs to the process in whose context it was made; what belongs to none is the world outside and never stops.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Generator
from contextvars import Context, ContextVar, copy_context
from inspect import CORO_CREATED, getcoroutinestate
from types import CoroutineType
from typing import Any, TypeVar

from services.runtime.errors import Fault

T = TypeVar("T")

_process: ContextVar[SimulatedProcess | None] = ContextVar("simulated_process", default=None)


class SimulatedProcess:
    """Runs, is frozen (SIGSTOP), or is dead (kill -9: not even a finally block runs)."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.is_dead = False
        self.died = asyncio.Event()
        # What broke inside: any exception that is no fault of a store or a service.
        self.broken: list[BaseException] = []
        self._gate: list[asyncio.Future[None]] | None = None
        self._tasks: dict[asyncio.Task[Any], None] = {}
        self._corpses: list[Coroutine[Any, Any, Any]] = []

    @property
    def is_frozen(self) -> bool:
        """Whether its next step waits for thaw()."""
        return self._gate is not None

    def start(self, coroutine: Coroutine[Any, Any, T], name: str = "") -> asyncio.Task[T]:
        """A task of this process; others may await it, but it moves only while the process runs."""
        context = copy_context()
        context.run(_process.set, self)
        return asyncio.create_task(coroutine, name=f"{self.name} {name}", context=context)

    def freeze(self) -> None:
        """From now on no coroutine of it takes a step."""
        if self._gate is None:
            self._gate = []

    def thaw(self) -> None:
        """Everything goes on where it was, as if no time had passed."""
        gate, self._gate = self._gate or [], None
        for waiter in gate:
            if not waiter.done():
                waiter.set_result(None)

    def kill(self) -> None:
        """Ends it between two steps."""
        self.is_dead = True
        self._gate = None
        self.died.set()
        for task in list(self._tasks):
            task.cancel()

    def bury(self) -> None:
        """Lets go of what it left, after the world has ended."""
        for corpse in self._corpses:
            try:
                corpse.close()
            except RuntimeError:  # awaits in its finally; the dead do not clean up
                continue

    def adopt(self, task: asyncio.Task[Any], coroutine: Coroutine[Any, Any, Any]) -> None:
        """Called by the task factory."""
        self._tasks[task] = None
        task.add_done_callback(self._ended)
        if isinstance(coroutine, CoroutineType):
            task.add_done_callback(lambda _: _close_unless_begun(coroutine))

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.pop(task, None)
        if not task.cancelled():
            error = task.exception()
            if error is not None and not isinstance(error, Fault):
                self.broken.append(error)

    def steps(self, coroutine: Coroutine[Any, Any, Any]) -> Generator[Any, Any, Any]:
        """The coroutine, step by step, as long as the process lives."""
        error: BaseException | None = None
        while True:
            while self._gate is not None:
                waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
                self._gate.append(waiter)
                try:
                    yield from waiter
                except BaseException as thrown:  # noqa: BLE001 (kept until the process runs again)
                    error = thrown
            if self.is_dead:
                self._corpses.append(coroutine)
                raise asyncio.CancelledError
            try:
                awaited = coroutine.send(None) if error is None else coroutine.throw(error)
            except StopIteration as stop:
                return stop.value
            error = None
            try:
                yield awaited
            except BaseException as thrown:  # noqa: BLE001 (handed to the coroutine, once it may move)
                error = thrown


def _close_unless_begun(coroutine: CoroutineType[Any, Any, Any]) -> None:
    """A task that is cancelled before its first step never reaches its coroutine."""
    if getcoroutinestate(coroutine) == CORO_CREATED:
        coroutine.close()


class _Steps:
    __slots__ = ("_coroutine", "_process")

    def __init__(self, process: SimulatedProcess, coroutine: Coroutine[Any, Any, Any]) -> None:
        self._process = process
        self._coroutine = coroutine

    def __await__(self) -> Generator[Any, Any, Any]:
        return self._process.steps(self._coroutine)


async def _gated(process: SimulatedProcess, coroutine: Coroutine[Any, Any, T]) -> T:
    return await _Steps(process, coroutine)  # type: ignore[no-any-return]


def _make_task(
    loop: asyncio.AbstractEventLoop, coroutine: Coroutine[Any, Any, Any], context: Context | None = None
) -> asyncio.Task[Any]:
    process = _process.get() if context is None else context.get(_process)
    if process is None:
        return asyncio.Task(coroutine, loop=loop, context=context)
    task = asyncio.Task(_gated(process, coroutine), loop=loop, context=context)
    process.adopt(task, coroutine)
    return task


def current_process() -> SimulatedProcess:
    """The process that the running task belongs to."""
    process = _process.get()
    assert process is not None, "this runs outside of every process"
    return process


def gate_tasks() -> None:
    """Makes the running loop know processes."""
    asyncio.get_running_loop().set_task_factory(_make_task)  # type: ignore[arg-type]


def outside(coroutine: Coroutine[Any, Any, T], name: str = "outside") -> asyncio.Task[T]:
    """A task of no process: a server's or the network's, which go on when their caller dies."""
    return asyncio.create_task(coroutine, name=name, context=Context())
