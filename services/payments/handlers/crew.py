"""A bounded number of tasks at once, fed from leases: one slow provider call never keeps the others waiting."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from services.runtime.telemetry.logging import get_logger

_log = get_logger("payments")


class Crew:
    """At most `size` tasks. What a failed task was about is leased again when its lease has ended."""

    def __init__(self, name: str, size: int) -> None:
        self._name = name
        self._size = size
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def free(self) -> int:
        """How many more tasks may start now."""
        return self._size - len(self._tasks)

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        """Starts one task; there must be room."""
        assert self.free > 0, "ask for room first"
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("pursuit_broke", crew=self._name, exc_info=error)

    async def room(self) -> None:
        """Returns when at least one task may start."""
        while self.free <= 0:
            await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)

    async def dismiss(self) -> None:
        """Cancels what is running and waits for it."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
