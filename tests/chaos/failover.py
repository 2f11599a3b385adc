"""A Sentinel failover that loses acknowledged holds: the master and one node are cut off together, and go on.

Shows that it bit: holds that were acknowledged on the wrong side are asked for again afterwards (TRAP 7).
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import grpc
from balcon.inventory.v1 import inventory_service_pb2 as pb
from balcon.inventory.v1.inventory_service_pb2_grpc import InventoryServiceStub

from bench.stack import HOUSE
from services.contracts.reasons import Reason
from services.runtime.rpc.errors import refusal_of
from services.runtime.testing import eventually
from tests.chaos.buyers import Buyer, Desk
from tests.chaos.history import OK, Record
from tests.chaos.inventory_nodes import Cluster, Node
from tests.chaos.tcp_proxy import Mode

ELECTION_SECONDS = 120.0
SPLIT_SECONDS = 2.0
REJOIN_SECONDS = 120.0
WITNESS_TTL_SECONDS = 120
WITNESS_PAUSE_SECONDS = 0.1


class Witness:
    """Makes holds on seats that nobody else wants, and counts those that are forgotten."""

    def __init__(self, buyer: Buyer, desk: Desk, performances: Sequence[str]) -> None:
        self._buyer = buyer
        self._desk = desk
        self._performances = performances
        self._granted: list[Record] = []
        self._seats = iter(range(desk.house.capacity - 1, -1, -1))

    async def hold_on(self) -> None:
        """One hold after another, until cancelled between two of them."""
        while True:
            for performance in self._performances:
                held = await asyncio.shield(self._buyer.hold(performance, (next(self._seats),), WITNESS_TTL_SECONDS))
                if held is not None and held.outcome == OK:
                    self._granted.append(held)
            await self._desk.house.clock.sleep(WITNESS_PAUSE_SECONDS)

    async def hold_one(self, performance: str) -> str:
        """The id of a hold that was granted, whichever seat it is."""
        while True:
            held = await self._buyer.hold(performance, (next(self._seats),), WITNESS_TTL_SECONDS)
            if held is not None and held.outcome == OK:
                return held.hold

    async def count_lost(self) -> int:
        """How many acknowledged holds nobody knows any more. Lets the others go."""
        lost = 0
        for held in self._granted:
            if await self._is_known(held):
                await self._buyer.release(held.performance, held.hold, held.seats)
            else:
                lost += 1
        return lost

    async def _is_known(self, held: Record) -> bool:
        key = pb.PerformanceKey(house_id=HOUSE, performance_id=held.performance)

        async def send(channel: grpc.aio.Channel, left: float, metadata: Sequence[tuple[str, str]]) -> bool:
            stub = InventoryServiceStub(channel)
            await stub.GetHold(pb.GetHoldRequest(key=key, hold_id=held.hold), timeout=left, metadata=metadata)
            return True

        try:
            return await self._desk.routing.call(held.performance, send, timeout_seconds=60)
        except grpc.aio.AioRpcError as error:
            refused = refusal_of(error)
            if refused is not None and refused.reason in {Reason.HOLD_NOT_FOUND, Reason.HOLD_ENDED}:
                return False
            raise


async def cut_off(cluster: Cluster, node: Node, master: int) -> None:
    """Leaves `node` and store `master` alone with one another; Postgres and clients reach everybody."""
    await cluster.valkeys.public[master].set_mode(Mode.HALF_OPEN)
    for other in cluster.nodes:
        for number, proxy in enumerate(other.stores):
            if (other is node) != (number == master):
                await proxy.set_mode(Mode.HALF_OPEN)
    if node.sentinel is not None:
        await node.sentinel.set_mode(Mode.HALF_OPEN)


async def fail_over(cluster: Cluster, node: Node, witness: Witness) -> int:
    """The whole of it, healed at the end. Returns how many acknowledged holds were lost."""
    await eventually(cluster.valkeys.is_whole, REJOIN_SECONDS)
    master = await cluster.valkeys.master()
    await cut_off(cluster, node, master)
    watching = asyncio.create_task(witness.hold_on())
    try:

        async def is_replaced() -> bool:
            return await cluster.valkeys.master() != master

        await eventually(is_replaced, ELECTION_SECONDS)
        # The old world goes on meanwhile: what it acknowledges now is lost.
        await cluster.clock.sleep(SPLIT_SECONDS)
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
        await cluster.heal()
    await eventually(cluster.valkeys.is_whole, REJOIN_SECONDS)
    return await witness.count_lost()
