"""WatchSeats over real gRPC: a snapshot, then dense deltas that add up to what GetSeatMap says (RULE 23, R5.6)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING

import pytest
from balcon.inventory.v1 import inventory_service_pb2 as pb

from services.inventory.actors.performance_actor import PerformanceActor
from services.inventory.adapters.memory_stores import MemoryPerformances
from services.runtime.ids import seeded_random
from services.runtime.testing import eventually
from tests.integration.inventory.callers import NAME, Ask, UnaryCaller
from tests.integration.inventory.node import HOUSE, Node, performance, running_node

if TYPE_CHECKING:
    from services.inventory.actors.host import PerformanceHost

KEY = pb.PerformanceKey(house_id=HOUSE, performance_id=NAME)
CAPACITY = 3_000


class Viewer:
    """A client's own copy of the seat map, kept by what it hears."""

    def __init__(self, node: Node) -> None:
        self._call = node.stub.WatchSeats(pb.WatchSeatsRequest(key=KEY))
        self.states = bytearray()
        self.version = 0
        self.epoch = 0
        self.deltas = 0

    async def hear(self) -> bool:
        """One update; False at the end of the stream. A gap or a change of epoch in a stream fails the test."""
        update = await self._call.read()
        if not isinstance(update, pb.WatchSeatsResponse):
            return False
        if update.HasField("snapshot"):
            assert not self.states, "a second snapshot"
            self.states = bytearray(update.snapshot.seat_states)
            self.epoch = update.epoch
        else:
            assert (update.epoch, update.version) == (self.epoch, self.version + 1)
            self.deltas += 1
            for seat, state in zip(update.delta.seat_indexes, update.delta.seat_states, strict=True):
                self.states[seat] = state
        self.version = update.version
        return True

    async def hear_all(self) -> None:
        """Until the stream ends."""
        while await self.hear():
            pass

    def leave(self) -> None:
        """Watches no more."""
        self._call.cancel()


@pytest.fixture
async def node(redis_url: str, emptied_database_url: Callable[[str], str]) -> AsyncIterator[Node]:
    halls = MemoryPerformances(performance(capacity=CAPACITY))
    async with running_node(redis_url, emptied_database_url("inventory"), halls) as running:
        telling = asyncio.create_task(running.host.keep_watchers_told())
        yield running
        telling.cancel()


async def owner(host: PerformanceHost) -> PerformanceActor:
    actor = await host.owner(HOUSE, NAME)
    assert isinstance(actor, PerformanceActor)
    return actor


async def test_a_watcher_gets_a_snapshot_and_then_what_changes(node: Node) -> None:
    caller, viewer = UnaryCaller(node), Viewer(node)
    await caller(Ask("hold", "h1", [1, 2]))
    await viewer.hear()
    assert viewer.states[:4] == b"\x01\x02\x02\x01" or viewer.states[:4] == b"\x01\x01\x01\x01"
    await caller(Ask("claim", "o1", [1, 2], hold_id="h1"))

    async def told() -> bool:
        return await viewer.hear() and viewer.states[:4] == b"\x01\x03\x03\x01"

    await eventually(told)
    viewer.leave()


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_snapshot_and_deltas_add_up_to_the_seat_map_whatever_is_commanded(node: Node, seed: int) -> None:
    """Random commands; one watcher from the start, one that comes in the middle."""
    chance = seeded_random(seed)
    caller = UnaryCaller(node)
    viewers = [Viewer(node)]
    listening = [asyncio.create_task(viewers[0].hear_all())]

    async def step(number: int) -> None:
        seats = sorted(chance.sample(range(60), chance.randrange(1, 5)))
        some, holder = f"{chance.randrange(number + 1)}", chance.choice(["anna", "bert"])
        kind = chance.choice(
            ["hold"] * 4 + ["move", "release", "claim", "late", "confirm", "cancel_claim", "cancel_sale"]
        )
        asks = {
            "hold": Ask("hold", f"h{number}", seats, holder_id=f"{holder}{number % 7}"),
            "move": Ask("move", f"h{some}", seats, holder_id=f"{holder}{int(some) % 7}"),
            "release": Ask("release", f"h{some}", holder_id=f"{holder}{int(some) % 7}"),
            "claim": Ask("claim", f"o{some}", seats, hold_id=f"h{some}", holder_id=holder),
            "late": Ask("claim", f"o{number}", seats),
            "confirm": Ask("confirm", f"o{some}"),
            "cancel_claim": Ask("cancel_claim", f"o{some}"),
            "cancel_sale": Ask("cancel_sale", f"o{some}"),
        }
        await caller(asks[kind])
        if number % 10 == 0:
            await caller(Ask(chance.choice(["block", "unblock"]), seats=[chance.randrange(60, 90)]))

    for start in range(0, 120, 8):
        await asyncio.gather(*(step(number) for number in range(start, start + 8)))
        if start == 56:
            viewers.append(Viewer(node))
            listening.append(asyncio.create_task(viewers[1].hear_all()))
    final = await node.stub.GetSeatMap(pb.GetSeatMapRequest(key=KEY))

    def equal() -> bool:
        return all(bytes(viewer.states) == final.seat_states for viewer in viewers)

    await eventually(equal)
    assert viewers[0].deltas > 1
    assert len(set(final.seat_states)) >= 3
    for viewer in viewers:
        viewer.leave()
    await asyncio.gather(*listening, return_exceptions=True)


async def test_a_watcher_that_does_not_read_is_cut_and_resyncs(node: Node) -> None:
    """Nothing is kept for it without bound, and the others do not feel it."""
    actor = await owner(node.host)
    stalled, quick = Viewer(node), Viewer(node)
    listening = asyncio.create_task(quick.hear_all())
    await stalled.hear()
    await eventually(lambda: quick.version > 0)
    sent = 0
    while len(actor.feed._watchers) == 2:  # as soon as its connection's buffers are full, its queue fills too
        actor.feed.show(range(CAPACITY), actor.feed.statuses)
        actor.feed.flush()
        sent += 1
        await eventually(lambda: quick.version == actor.feed.version)
        assert sent < 5_000
    assert quick.deltas >= sent
    await stalled.hear_all()
    assert stalled.version < actor.feed.version
    again = Viewer(node)
    await again.hear()
    assert (again.version, bytes(again.states)) == (actor.feed.version, bytes(actor.seat_map.statuses))
    again.leave()
    quick.leave()
    await asyncio.gather(listening, return_exceptions=True)


async def test_the_end_of_the_owner_ends_the_watch_and_the_next_epoch_starts_with_a_snapshot(node: Node) -> None:
    caller, viewer = UnaryCaller(node), Viewer(node)
    await viewer.hear()
    await caller(Ask("hold", "h1", [5]))
    assert await node.host.let_go(NAME)
    await asyncio.wait_for(viewer.hear_all(), 120)
    again = Viewer(node)
    await again.hear()
    assert again.epoch == viewer.epoch + 1
    assert again.states[5] == 2
    again.leave()


async def test_a_watcher_that_leaves_is_forgotten(node: Node) -> None:
    viewer = Viewer(node)
    await viewer.hear()
    actor = await owner(node.host)
    assert actor.feed.has_watchers
    viewer.leave()
    await eventually(lambda: not actor.feed.has_watchers)


async def test_a_delta_for_many_watchers_is_the_same_to_each(node: Node) -> None:
    viewers = [Viewer(node) for _ in range(20)]
    for viewer in viewers:
        await viewer.hear()
    await UnaryCaller(node)(Ask("hold", "h1", [7, 8, 9]))
    for viewer in viewers:
        await viewer.hear()
        assert viewer.states[6:11] == b"\x01\x02\x02\x02\x01"
        viewer.leave()
