"""Two nodes over the same real stores: placement, hints, passing calls on, moves, pins, drains, hand-over."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

import grpc
import pytest
from balcon.inventory.v1 import cluster_service_pb2 as cluster
from balcon.inventory.v1 import inventory_service_pb2 as pb
from balcon.inventory.v1.inventory_service_pb2_grpc import InventoryServiceStub
from balcon.types.v1.seating_pb2 import CHANNEL_ONLINE, SeatRefs

from services.inventory.adapters.memory_stores import MemoryPerformances
from services.inventory.cluster.placement import preferred
from services.runtime.clock import SystemClock
from services.runtime.rpc.errors import refusal_of
from services.runtime.rpc.routing import FOLLOWS_HINTS_KEY, Call, OwnerRouting
from services.runtime.testing.servers import DatabaseUrl
from tests.integration.inventory.node import HOUSE, PLAN_VERSION, Node, performance, running_node

if TYPE_CHECKING:
    from balcon.inventory.v1.inventory_service_pb2_grpc import InventoryServiceAsyncStub

NAMES = [f"perf_{number}" for number in range(12)]


@dataclass(frozen=True, slots=True)
class Pair:
    """Two nodes that see one another."""

    first: Node
    second: Node

    def preferred(self, name: str) -> Node:
        place = preferred(name, self.first.lease.nodes)
        assert place is not None
        return self.first if place.endpoint == self.first.endpoint else self.second

    def other(self, node: Node) -> Node:
        return self.second if node is self.first else self.first

    def name_for(self, node: Node) -> str:
        return next(name for name in NAMES if self.preferred(name) is node)

    async def look_around(self) -> None:
        for node in (self.first, self.second):
            await node.lease.look_around()


@pytest.fixture
async def pair(redis_url: str, database_url: DatabaseUrl) -> AsyncIterator[Pair]:
    url = database_url("inventory")
    performances = MemoryPerformances(*(performance(name) for name in NAMES))
    async with AsyncExitStack() as stack:
        first = await stack.enter_async_context(running_node(redis_url, url, performances, forwards=True))
        second = await stack.enter_async_context(running_node(redis_url, url, performances, forwards=True))
        both = Pair(first, second)
        await both.look_around()
        yield both


def hold(name: str, hold_id: str, *seat_ids: str) -> pb.HoldSeatsRequest:
    return pb.HoldSeatsRequest(
        key=pb.PerformanceKey(house_id=HOUSE, performance_id=name),
        hold_id=hold_id,
        holder_id=hold_id,
        seats=SeatRefs(plan_version=PLAN_VERSION, seat_ids=seat_ids),
        channel=CHANNEL_ONLINE,
    )


def holding(request: pb.HoldSeatsRequest) -> Call[pb.HoldSeatsResponse]:
    """The call as OwnerRouting makes it."""

    def call(
        channel: grpc.aio.Channel, timeout: float, metadata: Sequence[tuple[str, str]]
    ) -> Awaitable[pb.HoldSeatsResponse]:
        stub: InventoryServiceAsyncStub = InventoryServiceStub(channel)
        return stub.HoldSeats(request, timeout=timeout, metadata=metadata)

    return call


def owned(node: Node) -> set[str]:
    return {actor.performance.performance_id for actor in node.host.actors}


async def test_placement_gives_both_nodes_a_share(pair: Pair) -> None:
    for name in NAMES:
        await pair.first.stub.HoldSeats(hold(name, "h1", "s1"))
    assert owned(pair.first) == {name for name in NAMES if pair.preferred(name) is pair.first}
    assert owned(pair.second) == set(NAMES) - owned(pair.first)
    assert owned(pair.first)
    assert owned(pair.second)


async def test_a_caller_that_follows_hints_is_told_the_owner(pair: Pair) -> None:
    name = pair.name_for(pair.second)
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await pair.first.stub.HoldSeats(hold(name, "h1", "s1"), metadata=((FOLLOWS_HINTS_KEY, "1"),))
    refusal = refusal_of(caught.value)
    assert refusal is not None
    assert (refusal.reason, refusal.facts["endpoint"]) == ("NOT_OWNER", pair.second.endpoint)


async def test_a_call_passed_on_brings_the_owners_refusal_back(pair: Pair) -> None:
    name = pair.name_for(pair.second)
    await pair.first.stub.HoldSeats(hold(name, "h1", "s1"))
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await pair.first.stub.HoldSeats(hold(name, "h2", "s1"))
    refusal = refusal_of(caught.value)
    assert refusal is not None
    assert (refusal.reason, refusal.facts["seats"]) == ("SEATS_TAKEN", "s1")


async def test_a_watch_is_passed_on(pair: Pair) -> None:
    name = pair.name_for(pair.second)
    watch = pair.first.stub.WatchSeats(
        pb.WatchSeatsRequest(key=pb.PerformanceKey(house_id=HOUSE, performance_id=name)), timeout=120
    )
    snapshot = await anext(aiter(watch))
    assert len(snapshot.snapshot.seat_states) == 100
    watch.cancel()


async def test_routing_finds_the_owner_and_remembers_it(pair: Pair) -> None:
    routing = OwnerRouting([pair.first.endpoint, pair.second.endpoint], SystemClock(), lambda: 0.5)
    try:
        for round_number in range(2):
            for name in NAMES:
                await routing.call(name, holding(hold(name, f"h{round_number}", f"s{round_number}")))
    finally:
        await routing.close()
    assert owned(pair.first) | owned(pair.second) == set(NAMES)


async def test_a_stopping_node_hands_over_and_nothing_is_lost(pair: Pair) -> None:
    name = pair.name_for(pair.first)
    answer = await pair.first.stub.HoldSeats(hold(name, "h1", "s1"))
    await pair.first.host.hand_over()
    again = await pair.first.stub.HoldSeats(hold(name, "h1", "s1"))
    assert again.hold == answer.hold
    assert again.epoch == answer.epoch + 1
    assert name in owned(pair.second)


async def test_a_dead_node_is_followed_when_its_lease_has_ended(pair: Pair) -> None:
    name = pair.name_for(pair.first)
    await pair.first.stub.HoldSeats(hold(name, "h1", "s1"))
    await pair.first.lease.resign()
    await pair.second.lease.look_around()
    answer = await pair.second.stub.HoldSeats(hold(name, "h1", "s1"))
    assert answer.epoch == 2
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await pair.first.stub.HoldSeats(hold(name, "h2", "s2"), timeout=1)
    assert caught.value.code() in {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED}


async def test_an_operator_moves_a_performance(pair: Pair) -> None:
    name = pair.name_for(pair.first)
    await pair.first.stub.HoldSeats(hold(name, "h1", "s1"))
    moved = await pair.first.cluster.MovePerformance(
        cluster.MovePerformanceRequest(performance_id=name, to_endpoint=pair.second.endpoint)
    )
    assert (moved.ownership.endpoint, moved.ownership.epoch) == (pair.second.endpoint, 2)
    assert name in owned(pair.second)
    assert name not in owned(pair.first)


async def test_a_pin_overrules_placement_while_its_node_lives(pair: Pair) -> None:
    name = pair.name_for(pair.first)
    await pair.first.cluster.PinPerformance(
        cluster.PinPerformanceRequest(performance_id=name, endpoint=pair.second.endpoint)
    )
    await pair.look_around()
    await pair.first.stub.HoldSeats(hold(name, "h1", "s1"))
    assert name in owned(pair.second)
    await pair.second.lease.resign()
    await pair.first.lease.look_around()
    await pair.first.stub.HoldSeats(hold(name, "h2", "s2"))
    assert name in owned(pair.first)


async def test_a_drained_node_owns_nothing_and_takes_nothing(pair: Pair) -> None:
    for name in NAMES:
        await pair.first.stub.HoldSeats(hold(name, "h1", "s1"))
    drained = await pair.first.cluster.DrainNode(cluster.DrainNodeRequest(endpoint=pair.second.endpoint, draining=True))
    assert drained.node.draining
    await pair.look_around()
    assert not owned(pair.second)
    for name in NAMES:
        await pair.second.stub.HoldSeats(hold(name, "h2", "s2"))
    assert owned(pair.first) == set(NAMES)
    assert not owned(pair.second)


async def test_the_cluster_describes_itself_page_by_page(pair: Pair) -> None:
    for name in NAMES:
        await pair.first.stub.HoldSeats(hold(name, "h1", "s1"))
    seen: list[str] = []
    token = ""
    while True:
        page = await pair.first.cluster.DescribeCluster(cluster.DescribeClusterRequest(page_size=5, page_token=token))
        seen += [ownership.performance_id for ownership in page.ownerships]
        assert {node.endpoint for node in page.nodes} == {pair.first.endpoint, pair.second.endpoint}
        assert all(ownership.alive for ownership in page.ownerships)
        token = page.next_page_token
        if not token:
            break
    assert seen == sorted(NAMES)


async def test_a_move_to_a_node_nobody_knows_is_refused(pair: Pair) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await pair.first.cluster.MovePerformance(
            cluster.MovePerformanceRequest(performance_id=NAMES[0], to_endpoint="127.0.0.1:1")
        )
    refusal = refusal_of(caught.value)
    assert refusal is not None
    assert refusal.reason == "NODE_UNKNOWN"
