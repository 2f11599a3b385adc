"""A node that others still believe in is gone: nobody waits for it longer than for its lease (RULE 6)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

import grpc
import pytest
from balcon.inventory.v1 import inventory_service_pb2 as pb
from balcon.inventory.v1.inventory_service_pb2_grpc import InventoryServiceStub
from balcon.types.v1.seating_pb2 import CHANNEL_ONLINE, SeatRefs

from services.inventory.adapters.memory_stores import MemoryPerformances
from services.inventory.adapters.postgres_directory import PostgresDirectory
from services.inventory.adapters.redis_lease_store import RedisLeaseStore
from services.inventory.cluster.placement import preferred
from services.inventory.ports import NodeInfo
from services.runtime.clock import SystemClock
from services.runtime.rpc.routing import OwnerRouting
from tests.integration.inventory.node import HOUSE, PLAN_VERSION, Node, performance, running_node

CLOCK = SystemClock()
NAMES = [f"perf_{number}" for number in range(40)]
# Far below a caller's deadline and the lease, and far above what an answer takes on any machine.
AT_ONCE_SECONDS = 60.0
DEADLINE_SECONDS = 240.0
LEASE_MS = 600_000


@pytest.fixture
async def node(redis_url: str, emptied_database_url: Callable[[str], str]) -> AsyncIterator[Node]:
    performances = MemoryPerformances(*(performance(name) for name in NAMES))
    url = emptied_database_url("inventory")
    async with running_node(redis_url, url, performances, forwards=True) as running:
        yield running


async def dead_neighbour(node: Node, port: int) -> NodeInfo:
    """A node whose lease stands and whose port nobody listens on."""
    ghost = NodeInfo("node_ghost", f"127.0.0.1:{port}")
    await RedisLeaseStore(node.redis).put(ghost, LEASE_MS)
    await node.lease.look_around()
    return ghost


def named_for(node: Node, ghost: NodeInfo) -> str:
    """A performance that placement would give to the ghost."""
    return next(name for name in NAMES if preferred(name, node.lease.nodes) == ghost)


def hold(name: str) -> pb.HoldSeatsRequest:
    return pb.HoldSeatsRequest(
        key=pb.PerformanceKey(house_id=HOUSE, performance_id=name),
        hold_id="h1",
        holder_id="anna",
        seats=SeatRefs(plan_version=PLAN_VERSION, seat_ids=["s1"]),
        channel=CHANNEL_ONLINE,
    )


async def test_what_nobody_owns_is_taken_here_when_the_proposed_node_does_not_answer(
    node: Node, nobodys_port: int
) -> None:
    ghost = await dead_neighbour(node, nobodys_port)
    started = CLOCK.monotonic()
    answer = await node.stub.HoldSeats(hold(named_for(node, ghost)), timeout=DEADLINE_SECONDS)
    assert answer.epoch == 1
    assert CLOCK.monotonic() - started < AT_ONCE_SECONDS


async def test_a_watch_of_what_nobody_owns_is_served_here_too(node: Node, nobodys_port: int) -> None:
    ghost = await dead_neighbour(node, nobodys_port)
    started = CLOCK.monotonic()
    key = pb.PerformanceKey(house_id=HOUSE, performance_id=named_for(node, ghost))
    call = node.stub.WatchSeats(pb.WatchSeatsRequest(key=key), timeout=DEADLINE_SECONDS)
    first = await call.read()
    assert isinstance(first, pb.WatchSeatsResponse)
    assert first.HasField("snapshot")
    assert CLOCK.monotonic() - started < AT_ONCE_SECONDS
    call.cancel()


async def test_what_a_dead_node_still_holds_the_lease_of_is_unavailable_at_once(node: Node, nobodys_port: int) -> None:
    """Not taken: the lease stands. Not waited for either: the caller comes back, and its time is its own."""
    ghost = await dead_neighbour(node, nobodys_port)
    name = named_for(node, ghost)
    assert await PostgresDirectory(node.engine).take(name, 0, ghost.incarnation, ghost.endpoint) == 1
    started = CLOCK.monotonic()
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await node.stub.HoldSeats(hold(name), timeout=DEADLINE_SECONDS)
    assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
    assert CLOCK.monotonic() - started < AT_ONCE_SECONDS
    # Its lease ends: the same request is answered.
    await RedisLeaseStore(node.redis).drop(ghost.incarnation)
    assert (await node.stub.HoldSeats(hold(name), timeout=DEADLINE_SECONDS)).epoch == 2


async def test_a_client_whose_known_owner_is_gone_asks_another_node_within_the_same_call(
    node: Node, nobodys_port: int
) -> None:
    """RULE 8: kill -9 of the cached owner costs a pause, not the caller's deadline."""
    gone = f"127.0.0.1:{nobodys_port}"
    routing = OwnerRouting([node.endpoint, gone], CLOCK, lambda: 0.5)
    assert routing.next_target() == gone
    routing._turn = 0

    def call(
        channel: grpc.aio.Channel, timeout: float, metadata: Sequence[tuple[str, str]]
    ) -> Awaitable[pb.HoldSeatsResponse]:
        return InventoryServiceStub(channel).HoldSeats(hold("perf_1"), timeout=timeout, metadata=metadata)

    try:
        for _ in range(3):
            started = CLOCK.monotonic()
            assert (await routing.call("perf_1", call, timeout_seconds=DEADLINE_SECONDS)).epoch == 1
            assert CLOCK.monotonic() - started < AT_ONCE_SECONDS
    finally:
        await routing.close()
