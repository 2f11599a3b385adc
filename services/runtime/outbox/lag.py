"""How far consumer groups are behind: messages that they have not worked off, and the age of the oldest one."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from services.runtime.bus.port import BusAdmin, PartitionState
from services.runtime.clock import Clock
from services.runtime.outbox.headers import time_ms_of
from services.runtime.sql.faults import is_transient
from services.runtime.telemetry.logging import get_logger
from services.runtime.telemetry.metrics import EVENTS_BEHIND, EVENTS_BEHIND_SECONDS

WATCH_SECONDS = 15.0

_log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class GroupLag:
    """How many messages of a topic a group has not worked off yet, and when the oldest of them was."""

    group: str
    topic: str
    lag: int
    oldest_at_ms: int | None = None


def waiting_of(
    topics: Collection[str], partitions: Sequence[PartitionState], committed: Mapping[tuple[str, int], int]
) -> dict[PartitionState, int]:
    """The next offset in each partition of the topics; where nothing was committed it begins at what is kept."""
    return {
        state: max(committed.get((state.topic, state.partition), 0), state.first_offset)
        for state in partitions
        if state.topic in topics
    }


async def lags_of(
    bus: BusAdmin, group: str, topics: Collection[str], partitions: Sequence[PartitionState]
) -> list[GroupLag]:
    """One line for each of `topics` and each topic that the group ever read (BusUnreachable)."""
    committed = await bus.committed(group)
    positions = waiting_of({*topics, *(topic for topic, _ in committed)}, partitions, committed)
    behind = {state: offset for state, offset in positions.items() if offset < state.end_offset}
    firsts = await bus.first_from({(state.topic, state.partition): offset for state, offset in behind.items()})
    ages: dict[str, list[int]] = {}
    for first in firsts:
        if (time_ms := time_ms_of(first.message)) is not None:
            ages.setdefault(first.message.topic, []).append(time_ms)
    return [
        GroupLag(
            group,
            topic,
            sum(state.end_offset - offset for state, offset in behind.items() if state.topic == topic),
            min(ages.get(topic, ()), default=None),
        )
        for topic in sorted({state.topic for state in positions})
    ]


class LagWatch:
    """Keeps the gauges of this process's groups true. An age goes on growing while the bus does not answer."""

    def __init__(self, bus: BusAdmin, groups: Callable[[], Mapping[str, Collection[str]]], clock: Clock) -> None:
        """`groups`: the topics of each; asked for at each look, because reporting's change with its generation."""
        self._bus = bus
        self._groups = groups
        self._clock = clock
        self._oldest_at_ms: dict[str, int | None] = {}

    async def run(self) -> None:
        """Looks again and again until cancelled."""
        while True:
            try:
                await self.look()
            except Exception as error:
                if not is_transient(error):
                    raise
                _log.info("lag_unknown", groups=sorted(self._groups()), error=type(error).__name__)
            await self._clock.sleep(WATCH_SECONDS)

    async def look(self) -> None:
        """Once (BusUnreachable)."""
        partitions = await self._bus.partitions()
        groups = dict(self._groups())
        for group, topics in groups.items():
            lags = await lags_of(self._bus, group, topics, partitions)
            known = [lag.oldest_at_ms for lag in lags if lag.oldest_at_ms is not None]
            if group not in self._oldest_at_ms:
                EVENTS_BEHIND_SECONDS.labels(group).set_function(partial(self._age_seconds, group))
            self._oldest_at_ms[group] = min(known, default=None)
            EVENTS_BEHIND.labels(group).set(sum(lag.lag for lag in lags))
        for group in self._oldest_at_ms.keys() - groups.keys():
            del self._oldest_at_ms[group]
            EVENTS_BEHIND.remove(group)
            EVENTS_BEHIND_SECONDS.remove(group)

    def _age_seconds(self, group: str) -> float:
        oldest_at_ms = self._oldest_at_ms.get(group)
        return 0.0 if oldest_at_ms is None else max(self._clock.now_ms() - oldest_at_ms, 0) / 1000
