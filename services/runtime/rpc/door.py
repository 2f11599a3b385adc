"""How a server lets its last callers go: nobody is cut without a word while it stops.

gRPC cancels what comes between the beginning of its shutdown and the moment in which a client has read of it. So calls
that come late are kept waiting first; once every connection has been told to go away, they are answered.
"""

from __future__ import annotations

import asyncio
from typing import Any

from services.runtime.clock import Clock
from services.runtime.errors import Retryable

# As long without a new call is quiet: callers that ask again at once have all been kept waiting by then.
QUIET_SECONDS = 0.05
# Those who keep coming with new calls are not waited for longer than this.
LONGEST_WAIT_SECONDS = 1.0
_POLL_SECONDS = 0.01


def current_task() -> asyncio.Task[Any] | None:
    """The task that answers a call; None in loops of no tasks."""
    return asyncio.current_task()


class NodeStopping(Retryable):
    """The node is stopping; another one answers the same request."""


class Door:
    """Open until close(). `working` and `streaming` are the tasks that answer what came in before."""

    def __init__(self) -> None:
        self.is_open = True
        self.is_cutting = False
        self.working: set[asyncio.Task[Any] | None] = set()
        self.streaming: set[asyncio.Task[Any] | None] = set()
        self._came = 0
        self._may_go = asyncio.Event()

    def close(self) -> None:
        """Calls that come from here on wait at the door."""
        self.is_open = False

    async def wait(self) -> None:
        """For a call that comes to a closed door: raises NodeStopping when its connection was told to go away."""
        self._came += 1
        await self._may_go.wait()
        raise NodeStopping

    async def quiet(self, clock: Clock, at_most_seconds: float) -> None:
        """Returns when no call has come for a moment, or it has waited long enough."""
        ends = clock.monotonic() + min(at_most_seconds, LONGEST_WAIT_SECONDS)
        came, since = self._came, clock.monotonic()
        while (now := clock.monotonic()) < ends:
            if self._came != came:
                came, since = self._came, now
            if now - since >= QUIET_SECONDS and not self.working:
                return
            await clock.sleep(_POLL_SECONDS)

    def send_away(self) -> None:
        """Answers those who wait, and those who still come."""
        self._may_go.set()

    def cut(self) -> None:
        """Ends the calls that have not ended by themselves; their callers are told NodeStopping."""
        self.is_cutting = True
        for task in (*self.working, *self.streaming):
            if task is not None:
                task.cancel()
