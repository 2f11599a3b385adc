"""Any node answers for a performance that another one owns: with the owner's answer, or with the owner's no."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import grpc
import pytest
from balcon.inventory.v1 import inventory_service_pb2 as pb
from balcon.inventory.v1 import inventory_service_pb2_grpc as pb_grpc

from services.inventory.api.forwarding import SERVICES, OwnerForwarding
from services.inventory.domain.refusals import NotOwner, SeatsTaken
from services.runtime.clock import SystemClock
from services.runtime.errors import Refusal
from services.runtime.ids import SeededIds
from services.runtime.rpc.errors import Refused, refusal_of
from services.runtime.rpc.routing import FOLLOWS_HINTS_KEY
from services.runtime.rpc.server import RpcServer
from tests.integration.access.every_call import every_method

CLOCK = SystemClock()
REQUEST = pb.GetSeatMapRequest(key=pb.PerformanceKey(house_id="house_1", performance_id="prf_1"))


# Two methods are all that these tests call.
SERVICER: Any = pb_grpc.InventoryServiceServicer


class StandIn(SERVICER):  # type: ignore[misc]
    """Owns everything, or refuses everything."""

    def __init__(self, refusal: Refusal | None = None) -> None:
        self.refusal = refusal

    async def GetSeatMap(self, request: pb.GetSeatMapRequest, context: Any) -> pb.GetSeatMapResponse:  # noqa: N802
        """See InventoryService."""
        if self.refusal is not None:
            raise Refused(self.refusal)
        return pb.GetSeatMapResponse(epoch=7)

    async def WatchSeats(  # noqa: N802
        self, request: pb.WatchSeatsRequest, context: Any
    ) -> AsyncIterator[pb.WatchSeatsResponse]:
        """See InventoryService."""
        if self.refusal is not None:
            raise Refused(self.refusal)
        yield pb.WatchSeatsResponse(epoch=7)


@asynccontextmanager
async def node(servicer: StandIn) -> AsyncIterator[str]:
    """host:port of a node that forwards."""
    server = RpcServer(clock=CLOCK, ids=SeededIds(1))
    forwarding = OwnerForwarding(CLOCK)
    server.intercept(forwarding)
    server.add(
        lambda grpc_server: pb_grpc.add_InventoryServiceServicer_to_server(servicer, grpc_server),
        "balcon.inventory.v1.InventoryService",
    )
    await server.start()
    try:
        yield f"127.0.0.1:{server.port}"
    finally:
        await forwarding.close()
        await server.stop(0)


@asynccontextmanager
async def asked_elsewhere(owner: StandIn) -> AsyncIterator[grpc.aio.Channel]:
    """A channel to a node that does not own what `owner` owns."""
    async with (
        node(owner) as endpoint,
        node(StandIn(NotOwner(endpoint, 3))) as other,
        grpc.aio.insecure_channel(other) as channel,
    ):
        yield channel


async def test_the_owners_answer_is_passed_back() -> None:
    async with asked_elsewhere(StandIn()) as channel:
        assert (await pb_grpc.InventoryServiceStub(channel).GetSeatMap(REQUEST)).epoch == 7


async def test_the_owners_updates_are_passed_back() -> None:
    async with asked_elsewhere(StandIn()) as channel:
        updates = pb_grpc.InventoryServiceStub(channel).WatchSeats(pb.WatchSeatsRequest(key=REQUEST.key))
        assert [update.epoch async for update in updates] == [7]


async def test_the_owners_no_is_passed_back_with_its_facts() -> None:
    async with asked_elsewhere(StandIn(SeatsTaken(("A1",)))) as channel:
        with pytest.raises(grpc.aio.AioRpcError) as no:
            await pb_grpc.InventoryServiceStub(channel).GetSeatMap(REQUEST)
        refusal = refusal_of(no.value)
        assert refusal is not None
        assert (refusal.reason, refusal.facts["seats"]) == ("SEATS_TAKEN", "A1")
        with pytest.raises(grpc.aio.AioRpcError) as no:
            _ = [update async for update in pb_grpc.InventoryServiceStub(channel).WatchSeats(pb.WatchSeatsRequest())]
        refusal = refusal_of(no.value)
        assert refusal is not None
        assert refusal.reason == "SEATS_TAKEN"


async def test_a_call_is_passed_on_once_only() -> None:
    async with asked_elsewhere(StandIn(NotOwner("127.0.0.1:1", 4))) as channel:
        with pytest.raises(grpc.aio.AioRpcError) as no:
            await pb_grpc.InventoryServiceStub(channel).GetSeatMap(REQUEST)
        refusal = refusal_of(no.value)
        assert refusal is not None
        assert (refusal.reason, refusal.facts["epoch"]) == ("NOT_OWNER", "4")


async def test_a_caller_that_follows_hints_is_told_the_owner() -> None:
    async with asked_elsewhere(StandIn()) as channel:
        with pytest.raises(grpc.aio.AioRpcError) as no:
            await pb_grpc.InventoryServiceStub(channel).GetSeatMap(REQUEST, metadata=((FOLLOWS_HINTS_KEY, "1"),))
        refusal = refusal_of(no.value)
        assert refusal is not None
        assert (refusal.reason, refusal.facts["epoch"]) == ("NOT_OWNER", "3")


def test_whatever_names_a_performance_to_its_owner_is_passed_on() -> None:
    asked = [method for method in every_method() if "key" in method.input_type.fields_by_name]
    of_owners = [
        f"/{method.containing_service.full_name}/"
        for method in asked
        if method.input_type.fields_by_name["key"].message_type is pb.PerformanceKey.DESCRIPTOR
    ]
    assert set(of_owners) == set(SERVICES)
