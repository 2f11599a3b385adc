"""What may be seen of one performance: the seats as acknowledged, and for watchers those that changed, gathered and
sent once for all of them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from services.inventory.domain import seat_state
from services.runtime.telemetry.metrics import WATCHERS, WATCHERS_DROPPED

# Deltas a watcher may be behind before it is cut and has to watch again.
WATCHER_QUEUE_DELTAS = 64


class Delta:
    """Seats that changed since the version before. `encoded` is filled by the first who needs the bytes, for all."""

    __slots__ = ("encoded", "indexes", "states", "version")

    def __init__(self, version: int, indexes: list[int], states: bytes) -> None:
        self.version = version
        self.indexes = indexes
        self.states = states
        self.encoded: bytes | None = None


class Watcher:
    """One watcher's queue. next() gives deltas in order, None at the end (cut off, or the owner is gone)."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[Delta | None] = asyncio.Queue(WATCHER_QUEUE_DELTAS + 1)
        self.is_cut = False

    async def next(self) -> Delta | None:
        """The next delta, or None: watch again for a new snapshot."""
        return await self.queue.get()

    def offer(self, delta: Delta) -> bool:
        """Queues the delta; False when the watcher is too far behind and has been cut."""
        if self.queue.qsize() >= WATCHER_QUEUE_DELTAS:
            self.cut()
            return False
        self.queue.put_nowait(delta)
        return True

    def cut(self) -> None:
        """Ends the watch: what is queued is dropped, so that the end is heard at once."""
        self.is_cut = True
        while not self.queue.empty():
            self.queue.get_nowait()
        self.queue.put_nowait(None)


class SeatFeed:
    """The acknowledged seats. flush() makes one numbered delta of what changed and hands it to every watcher."""

    def __init__(self, statuses: bytes | bytearray) -> None:
        # By seat index; see seat_state.
        self.statuses = bytearray(statuses)
        self._changed: set[int] = set()
        # In the order in which they came: runs of one seed must tell them alike.
        self._watchers: dict[Watcher, None] = {}
        self._is_closed = False
        self.version = 1

    @property
    def has_watchers(self) -> bool:
        """Whether anybody watches."""
        return bool(self._watchers)

    def counts(self) -> seat_state.SeatCounts:
        """Seats by state, as acknowledged."""
        return seat_state.counted(self.statuses)

    def show(self, seats: Sequence[int], statuses: bytes | bytearray) -> None:
        """Takes over the state of these seats, now that it is acknowledged."""
        seen = self.statuses
        for seat in seats:
            seen[seat] = statuses[seat]
        self._changed.update(seats)

    def flush(self) -> bool:
        """Sends what has changed since the last flush. False: nothing had."""
        if not self._changed:
            return False
        indexes = sorted(self._changed)
        self._changed.clear()
        self.version += 1
        if self._watchers:
            delta = Delta(self.version, indexes, bytes([self.statuses[index] for index in indexes]))
            behind = [watcher for watcher in self._watchers if not watcher.offer(delta)]
            for watcher in behind:
                WATCHERS_DROPPED.inc()
                self.leave(watcher)
        return True

    def join(self) -> Watcher:
        """A new watcher. It must take its snapshot (version and statuses) before the next await.

        Once the owner is gone, it is cut from the start.
        """
        watcher = Watcher()
        if self._is_closed:
            watcher.cut()
            return watcher
        self._watchers[watcher] = None
        WATCHERS.inc()
        return watcher

    def leave(self, watcher: Watcher) -> None:
        """Forgets a watcher."""
        if watcher in self._watchers:
            del self._watchers[watcher]
            WATCHERS.dec()

    def close(self) -> None:
        """Ends every watch: the owner is gone."""
        self._is_closed = True
        for watcher in list(self._watchers):
            watcher.cut()
            self.leave(watcher)
