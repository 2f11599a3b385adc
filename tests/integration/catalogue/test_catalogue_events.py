"""Every change of a performance leaves one event on the bus, in order per key, and none without its change."""

from __future__ import annotations

from balcon.catalogue.v1 import catalogue_events_pb2 as events
from balcon.catalogue.v1 import catalogue_service_pb2 as pb

from services.runtime.bus.factory import open_bus
from services.runtime.bus.port import Delivered
from services.runtime.clock import SystemClock
from services.runtime.ids import RandomIds
from services.runtime.testing import eventually
from services.runtime.testing.refusals import refusal
from services.runtime.testing.servers import DatabaseUrl
from tests.integration.catalogue.stage import Catalogue, running_catalogue

TOPIC = "balcon.catalogue.v1"


async def delivered(bus_url: str, count: int) -> list[Delivered]:
    """The first `count` messages of the topic, as a new consumer group gets them."""
    bus = open_bus(bus_url, clock=SystemClock(), ids=RandomIds(), client_id="test")
    await bus.create_topics({TOPIC: 4})
    subscription = await bus.subscribe("test", [TOPIC])
    found: list[Delivered] = []
    async for batch in subscription.batches():
        found.extend(batch)
        if len(found) >= count:
            break
    await subscription.close()
    await bus.close()
    return found


async def test_the_life_of_a_performance_reaches_the_bus_in_order(database_url: DatabaseUrl) -> None:
    bus_url = database_url()
    async with running_catalogue(database_url("catalogue"), bus_url) as catalogue:
        await live(catalogue, bus_url)


async def live(catalogue: Catalogue, bus_url: str) -> None:
    """Created, opened twice, closed; each once on the bus."""
    venue = await catalogue.venue("genova")
    created = await catalogue.performance(venue)
    key = {"house_id": venue.house.house_id, "performance_id": created.performance_id}
    opened = (await catalogue.stub.OpenForSale(pb.OpenForSaleRequest(**key))).performance
    await catalogue.stub.OpenForSale(pb.OpenForSaleRequest(**key))
    closed = (await catalogue.stub.CloseSale(pb.CloseSaleRequest(**key))).performance
    found = [item.message for item in await delivered(bus_url, 3)]
    assert [message.headers["ce_type"] for message in found] == [
        "balcon.catalogue.v1.PerformanceCreated",
        "balcon.catalogue.v1.PerformanceOpenedForSale",
        "balcon.catalogue.v1.PerformanceSaleClosed",
    ]
    assert {message.key for message in found} == {created.performance_id}
    assert {message.headers["ce_source"] for message in found} == {"balcon.catalogue"}
    assert events.PerformanceCreated.FromString(found[0].payload).performance == created
    assert events.PerformanceOpenedForSale.FromString(found[1].payload).performance == opened
    assert events.PerformanceSaleClosed.FromString(found[2].payload).performance == closed

    async def published() -> bool:
        return await catalogue.rows("SELECT 1 FROM outbox WHERE published_at_ms IS NULL") == []

    await eventually(published)
    assert await catalogue.rows("SELECT DISTINCT house_id FROM outbox") == [(venue.house.house_id,)]


async def test_a_refused_change_leaves_no_event(catalogue: Catalogue) -> None:
    venue = await catalogue.venue("genova")
    created = await catalogue.performance(venue)
    key = {"house_id": venue.house.house_id, "performance_id": created.performance_id}
    await refusal(catalogue.stub.CloseSale(pb.CloseSaleRequest(**key)))
    await refusal(catalogue.performance(venue, "k", prices=[]))
    told = await catalogue.rows("SELECT type FROM outbox WHERE topic = 'balcon.catalogue.v1'")
    assert told == [("balcon.catalogue.v1.PerformanceCreated",)]
