"""INV-2 on the real process: kill -9 among acknowledged holds and claims, restart, takeover, SIGTERM."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import grpc
import pytest
from balcon.inventory.v1 import inventory_service_pb2 as pb

from services.contracts.inventory_stream import Done, HoldCommand, InventoryCodec, InventoryStreams, OnPerformance
from services.runtime.call_context import act_as
from services.runtime.clock import SystemClock
from services.runtime.rpc.errors import refusal_of
from services.runtime.rpc.owner_streams import OwnerStreams
from services.runtime.rpc.routing import OwnerRouting
from services.runtime.testing import eventually
from services.runtime.testing.access import own_token
from services.runtime.testing.servers import DatabaseUrl
from tests.integration.inventory.process import (
    CAPACITY,
    HOUSE,
    KEY,
    NAME,
    PLAN_VERSION,
    NodeProcess,
    Stores,
    claim,
    hold,
)

if TYPE_CHECKING:
    from balcon.inventory.v1.inventory_service_pb2_grpc import InventoryServiceAsyncStub

CLOCK = SystemClock()
BUYERS = 12
# Whoever waited for it to end would be seen on any machine.
LONG_LEASE_SECONDS = 120.0


@dataclass(slots=True)
class Memory:
    """What the buyers were told, and what they asked for and never heard of."""

    held: dict[int, int] = field(default_factory=dict)
    claimed: set[int] = field(default_factory=set)
    asked: set[int] = field(default_factory=set)


async def buy(stub: InventoryServiceAsyncStub, memory: Memory, numbers: count[int]) -> None:
    """Holds and claims until the node is gone."""
    for number in numbers:
        memory.asked.add(number)
        try:
            held = await stub.HoldSeats(hold(number), timeout=120)
            memory.held[number] = held.hold.hold_until_ms
            if number % 2:
                await stub.ClaimSeats(claim(number), timeout=120)
                memory.claimed.add(number)
        except grpc.aio.AioRpcError as error:
            assert refusal_of(error) is None, error
            return


async def check_everything_told(stub: InventoryServiceAsyncStub, memory: Memory) -> None:
    """Each acknowledged hold and claim is there, and each that was asked for goes one way when it is asked again."""
    for number, hold_until_ms in memory.held.items():
        if number in memory.claimed:
            await stub.ClaimSeats(claim(number))
            continue
        again = await stub.HoldSeats(hold(number)) if number % 2 == 0 else None
        if again is not None:
            assert again.hold.hold_until_ms == hold_until_ms
        else:
            # Its claim was never answered: it happened or not, and asking again is one claim.
            await stub.ClaimSeats(claim(number))
    for number in memory.asked - memory.held.keys():
        await stub.HoldSeats(hold(number))
    counts = (await stub.GetSeatMap(pb.GetSeatMapRequest(key=KEY))).counts
    claimed = sum(number % 2 for number in memory.held)
    assert (counts.held, counts.claimed) == (2 * (len(memory.asked) - claimed), 2 * claimed)
    assert counts.free == CAPACITY - 2 * len(memory.asked)


@pytest.fixture
async def stores(
    redis_url: str, database_url: DatabaseUrl, emptied_database_url: Callable[[str], str], tmp_path: Path
) -> Stores:
    found = Stores(redis_url, emptied_database_url("inventory"), database_url(), tmp_path)
    await found.put_performance()
    return found


@pytest.fixture
async def nodes(stores: Stores) -> AsyncIterator[list[NodeProcess]]:
    """Two nodes that do not run yet."""
    made = [NodeProcess(stores), NodeProcess(stores)]
    yield made
    for node in made:
        node.close()


async def test_what_was_acknowledged_outlives_kill_nine_and_a_restart_takes_over_at_once(
    nodes: list[NodeProcess],
) -> None:
    node = nodes[0]
    node.lease_ttl_seconds = LONG_LEASE_SECONDS
    await node.start()
    memory, numbers = Memory(), count()
    async with node.client() as stub:
        buyers = [asyncio.create_task(buy(stub, memory, numbers)) for _ in range(BUYERS)]
        await eventually(lambda: len(memory.claimed) >= 60)
        node.kill()
        await asyncio.gather(*buyers)
    # It died in the middle of work.
    assert memory.asked - memory.held.keys() or {n for n in memory.held if n % 2} - memory.claimed
    await node.start()
    async with node.client() as stub:
        # Long before the lease ends that it had when it died.
        await stub.GetSeatMap(pb.GetSeatMapRequest(key=KEY), timeout=LONG_LEASE_SECONDS / 2)
        await check_everything_told(stub, memory)


async def answered(stub: InventoryServiceAsyncStub, number: int) -> int:
    """The epoch under which the node answers for the performance, once it does, whoever owns it."""

    async def epoch() -> int:
        try:
            return (await stub.HoldSeats(hold(number), timeout=5)).epoch
        except grpc.aio.AioRpcError as error:
            raise AssertionError(error.details()) from error

    return await eventually(epoch, LONG_LEASE_SECONDS / 2)


async def test_another_node_waits_for_a_dead_ones_lease(nodes: list[NodeProcess]) -> None:
    """RULE 6, with everything acknowledged there after each change of owner."""
    await asyncio.gather(*(node.start() for node in nodes))
    memory, numbers = Memory(), count()
    stores = nodes[0].stores
    async with nodes[0].client() as stub:
        await answered(stub, next(numbers))
    memory.asked.add(0)
    endpoint = await stores.owner_endpoint()
    owner, other = sorted(nodes, key=lambda node: node.target != endpoint)
    assert owner.target == endpoint
    async with owner.client() as stub:
        buyers = [asyncio.create_task(buy(stub, memory, numbers)) for _ in range(BUYERS)]
        await eventually(lambda: len(memory.claimed) >= 40)
        owner.kill()
        await asyncio.gather(*buyers)
    async with other.client() as stub:
        await answered(stub, 0)
        # Not before the dead one's lease had ended: only the other's own is left.
        assert await stores.leased_endpoints() == {other.target}
        await check_everything_told(stub, memory)


async def test_another_node_does_not_wait_for_a_leaving_ones_lease(nodes: list[NodeProcess]) -> None:
    for node in nodes:
        node.lease_ttl_seconds = LONG_LEASE_SECONDS
        await node.start()
    stores = nodes[0].stores
    async with nodes[0].client() as stub:
        epoch = await answered(stub, 0)
    endpoint = await stores.owner_endpoint()
    leaving, staying = sorted(nodes, key=lambda node: node.target != endpoint)
    async with staying.client() as stub:
        leaving.ask_to_stop()
        assert leaving.wait() == 0
        # `answered` gives up long before the lease ends.
        assert await answered(stub, 0) > epoch
        counts = (await stub.GetSeatMap(pb.GetSeatMapRequest(key=KEY))).counts
        assert counts.held == 2


async def test_callers_of_shared_streams_outlive_kill_nine_of_the_owner(nodes: list[NodeProcess]) -> None:
    """The stream breaks with messages on their way: the same ids are asked again, and the next owner answers all."""
    await asyncio.gather(*(node.start() for node in nodes))
    act_as(own_token())
    routing = OwnerRouting([node.target for node in nodes], CLOCK, lambda: 0.5)
    streams: InventoryStreams = OwnerStreams(routing, InventoryCodec(), CLOCK)
    performance = OnPerformance(HOUSE, NAME, PLAN_VERSION)
    epochs: list[int] = []
    numbers = iter(range(CAPACITY // 2))

    async def caller() -> None:
        for number in numbers:
            seats = [2 * number, 2 * number + 1]
            answer = await streams.ask(HoldCommand(performance, f"h{number}", f"b{number}", seats), timeout_seconds=120)
            assert isinstance(answer, Done), answer
            epochs.append(answer.epoch)

    callers = [asyncio.create_task(caller()) for _ in range(16)]
    await eventually(lambda: len(epochs) > 100)
    owner = await nodes[0].stores.owner_endpoint()
    next(node for node in nodes if node.target == owner).kill()
    await asyncio.gather(*callers)
    await streams.close()
    await routing.close()
    assert len(epochs) == CAPACITY // 2
    assert set(epochs) == {1, 2}
    async with next(node for node in nodes if node.target != owner).client() as stub:
        assert (await stub.GetSeatMap(pb.GetSeatMapRequest(key=KEY))).counts.held == CAPACITY
