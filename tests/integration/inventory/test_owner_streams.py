"""Holds over OwnerStreams against real nodes: found, handed over in the middle, lost, and callers without manners."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
from balcon.inventory.v1 import inventory_service_pb2 as pb
from balcon.types.v1.seating_pb2 import CHANNEL_ONLINE

from services.contracts.inventory_stream import (
    Done,
    HoldCommand,
    InventoryAnswer,
    InventoryCodec,
    InventoryStreams,
    OnPerformance,
    RowCommand,
)
from services.inventory.adapters.memory_stores import MemoryPerformances
from services.inventory.api.stream_credit import MESSAGES_IN_FLIGHT
from services.inventory.cluster.placement import preferred
from services.runtime.clock import SystemClock
from services.runtime.rpc.owner_streams import OwnerStreams
from services.runtime.rpc.routing import OwnerRouting
from services.runtime.testing import eventually
from services.runtime.testing.servers import DatabaseUrl
from tests.integration.inventory.callers import Ask, hold_columns, next_answer
from tests.integration.inventory.node import HOUSE, PLAN_VERSION, Node, performance, running_node

CLOCK = SystemClock()
NAMES = [f"perf_{number}" for number in range(6)]
CAPACITY = 4_000
Nodes = tuple[Node, Node]


@pytest.fixture
async def nodes(redis_url: str, database_url: DatabaseUrl) -> AsyncIterator[Nodes]:
    url = database_url("inventory")
    performances = MemoryPerformances(*(performance(name, capacity=CAPACITY) for name in NAMES))
    async with AsyncExitStack() as stack:
        first = await stack.enter_async_context(running_node(redis_url, url, performances))
        second = await stack.enter_async_context(running_node(redis_url, url, performances))
        for node in (first, second):
            await node.lease.look_around()
        yield first, second


@asynccontextmanager
async def streams_to(nodes: Nodes) -> AsyncIterator[InventoryStreams]:
    routing = OwnerRouting([node.endpoint for node in nodes], CLOCK, lambda: 0.5)
    streams: InventoryStreams = OwnerStreams(routing, InventoryCodec(), CLOCK)
    yield streams
    await streams.close()
    await routing.close()


def hold(name: str, number: int) -> HoldCommand:
    """The buyer of that number wants two seats of its own."""
    on = OnPerformance(HOUSE, name, PLAN_VERSION)
    return HoldCommand(on, f"h{number}", f"b{number}", [2 * number, 2 * number + 1])


def release(name: str, number: int) -> RowCommand:
    row = pb.Command(release=pb.ReleaseCommand(hold_id=f"h{number}", holder_id=f"b{number}"))
    return RowCommand(OnPerformance(HOUSE, name, PLAN_VERSION), row)


def owner_of(name: str, nodes: Nodes) -> Node:
    return next(
        node for node in nodes if name in {a.performance.performance_id for a in node.host.actors if a.is_active}
    )


async def held(name: str, node: Node) -> int:
    key = pb.PerformanceKey(house_id=HOUSE, performance_id=name)
    return (await node.stub.GetSeatMap(pb.GetSeatMapRequest(key=key))).counts.held


async def test_many_callers_of_many_performances_find_their_owners(nodes: Nodes) -> None:
    async with streams_to(nodes) as streams:
        answers = await asyncio.gather(*(streams.ask(hold(name, n)) for name in NAMES for n in range(40)))
        assert all(isinstance(answer, Done) and answer.hold_until_ms for answer in answers)
        for name in NAMES:
            assert await held(name, owner_of(name, nodes)) == 80
    # Guesses end where placement wants them.
    for name in NAMES:
        place = preferred(name, nodes[0].lease.nodes)
        assert place is not None
        assert owner_of(name, nodes).endpoint == place.endpoint


async def test_each_caller_hears_what_became_of_its_own_command(nodes: Nodes) -> None:
    name = NAMES[0]
    async with streams_to(nodes) as streams:
        await streams.ask(hold(name, 1))
        taken = hold(name, 1)._replace(hold_id="other", holder_id="other")
        same, no, yes, unknown = await asyncio.gather(
            streams.ask(hold(name, 1)), streams.ask(taken), streams.ask(hold(name, 2)), streams.ask(release(name, 9))
        )
        assert isinstance(same, Done)
        assert isinstance(no, pb.Refused)
        assert (no.reason, list(no.seat_indexes)) == ("SEATS_TAKEN", [2, 3])
        assert isinstance(yes, Done)
        assert unknown == Done(same.epoch)
        three = pb.SeatGroup(size=3)
        found = pb.BestAvailableCommand(hold_id="best", holder_id="best", groups=[three], channel=CHANNEL_ONLINE)
        best = await streams.ask(RowCommand(hold(name, 0).performance, pb.Command(best_available=found)))
        assert isinstance(best, Done)
        assert len(best.seats) == 3


async def test_a_hand_over_in_the_middle_is_heard_by_nobody(nodes: Nodes) -> None:
    """Not one refusal and no hold twice: callers only wait a moment longer."""
    name = NAMES[0]
    async with streams_to(nodes) as streams:
        answered: dict[int, InventoryAnswer] = {}
        numbers = iter(range(1_500))

        async def caller() -> None:
            for number in numbers:
                answered[number] = await streams.ask(hold(name, number))

        callers = [asyncio.create_task(caller()) for _ in range(32)]
        await eventually(lambda: len(answered) > 200)
        before = owner_of(name, nodes)
        await before.host.hand_over()
        await asyncio.gather(*callers)
        after = owner_of(name, nodes)
        assert after is not before
        assert [answer for answer in answered.values() if not isinstance(answer, Done)] == []
        assert await held(name, after) == 3_000
        epochs = {answer.epoch for answer in answered.values() if isinstance(answer, Done)}
        assert len(epochs) == 2


async def test_a_node_whose_lease_is_lost_in_the_middle_loses_no_told_hold(nodes: Nodes) -> None:
    name = NAMES[0]
    async with streams_to(nodes) as streams:
        first = await streams.ask(hold(name, 0))
        owner = owner_of(name, nodes)
        asked = [asyncio.create_task(streams.ask(hold(name, number))) for number in range(1, 200)]
        await owner.lease.resign()
        other = next(node for node in nodes if node is not owner)
        await other.lease.look_around()
        answers = [first, *await asyncio.gather(*asked)]
        assert all(isinstance(answer, Done) for answer in answers)
        assert await held(name, owner_of(name, (other, other))) == 400


async def test_a_caller_that_ignores_its_credit_is_held_by_flow_control_and_harms_nobody(nodes: Nodes) -> None:
    """Nothing it has sent beyond the credit is read, while others are answered as ever."""
    name = NAMES[0]
    async with streams_to(nodes) as streams:
        await streams.ask(hold(name, 0))
        node = owner_of(name, nodes)
        rude = node.stub.ExecuteCommands()
        written = 0

        async def flood() -> None:
            nonlocal written
            asks = [Ask("hold", f"rude{n}", [3_000], holder_id=f"rude{n}" + "x" * 50) for n in range(128)]
            key = pb.PerformanceKey(house_id=HOUSE, performance_id=name)
            message = pb.ExecuteCommandsRequest(key=key, plan_version=PLAN_VERSION, holds=hold_columns(*asks))
            while True:
                message.batch_id += 1
                await rude.write(message)
                written += 1

        # It reads nothing, so nothing of its is ever answered, and in the end it can write no more.
        flooding = asyncio.create_task(flood())
        before = -1
        while written != before:
            before = written
            await CLOCK.sleep(0.3)
        assert written < 100 * MESSAGES_IN_FLIGHT
        started = CLOCK.monotonic()
        answers = await asyncio.gather(*(streams.ask(hold(name, number)) for number in range(1, 200)))
        assert all(isinstance(answer, Done) for answer in answers)
        assert CLOCK.monotonic() - started < 60  # the flood's own wait has no end
        # It begins to read: every message that was taken is answered, in its turn.
        answer = await next_answer(rude)
        assert answer.credit
        flooding.cancel()
        rude.cancel()
        await asyncio.gather(flooding, return_exceptions=True)
