"""What happens to a performance reaches those who copy it: its own events, read by inventory and reporting."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from balcon.catalogue.v1 import catalogue_service_pb2 as pb
from balcon.types.v1.seating_pb2 import CHANNEL_ONLINE
from sqlalchemy.ext.asyncio import AsyncEngine

from services.contracts.wire_types import instant_ms, wire_instant
from services.inventory.adapters.catalogue_events import copy_performance
from services.inventory.adapters.catalogue_performances import CataloguePerformances
from services.inventory.domain.commands import HoldSeats
from services.inventory.domain.holding import decide_holding
from services.inventory.domain.records import HoldRules, SalesWindow
from services.inventory.domain.refusals import OutsideSalesWindow, PerformanceCancelled
from services.inventory.domain.seat_map import SeatMap
from services.reporting.adapters.event_facts import fact_of
from services.reporting.domain.facts import PerformanceDescribed
from services.runtime.outbox.event import IncomingEvent
from services.runtime.sql.engine import create_engine
from services.runtime.testing.servers import as_owner
from tests.integration.catalogue.stage import START_MS, Catalogue
from tests.integration.catalogue.test_performance_changes import updating
from tests.integration.catalogue.test_performance_life import DAY_MS, HOUR_MS, moving, named

TOPIC = "balcon.catalogue.v1"


async def told_events(catalogue: Catalogue) -> list[IncomingEvent]:
    """Everything that the catalogue has told, as a consumer reads it."""
    rows = await catalogue.rows(f"SELECT type, key, payload, house_id FROM outbox WHERE topic = '{TOPIC}' ORDER BY id")
    return [
        IncomingEvent(
            id=f"evt_{number}",
            source="balcon/catalogue",
            topic=TOPIC,
            key=str(key),
            type=str(kind),
            payload=bytes(payload),  # type: ignore[call-overload]
            sequence=number,
            time_ms=0,
            house_id=str(house_id),
        )
        for number, (kind, key, payload, house_id) in enumerate(rows, 1)
    ]


async def copied(engine: AsyncEngine, catalogue: Catalogue, performance: pb.Performance) -> HoldRules:
    """The inventory's rules once it has read all events."""
    for event in await told_events(catalogue):
        async with as_owner(engine).begin() as connection:
            await copy_performance(connection, event)
    source = CataloguePerformances(engine, catalogue.channel, grace_ms=15_000, cap_ms=1_800_000)
    return (await source.rules_of([performance.performance_id]))[performance.performance_id]


@pytest.fixture
def inventory(emptied_database_url: Callable[[str], str]) -> AsyncEngine:
    return create_engine(emptied_database_url("inventory"), application="test")


async def test_r2_10_the_inventory_sells_until_the_new_end_after_a_move(
    catalogue: Catalogue, inventory: AsyncEngine
) -> None:
    venue = await catalogue.venue("genova")
    window = pb.SalesWindow(channel=CHANNEL_ONLINE, closes_at=wire_instant(START_MS - HOUR_MS))
    made = await catalogue.performance(venue, sales_windows=[window])
    opened = (await catalogue.stub.OpenForSale(pb.OpenForSaleRequest(**named(made)))).performance
    moved = (await catalogue.stub.MovePerformance(moving(opened, START_MS + DAY_MS))).performance
    rules = await copied(inventory, catalogue, made)
    assert rules.on_sale
    assert rules.sale_ends_at_ms == instant_ms(moved.sale_ends_at) == START_MS + DAY_MS
    assert rules.windows == (SalesWindow(CHANNEL_ONLINE, 0, START_MS + DAY_MS - HOUR_MS),)
    seats, hold = SeatMap(2, rules), HoldSeats("h1", "anna", (1,), CHANNEL_ONLINE)
    assert isinstance(decide_holding(seats, hold, START_MS + DAY_MS - HOUR_MS), OutsideSalesWindow)
    assert not isinstance(decide_holding(seats, hold, START_MS + DAY_MS - HOUR_MS - 1), OutsideSalesWindow)
    await inventory.dispose()


async def test_a_cancellation_closes_the_sale_at_the_inventory_with_its_reason(
    catalogue: Catalogue, inventory: AsyncEngine
) -> None:
    venue = await catalogue.venue("genova")
    made = await catalogue.performance(venue)
    await catalogue.stub.OpenForSale(pb.OpenForSaleRequest(**named(made)))
    assert (await copied(inventory, catalogue, made)).on_sale
    await catalogue.stub.CancelPerformance(pb.CancelPerformanceRequest(**named(made), reason="Fire"))
    rules = await copied(inventory, catalogue, made)
    hold = HoldSeats("h1", "anna", (1,), CHANNEL_ONLINE)
    assert decide_holding(SeatMap(2, rules), hold, START_MS - DAY_MS) == PerformanceCancelled()
    await inventory.dispose()


async def test_an_updated_limit_reaches_the_inventory(catalogue: Catalogue, inventory: AsyncEngine) -> None:
    venue = await catalogue.venue("genova")
    made = await catalogue.performance(venue)
    opened = (await catalogue.stub.OpenForSale(pb.OpenForSaleRequest(**named(made)))).performance
    await catalogue.stub.UpdatePerformance(updating(opened, seats_per_holder=2, refuses_orphans=True))
    rules = await copied(inventory, catalogue, made)
    assert (rules.seats_per_holder, rules.refuses_orphans) == (2, True)
    await inventory.dispose()


async def test_reporting_goes_on_describing_it_whatever_happens(catalogue: Catalogue) -> None:
    venue = await catalogue.venue("genova")
    made = await catalogue.performance(venue)
    published = (await catalogue.stub.PublishPerformance(pb.PublishPerformanceRequest(**named(made)))).performance
    updated = (await catalogue.stub.UpdatePerformance(updating(published, code="A1"))).performance
    await catalogue.stub.HidePerformance(pb.HidePerformanceRequest(**named(made)))
    hidden = (await catalogue.stub.GetPerformance(pb.GetPerformanceRequest(**named(made)))).performance
    assert hidden.etag != updated.etag
    moved = (await catalogue.stub.MovePerformance(moving(hidden, START_MS + DAY_MS))).performance
    await catalogue.stub.CancelPerformance(pb.CancelPerformanceRequest(**named(made), reason="Fire"))
    other = await catalogue.performance(venue, "k2")
    await catalogue.stub.ArchivePerformance(pb.ArchivePerformanceRequest(**named(other), etag=other.etag))
    events = await told_events(catalogue)
    assert [event.type.rpartition(".")[2] for event in events] == [
        "PerformanceCreated",
        "PerformancePublished",
        "PerformanceUpdated",
        "PerformanceHidden",
        "PerformanceMoved",
        "PerformanceCancelled",
        "PerformanceCreated",
        "PerformanceArchived",
    ]
    facts = [fact_of(event) for event in events]
    assert all(isinstance(fact, PerformanceDescribed) and fact.title == moved.title for fact in facts)
