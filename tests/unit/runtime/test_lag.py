"""How far groups are behind: counted from what is kept, and as old as the oldest message that waits."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import pytest
from prometheus_client import REGISTRY

from services.runtime.bus.faults import BusUnreachable
from services.runtime.bus.memory_bus import MemoryBus
from services.runtime.bus.port import Message, PartitionState
from services.runtime.clock import LoopClock
from services.runtime.outbox.event import OutgoingEvent
from services.runtime.outbox.headers import to_message
from services.runtime.outbox.lag import GroupLag, LagWatch, lags_of, waiting_of
from services.runtime.testing.virtual_time import run_virtual

TOPIC, GROUP = "test.orders.v1", "behind"


def message(key: str, time_ms: int) -> Message:
    """An event of that moment."""
    return to_message(OutgoingEvent(TOPIC, key, "t", b"1", "house_1"), event_id="e", source="s", time_ms=time_ms)


async def read_all(bus: MemoryBus) -> None:
    """The group catches up."""
    ends = {(state.topic, state.partition): state.end_offset for state in await bus.partitions() if state.end_offset}
    subscription = await bus.subscribe(GROUP, [TOPIC])
    async for batch in subscription.batches():
        await subscription.commit(batch[-1])
        if await bus.committed(GROUP) == ends:
            break
    await subscription.close()


def gauge(name: str) -> float | None:
    """A gauge of the group; None when there is none."""
    return REGISTRY.get_sample_value(name, {"group": GROUP})


def test_a_group_begins_at_what_is_kept_and_counts_only_what_it_reads() -> None:
    a0, a1, b = PartitionState("a", 0, 0, 10), PartitionState("a", 1, 4, 9), PartitionState("b", 0, 0, 7)
    assert waiting_of({"a"}, [a0, a1, b], {("a", 0): 8}) == {a0: 8, a1: 4}
    assert waiting_of({"a"}, [a0, a1, b], {("a", 0): 10, ("a", 1): 1}) == {a0: 10, a1: 4}


def test_lag_is_told_with_the_time_of_the_oldest_message_that_waits() -> None:
    async def scene() -> None:
        bus = MemoryBus()
        await bus.create_topics({TOPIC: 4, "test.other.v1": 1})
        await bus.publish([message("a", 5_000)])
        await read_all(bus)
        await bus.publish([message("a", 9_000), message("b", 7_000), message("c", 8_000), message("b", 1)])
        assert await lags_of(bus, GROUP, (), await bus.partitions()) == [GroupLag(GROUP, TOPIC, 4, 7_000)]
        # A group that never committed is behind with everything of the topics that it is known to read.
        assert await lags_of(bus, "new", [TOPIC], await bus.partitions()) == [GroupLag("new", TOPIC, 5, 5_000)]
        assert await lags_of(bus, "new", (), await bus.partitions()) == []

    run_virtual(scene())


class Away(MemoryBus):
    """A bus that may not answer."""

    away = False

    async def committed(self, group: str) -> Mapping[tuple[str, int], int]:
        """Not while it is away."""
        if self.away:
            raise BusUnreachable
        return await super().committed(group)


def test_the_gauges_follow_and_the_age_grows_while_the_bus_is_away() -> None:
    async def scene() -> None:
        bus, clock = Away(), LoopClock()
        groups: dict[str, Collection[str]] = {GROUP: [TOPIC]}
        watch = LagWatch(bus, lambda: groups, clock)
        await bus.create_topics({TOPIC: 1})
        await bus.publish([message("a", clock.now_ms()), message("a", clock.now_ms())])
        await watch.look()
        await clock.sleep(30.0)
        assert (gauge("balcon_events_behind"), gauge("balcon_events_behind_seconds")) == (2, 30)
        bus.away = True
        with pytest.raises(BusUnreachable):
            await watch.look()
        await clock.sleep(60.0)
        assert (gauge("balcon_events_behind"), gauge("balcon_events_behind_seconds")) == (2, 90)
        bus.away = False
        await read_all(bus)
        await watch.look()
        assert (gauge("balcon_events_behind"), gauge("balcon_events_behind_seconds")) == (0, 0)
        groups.clear()
        await watch.look()
        assert (gauge("balcon_events_behind"), gauge("balcon_events_behind_seconds")) == (None, None)

    run_virtual(scene())


def test_a_message_without_a_time_has_no_age() -> None:
    async def scene() -> Sequence[GroupLag]:
        bus = MemoryBus()
        await bus.create_topics({TOPIC: 1})
        await bus.publish([Message(TOPIC, "a", b"1")])
        return await lags_of(bus, GROUP, [TOPIC], await bus.partitions())

    assert run_virtual(scene()) == [GroupLag(GROUP, TOPIC, 1, None)]
