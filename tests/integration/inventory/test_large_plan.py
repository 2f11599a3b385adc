"""A plan of 70,000 seats with UUIDs for ids and clients that raise no limit: imported, read, sold from and watched."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from balcon.catalogue.v1 import catalogue_service_pb2 as catalogue_pb
from balcon.catalogue.v1.catalogue_service_pb2_grpc import CatalogueServiceStub
from balcon.inventory.v1 import inventory_service_pb2 as pb
from balcon.inventory.v1.inventory_service_pb2_grpc import InventoryServiceStub
from balcon.types.v1.seating_pb2 import CHANNEL_ONLINE, SEAT_STATE_FREE, SEAT_STATE_HELD, SeatRefs

from services.inventory.adapters.catalogue_performances import CataloguePerformances
from services.runtime.sql.engine import create_engine
from services.runtime.testing.refusals import refusal
from services.runtime.testing.servers import DatabaseUrl
from tests.integration.catalogue.stage import Catalogue, price, running_catalogue
from tests.integration.inventory.node import running_node
from tests.unit.catalogue.plan_documents import large_plan

if TYPE_CHECKING:
    from balcon.catalogue.v1.catalogue_service_pb2_grpc import CatalogueServiceAsyncStub
    from balcon.inventory.v1.inventory_service_pb2_grpc import InventoryServiceAsyncStub

SEATS = 70_000


def seat_id(number: int) -> str:
    return str(uuid.UUID(int=number << 64 | number))


@pytest.fixture
async def catalogue(database_url: DatabaseUrl) -> AsyncIterator[Catalogue]:
    async with running_catalogue(database_url("catalogue"), database_url()) as running:
        yield running


async def test_ordinary_clients_read_and_watch_the_largest_halls(
    catalogue: Catalogue, emptied_database_url: Callable[[str], str], redis_url: str
) -> None:
    venue = await catalogue.venue("arena", large_plan(SEATS, seat_id=seat_id))
    told = await catalogue.performance(venue, prices=[price("Stalls"), price("Balcony")])
    opening = catalogue_pb.OpenForSaleRequest(house_id=told.house_id, performance_id=told.performance_id)
    await catalogue.stub.OpenForSale(opening)
    async with grpc.aio.insecure_channel(catalogue.endpoint) as channel:
        await the_plan_is_read_in_parts(CatalogueServiceStub(channel), venue.house.house_id, venue.hall.hall_id)
    engine = create_engine(emptied_database_url("inventory"), application="test")
    try:
        source = CataloguePerformances(engine, catalogue.channel, grace_ms=15_000, cap_ms=1_800_000)
        url = engine.url.render_as_string(hide_password=False)
        async with (
            running_node(redis_url, url, source) as node,
            grpc.aio.insecure_channel(node.endpoint) as channel,
        ):
            key = pb.PerformanceKey(house_id=told.house_id, performance_id=told.performance_id)
            await the_map_is_read_and_watched(InventoryServiceStub(channel), key)
    finally:
        await engine.dispose()


async def the_plan_is_read_in_parts(stub: CatalogueServiceAsyncStub, house_id: str, hall_id: str) -> None:
    whole = catalogue_pb.GetSeatingPlanRequest(house_id=house_id, hall_id=hall_id)
    refused = await refusal(stub.GetSeatingPlan(whole))
    assert (refused.reason, refused.facts["instead"]) == ("ANSWER_TOO_LARGE", "StreamSeatingPlan")
    plan = catalogue_pb.SeatingPlan()
    async for part in stub.StreamSeatingPlan(catalogue_pb.StreamSeatingPlanRequest(house_id=house_id, hall_id=hall_id)):
        plan.MergeFrom(part.plan)
    assert [seat.seat_id for seat in plan.seats] == [seat_id(number) for number in range(SEATS)]
    assert plan.plan_version == 1


async def the_map_is_read_and_watched(stub: InventoryServiceAsyncStub, key: pb.PerformanceKey) -> None:
    seats = SeatRefs(plan_version=1, seat_ids=[seat_id(69_999)])
    held = pb.HoldSeatsRequest(key=key, hold_id="h1", holder_id="anna", seats=seats, channel=CHANNEL_ONLINE)
    await stub.HoldSeats(held, timeout=60)
    seat_map = pb.StreamSeatMapResponse()
    async for part in stub.StreamSeatMap(pb.StreamSeatMapRequest(key=key)):
        seat_map.MergeFrom(part)
    states = dict(zip(seat_map.seat_ids, seat_map.seat_states, strict=True))
    assert (len(states), states[seat_id(0)], states[seat_id(69_999)]) == (SEATS, SEAT_STATE_FREE, SEAT_STATE_HELD)
    watch = stub.WatchSeats(pb.WatchSeatsRequest(key=key))
    first: Any = await watch.read()
    assert first.snapshot.seat_states == seat_map.seat_states
    watch.cancel()
