"""What every bus tells of itself and lets operators delete (BusAdmin), on every adapter."""

from __future__ import annotations

import pytest

from services.runtime.bus.faults import BusUnreachable, TopicMissing
from services.runtime.bus.port import ManagedBus
from services.runtime.testing import eventually
from tests.contract.bus.reading import PARTITIONS, PATIENCE_SECONDS, Desk, payloads

pytestmark = pytest.mark.kafka  # the mock knows neither configurations nor groups


async def test_partitions_tell_how_much_a_topic_holds(bus: ManagedBus, desk: Desk) -> None:
    await desk.publish("1", "2", "3")
    mine = [state for state in await bus.partitions() if state.topic == desk.topic]
    assert [state.partition for state in mine] == list(range(PARTITIONS))
    assert sum(state.end_offset - state.first_offset for state in mine) == 3


async def test_a_group_and_what_it_committed_are_told(bus: ManagedBus, desk: Desk) -> None:
    await desk.publish("1", "2", "3")
    read = await desk.read(3)
    assert desk.group in await bus.groups()
    assert await bus.committed(desk.group) == {(desk.topic, read[-1].partition): 3}
    assert await bus.committed(f"{desk.group}.nobody") == {}


async def test_a_deleted_group_is_forgotten_and_begins_anew(bus: ManagedBus, desk: Desk) -> None:
    await desk.publish("1", "2")
    await desk.read(2)

    async def deleted() -> None:
        assert await bus.delete_groups([desk.group, f"{desk.group}.nobody"]) == []

    await eventually(deleted, PATIENCE_SECONDS)
    assert desk.group not in await bus.groups()
    assert payloads(await desk.read(2)) == ["1", "2"]


async def test_a_group_with_a_member_at_work_stays(bus: ManagedBus, desk: Desk) -> None:
    await desk.publish("1")
    member = await desk.subscribe()
    batch = await anext(aiter(member.batches()))
    assert await bus.delete_groups([desk.group]) == [desk.group]
    await member.commit(batch[-1])
    await member.close()
    assert desk.group in await bus.groups()


async def test_a_deleted_topic_is_gone_with_its_messages(bus: ManagedBus, desk: Desk) -> None:
    await desk.publish("1")
    await desk.read(1)
    await bus.delete_topics([desk.topic, f"{desk.topic}.nobody"])

    async def gone() -> None:
        assert desk.topic not in {state.topic for state in await bus.partitions()}

    await eventually(gone, PATIENCE_SECONDS)
    with pytest.raises((TopicMissing, BusUnreachable)):
        await desk.publish("2")
    await bus.delete_groups([desk.group])
    await desk.open()
    await eventually(lambda: _published(desk, "3"), PATIENCE_SECONDS)
    assert payloads(await desk.read(1)) == ["3"]


async def _published(desk: Desk, payload: str) -> bool:
    """A topic made again may go unnoticed for a moment."""
    try:
        await desk.publish(payload)
    except (TopicMissing, BusUnreachable):
        return False
    return True


async def test_the_first_message_behind_an_offset_is_told_without_joining_anything(bus: ManagedBus, desk: Desk) -> None:
    await desk.publish("1", "2", "3")
    await desk.publish("4", key="b")
    ends = {(s.topic, s.partition): s.end_offset for s in await bus.partitions() if s.topic == desk.topic}
    (place,) = [place for place, end in ends.items() if end >= 3]
    told = await bus.first_from({place: 1})
    assert payloads(told) == ["2"]
    assert (told[0].message.topic, told[0].partition, told[0].offset) == (*place, 1)
    assert told[0].message.headers["n"] == "2"
    firsts = await bus.first_from(dict.fromkeys(ends, 0))
    assert sorted(one.message.payload.decode() for one in firsts if one.partition == place[1]) == ["1"]
    assert await bus.first_from(ends) == []
    assert await bus.first_from({}) == []
