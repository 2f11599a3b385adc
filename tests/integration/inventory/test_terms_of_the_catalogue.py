"""Quotas on their whole way: set in a real catalogue, told by its events, decided by a real owner of the seats."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable

import grpc
import pytest
from balcon.catalogue.v1 import catalogue_service_pb2 as catalogue_pb
from balcon.inventory.v1 import inventory_service_pb2 as pb
from balcon.types.v1.quotas_pb2 import QuotaPercentages
from balcon.types.v1.seating_pb2 import CHANNEL_BOX_OFFICE, CHANNEL_ONLINE, Channel, SeatRefs
from google.protobuf.field_mask_pb2 import FieldMask
from sqlalchemy.ext.asyncio import AsyncEngine

from services.inventory.adapters.catalogue_events import copy_performance
from services.inventory.adapters.catalogue_performances import CataloguePerformances
from services.runtime.rpc.errors import RemoteRefusal, refusal_of
from services.runtime.sql.engine import create_engine
from services.runtime.testing.eventually import eventually
from services.runtime.testing.servers import DatabaseUrl, as_owner
from tests.integration.catalogue.stage import Catalogue, running_catalogue
from tests.integration.catalogue.test_performance_events import told_events
from tests.integration.inventory.node import Node, running_node
from tests.unit.catalogue.plan_documents import encoded, plan, row, seat, zone

SEATS = tuple(f"A{number}" for number in range(20))


@pytest.fixture
async def catalogue(database_url: DatabaseUrl) -> AsyncIterator[Catalogue]:
    async with running_catalogue(database_url("catalogue"), database_url()) as running:
        yield running


@pytest.fixture
async def engine(emptied_database_url: Callable[[str], str]) -> AsyncIterator[AsyncEngine]:
    engine = create_engine(emptied_database_url("inventory"), application="test")
    yield engine
    await engine.dispose()


async def read_events(catalogue: Catalogue, engine: AsyncEngine) -> None:
    """As the inventory's consumer does, all of them once more."""
    for event in await told_events(catalogue):
        async with as_owner(engine).begin() as connection:
            await copy_performance(connection, event)


async def held(
    node: Node, key: pb.PerformanceKey, hold_id: str, *seat_ids: str, channel: Channel.ValueType = CHANNEL_ONLINE
) -> RemoteRefusal | None:
    """The refusal of a hold, None where the seats are held."""
    seats = SeatRefs(plan_version=1, seat_ids=seat_ids)
    request = pb.HoldSeatsRequest(key=key, hold_id=hold_id, holder_id="anna", seats=seats, channel=channel)
    try:
        await node.stub.HoldSeats(request)
    except grpc.aio.AioRpcError as error:
        found = refusal_of(error)
        assert found is not None, error
        return found
    return None


async def with_quota(catalogue: Catalogue) -> tuple[pb.PerformanceKey, catalogue_pb.Quota]:
    """A performance on sale of 20 seats, 12 of which the shop may sell."""
    venue = await catalogue.venue("genova", encoded(plan(zone(row(*(seat(name) for name in SEATS))))))
    house_id = venue.house.house_id
    show = await catalogue.performance(venue, seats_per_holder=20)
    quota = catalogue_pb.Quota(
        quota_id="all",
        name="All",
        production_id=venue.production.production_id,
        size=20,
        percentages=QuotaPercentages(online_presale=60),
    )
    request = catalogue_pb.CreateQuotaRequest(idempotency_key="quota", house_id=house_id, quota=quota)
    made = (await catalogue.stub.CreateQuota(request)).quota
    await catalogue.stub.OpenForSale(
        catalogue_pb.OpenForSaleRequest(house_id=house_id, performance_id=show.performance_id)
    )
    return pb.PerformanceKey(house_id=house_id, performance_id=show.performance_id), made


async def lower(catalogue: Catalogue, house_id: str, quota: catalogue_pb.Quota) -> None:
    """The shop may sell 10."""
    half = catalogue_pb.Quota(quota_id=quota.quota_id, percentages=QuotaPercentages(online_presale=50))
    mask = FieldMask(paths=["percentages"])
    await catalogue.stub.UpdateQuota(
        catalogue_pb.UpdateQuotaRequest(house_id=house_id, quota=half, update_mask=mask, etag=quota.etag)
    )


async def release(node: Node, key: pb.PerformanceKey, hold_id: str) -> None:
    await node.stub.ReleaseHold(pb.ReleaseHoldRequest(key=key, hold_id=hold_id, holder_id="anna"))


async def refused_in_time(node: Node, key: pb.PerformanceKey, seat_id: str) -> RemoteRefusal:
    """What the next holds are refused with, once the owner has read its rules again."""
    numbers = itertools.count(3)

    async def refused() -> RemoteRefusal | bool:
        hold_id = f"h{next(numbers)}"
        found = await held(node, key, hold_id, seat_id)
        if found is None:
            await release(node, key, hold_id)
        return found or False

    rules = asyncio.create_task(node.host.keep_rules_fresh())
    try:
        found = await eventually(refused)
    finally:
        rules.cancel()
    assert isinstance(found, RemoteRefusal)
    return found


async def test_a_lowered_percentage_refuses_the_next_hold_and_what_is_held_can_still_be_claimed(
    catalogue: Catalogue, engine: AsyncEngine, redis_url: str
) -> None:
    key, quota = await with_quota(catalogue)
    await read_events(catalogue, engine)
    performances = CataloguePerformances(engine, catalogue.channel, grace_ms=15_000, cap_ms=1_800_000)
    async with running_node(redis_url, engine.url.render_as_string(hide_password=False), performances) as node:
        assert await held(node, key, "h1", *SEATS[:10]) is None
        await lower(catalogue, key.house_id, quota)
        # The owner has not heard of it: two of twelve are left.
        assert await held(node, key, "h2", SEATS[10]) is None
        await release(node, key, "h2")
        await read_events(catalogue, engine)
        found = await refused_in_time(node, key, SEATS[11])
        told = {name: found.facts[name] for name in ("quota", "cap", "used", "available")}
        expected = {"quota": "all", "cap": "10", "used": "10", "available": "0"}
        assert (found.reason, told) == ("QUOTA_REACHED", expected)
        assert await held(node, key, "till", SEATS[12], channel=CHANNEL_BOX_OFFICE) is None
        seats = SeatRefs(plan_version=1, seat_ids=SEATS[:10])
        await node.stub.ClaimSeats(
            pb.ClaimSeatsRequest(
                key=key, order_id="ord_1", holder_id="anna", hold_id="h1", seats=seats, channel=CHANNEL_ONLINE
            )
        )
        counts = (await node.stub.GetSeatMap(pb.GetSeatMapRequest(key=key))).counts
        assert (counts.claimed, counts.held) == (10, 1)
