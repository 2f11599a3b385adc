"""A bounded number of tasks at once: one slow call never keeps the others waiting, and no load starts too many."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextvars import Context
from typing import Any, TypeVar

from services.runtime.telemetry.logging import get_logger

R = TypeVar("R")

_log = get_logger("work")


class TaskPool:
    """At most `size` tasks, if whoever starts one asks for room first. An error is logged, and ends its task only."""

    def __init__(self, name: str, size: int) -> None:
        self._name = name
        self._size = size
        self._tasks: set[asyncio.Task[Any]] = set()

    @property
    def free(self) -> int:
        """How many more tasks may start now; not above 0 when there is no room."""
        return self._size - len(self._tasks)

    def start(self, work: Coroutine[Any, Any, R], context: Context | None = None) -> asyncio.Task[R]:
        """Starts one task. An await between asking for room and this may cost that room; it is started all the same."""
        task = asyncio.create_task(work, name=f"{self._name} task", context=context)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("task_broke", pool=self._name, exc_info=error)

    async def room(self) -> None:
        """Returns when at least one task may start."""
        while self.free <= 0:
            await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)

    async def close(self) -> None:
        """Cancels what is running and waits for its end."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
