"""Figures of quotas (R4) for whoever watches them: told when they change, by what is sold or by the time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from services.inventory.domain.quota_figures import QuotaFigures, quota_figures
from services.inventory.domain.seat_map import SeatMap

# What makes figures what they are: another one of these, other figures.
_Moment = tuple[int, int, int]


class ToldFigures:
    """Figures of one moment. `encoded` is filled by the first who needs the bytes, for all."""

    __slots__ = ("encoded", "figures", "terms_version")

    def __init__(self, figures: tuple[QuotaFigures, ...], terms_version: int) -> None:
        self.figures = figures
        self.terms_version = terms_version
        self.encoded: bytes | None = None


Watch = asyncio.Queue[ToldFigures | None]


class QuotaNews:
    """Of one performance. Nothing is counted while nobody watches, nor where there are no quotas."""

    def __init__(self, seat_map: SeatMap, statuses: bytes | bytearray, now_ms: Callable[[], int]) -> None:
        """`statuses`: the seats as acknowledged."""
        self._seat_map = seat_map
        self._statuses = statuses
        self._now_ms = now_ms
        self._watchers: dict[Watch, None] = {}
        self._told = ToldFigures((), 0)
        self._moment: _Moment | None = None
        self._is_closed = False

    def now(self) -> ToldFigures:
        """All of them, as acknowledged."""
        quotas = self._seat_map.quotas
        figures = () if quotas is None else quota_figures(quotas.limits, self._statuses, self._now_ms())
        return ToldFigures(figures, self._seat_map.rules.terms_version)

    def flush(self, version: int) -> None:
        """Tells watchers, if figures have changed since the last time. `version`: of the acknowledged seats."""
        if not self._watchers:
            return
        quotas = self._seat_map.quotas
        phases = 0 if quotas is None else quotas.limits.phases(self._now_ms())
        moment = (version, self._seat_map.rules.terms_version, phases)
        if moment == self._moment:
            return
        self._moment = moment
        told = self.now()
        if (told.figures, told.terms_version) == (self._told.figures, self._told.terms_version):
            return
        self._told = told
        for queue in self._watchers:
            # Only the latest counts: who is slow misses what is no longer so.
            while not queue.empty():
                queue.get_nowait()
            queue.put_nowait(told)

    def join(self) -> Watch:
        """A new watcher's queue: figures at once, then with every change; None: the owner is gone."""
        queue: Watch = asyncio.Queue()
        if self._is_closed:
            queue.put_nowait(None)
            return queue
        if not self._watchers:
            self._told, self._moment = self.now(), None
        queue.put_nowait(self.now())
        self._watchers[queue] = None
        return queue

    def leave(self, queue: Watch) -> None:
        """Forgets a watcher."""
        self._watchers.pop(queue, None)

    def close(self) -> None:
        """The owner is gone: whoever watches asks again."""
        self._is_closed = True
        for queue in self._watchers:
            queue.put_nowait(None)
        self._watchers.clear()
