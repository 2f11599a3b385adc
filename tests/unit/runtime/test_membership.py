"""A paused group reads nothing, leaves, and goes on where it stood when the pause ends; nothing is broken off."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from prometheus_client import REGISTRY

from services.runtime.bus.memory_bus import MemoryBus
from services.runtime.bus.port import Delivered, Message, Subscription
from services.runtime.clock import LoopClock
from services.runtime.errors import StoreUnavailable
from services.runtime.outbox.membership import PAUSE_SECONDS, Membership
from services.runtime.testing.virtual_time import run_virtual

TOPIC, GROUP = "test.orders.v1", "ledger"


class Record:
    """The row that operators write."""

    def __init__(self) -> None:
        self.paused_at_ms: int | None = None
        self.is_down = False

    async def since_ms(self) -> int | None:
        """See PauseRecord."""
        if self.is_down:
            raise StoreUnavailable
        return self.paused_at_ms


class Desk:
    """A bus with one topic, members of one group, and what they read."""

    def __init__(self) -> None:
        self.bus = MemoryBus()
        self.record = Record()
        self.clock = LoopClock()
        self.read: list[str] = []
        self.finish = asyncio.Event()
        self.finish.set()
        self.members: list[Membership] = []

    async def consume(self, subscription: Subscription, batch: Sequence[Delivered]) -> None:
        """As a consumer does, with a commit."""
        await self.finish.wait()
        self.read += [delivered.message.payload.decode() for delivered in batch]
        await subscription.commit(batch[-1])

    def join(self) -> asyncio.Task[None]:
        """One more member."""
        member = Membership(self.bus, self.record, group=GROUP, topics=[TOPIC], clock=self.clock)
        self.members.append(member)
        return asyncio.create_task(member.read(self.consume, lambda: None))

    async def publish(self, *payloads: str) -> None:
        """One message for each."""
        await self.bus.publish([Message(TOPIC, payload, payload.encode()) for payload in payloads])

    async def heed(self) -> None:
        """As long as a change of the record may go unheeded."""
        await self.clock.sleep(PAUSE_SECONDS * 2)


def played(scene: Callable[[Desk], Awaitable[None]]) -> None:
    """Plays a scene on virtual time."""

    async def play() -> None:
        desk = Desk()
        await desk.bus.create_topics({TOPIC: 4})
        await scene(desk)
        await desk.bus.close()

    run_virtual(play())


def paused() -> float:
    """The gauge."""
    return REGISTRY.get_sample_value("balcon_events_paused", {"group": GROUP}) or 0.0


def test_all_members_of_a_paused_group_stop_within_seconds_and_go_on_where_they_stood() -> None:
    async def scene(desk: Desk) -> None:
        members = [desk.join() for _ in range(3)]
        await desk.publish("1", "2")
        await desk.heed()
        assert sorted(desk.read) == ["1", "2"]
        desk.record.paused_at_ms = 1
        await desk.heed()
        assert paused() == 1
        assert await desk.bus.delete_groups([]) == []
        await desk.publish(*"345678")
        await desk.clock.sleep(3_600.0)
        assert len(desk.read) == 2
        desk.record.paused_at_ms = None
        await desk.heed()
        assert sorted(desk.read) == list("12345678")
        assert paused() == 0
        for member in members:
            member.cancel()
        await asyncio.gather(*members, return_exceptions=True)

    played(scene)


def test_a_paused_group_has_no_member_on_the_bus() -> None:
    async def scene(desk: Desk) -> None:
        member = desk.join()
        await desk.publish("1")
        await desk.heed()
        assert await desk.bus.delete_groups([GROUP]) == [GROUP]
        desk.record.paused_at_ms = 1
        await desk.heed()
        assert await desk.bus.delete_groups([GROUP]) == []
        member.cancel()
        await asyncio.gather(member, return_exceptions=True)

    played(scene)


def test_a_member_that_starts_into_a_pause_reads_nothing_before_its_end() -> None:
    async def scene(desk: Desk) -> None:
        desk.record.paused_at_ms = 1
        await desk.publish("1")
        member = desk.join()
        await desk.clock.sleep(3_600.0)
        assert (desk.read, await desk.bus.groups()) == ([], [])
        desk.record.paused_at_ms = None
        await desk.heed()
        assert desk.read == ["1"]
        member.cancel()
        await asyncio.gather(member, return_exceptions=True)

    played(scene)


def test_a_batch_that_is_being_worked_on_is_finished_first() -> None:
    async def scene(desk: Desk) -> None:
        desk.finish.clear()
        member = desk.join()
        await desk.publish("1")
        await desk.heed()
        desk.record.paused_at_ms = 1
        await desk.heed()
        desk.finish.set()
        await desk.heed()
        assert desk.read == ["1"]
        assert [*(await desk.bus.committed(GROUP)).values()] == [1]
        member.cancel()
        await asyncio.gather(member, return_exceptions=True)

    played(scene)


def test_work_that_goes_round_in_circles_is_left_at_its_next_check() -> None:
    async def scene(desk: Desk) -> None:
        tries = 0

        async def consume(_subscription: Any, _batch: Any) -> None:
            nonlocal tries
            while True:
                desk.members[0].check()
                tries += 1
                await desk.clock.sleep(1.0)

        member = Membership(desk.bus, desk.record, group=GROUP, topics=[TOPIC], clock=desk.clock)
        desk.members.append(member)
        task = asyncio.create_task(member.read(consume, lambda: None))
        await desk.publish("1")
        await desk.heed()
        desk.record.paused_at_ms = 1
        await desk.heed()
        before = tries
        await desk.clock.sleep(60.0)
        assert tries == before > 0
        assert await desk.bus.committed(GROUP) == {}
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    played(scene)


def test_a_database_that_is_away_neither_pauses_nor_resumes_a_member() -> None:
    async def scene(desk: Desk) -> None:
        member = desk.join()
        await desk.heed()
        desk.record.is_down = True
        await desk.publish("1")
        await desk.heed()
        assert (desk.read, member.done()) == (["1"], False)
        desk.record.is_down = False
        desk.record.paused_at_ms = 1
        await desk.heed()
        await desk.publish("2")
        await desk.heed()
        assert desk.read == ["1"]
        member.cancel()
        await asyncio.gather(member, return_exceptions=True)

    played(scene)
