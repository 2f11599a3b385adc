"""The inventory's copy of performances and plans, out of a real catalogue: geometry, rules, standing places."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import AsyncIterator, Callable

import pytest
from balcon.catalogue.v1 import catalogue_service_pb2 as catalogue_pb
from balcon.catalogue.v1.catalogue_events_pb2 import PerformanceCreated
from balcon.inventory.v1 import inventory_service_pb2 as pb
from balcon.types.v1.quotas_pb2 import SALE_PHASE_DAY, QuotaAssignment, QuotaPercentages
from balcon.types.v1.quotas_pb2 import QuotaTerms as WireQuota
from balcon.types.v1.seating_pb2 import CHANNEL_BOX_OFFICE, CHANNEL_ONLINE, SeatRefs
from sqlalchemy.ext.asyncio import AsyncEngine

from services.contracts import quotas as quota_arithmetic
from services.contracts.wire_types import instant_ms
from services.inventory.adapters.catalogue_events import copy_performance
from services.inventory.adapters.catalogue_performances import CataloguePerformances, upsert_performance
from services.inventory.domain.records import QuotaTerms
from services.inventory.domain.refusals import PerformanceNotFound
from services.inventory.domain.seat_state import CLAIMED
from services.inventory.ports import Performance
from services.runtime.outbox.event import IncomingEvent
from services.runtime.sql.engine import create_engine
from services.runtime.testing.refusals import refusal
from services.runtime.testing.servers import DatabaseUrl, as_owner
from tests.integration.catalogue.stage import Catalogue, price, running_catalogue
from tests.integration.inventory.node import running_node
from tests.unit.catalogue.plan_documents import encoded, plan, row, seat, zone

DOCUMENT = plan(
    zone(
        row(*(seat(f"A{n}", position={"x": 25 * n, "y": 0}) for n in range(6))),
        row(
            *(seat(f"B{n}", position={"x": 25 * n, "y": 0}, accessible=n == 5) for n in range(6)),
            row_number="B",
            position={"x": 0, "y": 40},
        ),
        areas=[{"name": "Pit", "capacity": 50, "category": "Balcony"}],
    ),
    focal_point={"x": 62.5, "y": 400},
)


@pytest.fixture
async def catalogue(database_url: DatabaseUrl) -> AsyncIterator[Catalogue]:
    async with running_catalogue(database_url("catalogue"), database_url()) as running:
        yield running


@pytest.fixture
async def engine(emptied_database_url: Callable[[str], str]) -> AsyncIterator[AsyncEngine]:
    engine = create_engine(emptied_database_url("inventory"), application="test")
    yield engine
    await engine.dispose()


def performances(engine: AsyncEngine, catalogue: Catalogue) -> CataloguePerformances:
    return CataloguePerformances(engine, catalogue.channel, grace_ms=15_000, cap_ms=1_800_000)


async def on_sale(catalogue: Catalogue, document: bytes) -> catalogue_pb.Performance:
    venue = await catalogue.venue("genova", document)
    created = await catalogue.performance(venue, prices=[price("Stalls"), price("Balcony")], refuses_orphans=True)
    request = catalogue_pb.OpenForSaleRequest(house_id=created.house_id, performance_id=created.performance_id)
    return (await catalogue.stub.OpenForSale(request)).performance


async def found(source: CataloguePerformances, told: catalogue_pb.Performance) -> Performance:
    performance = await source.find(told.house_id, told.performance_id)
    assert isinstance(performance, Performance)
    return performance


async def test_a_plans_geometry_and_the_orphan_rule_reach_the_owner(
    catalogue: Catalogue, engine: AsyncEngine, redis_url: str
) -> None:
    told = await on_sale(catalogue, encoded(DOCUMENT))
    database_url = engine.url.render_as_string(hide_password=False)
    async with running_node(redis_url, database_url, performances(engine, catalogue)) as node:
        key = pb.PerformanceKey(house_id=told.house_id, performance_id=told.performance_id)
        groups = [
            pb.SeatGroup(size=2),
            pb.SeatGroup(size=1, accessible=1),
            pb.SeatGroup(size=3, zones=["Pit"], categories=["Balcony"]),
        ]
        answer = await node.stub.HoldBestAvailable(
            pb.HoldBestAvailableRequest(
                key=key, hold_id="h", holder_id="b", plan_version=1, groups=groups, channel=CHANNEL_ONLINE
            )
        )
        # Near the focal point below, so in row B; B2 and B3 are nearer, but would leave B4 single.
        assert set(answer.hold.seats.seat_ids) == {"B3", "B4", "B5", "Pit:1", "Pit:2", "Pit:3"}
        counts = (await node.stub.GetSeatMap(pb.GetSeatMapRequest(key=key))).counts
        assert (counts.capacity, counts.held) == (62, 6)


async def test_what_is_copied_is_what_the_catalogue_told_and_answers_without_it(
    catalogue: Catalogue, engine: AsyncEngine
) -> None:
    told = await on_sale(catalogue, encoded(DOCUMENT))
    first = await found(performances(engine, catalogue), told)
    assert first.rules.refuses_orphans
    layout = first.plan.layout
    assert layout is not None
    assert layout.categories == ("Stalls", "Balcony")
    assert layout.zones == {"Ground", "Pit"}
    assert layout.regular_seats == 11
    again = await found(performances(engine, catalogue), told)
    assert again == first


async def test_quotas_and_the_publication_reach_the_owner(catalogue: Catalogue, engine: AsyncEngine) -> None:
    told = await on_sale(catalogue, encoded(DOCUMENT))
    assignment = QuotaAssignment(ticket_type="normal", channel=CHANNEL_ONLINE, phase=SALE_PHASE_DAY)
    percentages = QuotaPercentages(online_presale=50, backend_day=0)
    quota = WireQuota(
        quota_id="quo_1",
        name="Pit",
        size=25,
        zones=["Pit"],
        anchor_at=told.starts_at,
        presale_hours=2,
        percentages=percentages,
        assignments=[assignment],
    )
    later = copy.deepcopy(told)
    later.quotas.append(quota)
    later.terms_version += 1
    async with as_owner(engine).begin() as connection:
        await upsert_performance(connection, told)
        await upsert_performance(connection, later)
    rules = (await performances(engine, catalogue).rules_of([told.performance_id]))[told.performance_id]
    start_ms = instant_ms(told.starts_at)
    caps = quota_arithmetic.QuotaPercentages(online_presale=50, backend_day=0)
    sold = frozenset({("normal", CHANNEL_ONLINE, quota_arithmetic.SalePhase.DAY)})
    assert rules.quotas == (QuotaTerms("quo_1", "Pit", 25, (), ("Pit",), start_ms, 2, caps, sold),)
    assert rules.terms_version == told.terms_version + 1
    published_ms = instant_ms(told.published_at)
    assert not rules.is_published(published_ms - 1)
    assert rules.is_published(published_ms)


async def test_an_event_from_before_what_was_asked_for_takes_nothing_back(
    catalogue: Catalogue, engine: AsyncEngine
) -> None:
    told = await on_sale(catalogue, encoded(DOCUMENT))
    newer, unversioned = copy.deepcopy(told), copy.deepcopy(told)
    newer.terms_version, newer.seats_per_holder = told.terms_version + 1, 3
    unversioned.terms_version, unversioned.seats_per_holder = 0, 7
    for message, seats_per_holder in ((newer, 3), (told, 3), (newer, 3), (unversioned, 7)):
        async with as_owner(engine).begin() as connection:
            await upsert_performance(connection, message)
        rules = await performances(engine, catalogue).rules_of([told.performance_id])
        assert rules[told.performance_id].seats_per_holder == seats_per_holder


async def test_a_category_of_the_plan_without_seats_reaches_the_owner(
    catalogue: Catalogue, engine: AsyncEngine
) -> None:
    told = await on_sale(catalogue, encoded(plan(zone(row(seat("A1"))))))
    for source in (performances(engine, catalogue), performances(engine, catalogue)):
        layout = (await found(source, told)).plan.layout
        assert layout is not None
        assert layout.categories == ("Stalls", "Balcony")


async def test_performances_of_one_hall_share_one_layout(catalogue: Catalogue, engine: AsyncEngine) -> None:
    venue = await catalogue.venue("genova", encoded(DOCUMENT))
    told = [await catalogue.performance(venue, f"p{n}") for n in range(5)]
    source = performances(engine, catalogue)
    layouts = [performance.plan.layout for performance in await asyncio.gather(*(found(source, one) for one in told))]
    assert layouts[0] is not None
    assert all(layout is layouts[0] for layout in layouts)


def created_event(told: catalogue_pb.Performance) -> IncomingEvent:
    """The creation as it was told while the performance still was a draft."""
    draft = catalogue_pb.Performance()
    draft.CopyFrom(told)
    draft.sale_state = catalogue_pb.SALE_STATE_DRAFT
    return IncomingEvent(
        id="evt_1",
        source="balcon/catalogue",
        topic="balcon.catalogue.v1",
        key=told.performance_id,
        type="balcon.catalogue.v1.PerformanceCreated",
        payload=PerformanceCreated(performance=draft).SerializeToString(),
        sequence=1,
        time_ms=0,
        house_id=told.house_id,
    )


async def test_a_draft_s_late_event_does_not_take_a_performance_off_sale(
    catalogue: Catalogue, engine: AsyncEngine
) -> None:
    told = await on_sale(catalogue, encoded(DOCUMENT))
    source = performances(engine, catalogue)
    await found(source, told)
    async with as_owner(engine).begin() as connection:
        await copy_performance(connection, created_event(told))
    assert (await source.rules_of([told.performance_id]))[told.performance_id].on_sale


async def test_a_sale_that_opened_a_moment_ago_is_open_though_its_event_is_on_the_way(
    catalogue: Catalogue, engine: AsyncEngine
) -> None:
    told = await on_sale(catalogue, encoded(DOCUMENT))
    async with as_owner(engine).begin() as connection:
        await copy_performance(connection, created_event(told))
    assert (await found(performances(engine, catalogue), told)).rules.on_sale


async def test_a_performance_is_known_to_its_own_house_only(catalogue: Catalogue, engine: AsyncEngine) -> None:
    """INV-8, also once the row is copied: nobody asks the catalogue any more, which would know."""
    told = await on_sale(catalogue, encoded(DOCUMENT))
    other = (await catalogue.venue("napoli", encoded(DOCUMENT))).house.house_id
    source = performances(engine, catalogue)
    for _ in range(2):
        assert await source.find(other, told.performance_id) == PerformanceNotFound(told.performance_id)
        assert (await found(source, told)).house_id == told.house_id


async def test_another_house_s_word_changes_nothing_of_a_performance(catalogue: Catalogue, engine: AsyncEngine) -> None:
    told = await on_sale(catalogue, encoded(DOCUMENT))
    source = performances(engine, catalogue)
    known = await found(source, told)
    foreign = catalogue_pb.Performance()
    foreign.CopyFrom(told)
    foreign.house_id, foreign.seats_per_holder, foreign.sale_state = "hse_other", 1, catalogue_pb.SALE_STATE_DRAFT
    async with as_owner(engine).begin() as connection:
        await upsert_performance(connection, foreign)
    assert (await source.rules_of([told.performance_id]))[told.performance_id] == known.rules


async def test_a_performance_on_sale_changes_its_plan_where_nothing_is_held_or_sold(
    catalogue: Catalogue, engine: AsyncEngine, redis_url: str
) -> None:
    """The whole way: catalogue, owner, both stores. B0 to B5 move, A5 is gone, A6 is new."""
    told = await on_sale(catalogue, encoded(DOCUMENT))
    shorter = copy.deepcopy(DOCUMENT)
    shorter["zones"][0]["rows"][0]["seats"][5]["seat_guid"] = "A6"
    shorter["zones"][0]["rows"][0]["seats"].append(seat("A7", position={"x": 150, "y": 0}))
    await catalogue.stub.ImportSeatingPlan(
        catalogue_pb.ImportSeatingPlanRequest(
            idempotency_key="two", house_id=told.house_id, hall_id=told.hall_id, plan_json=encoded(shorter)
        )
    )
    change = catalogue_pb.ChangePerformancePlanRequest(
        house_id=told.house_id, performance_id=told.performance_id, plan_version=2, etag=told.etag
    )
    key = pb.PerformanceKey(house_id=told.house_id, performance_id=told.performance_id)
    copies = performances(engine, catalogue)
    database_url = engine.url.render_as_string(hide_password=False)
    async with running_node(redis_url, database_url, copies, halls=copies) as node:
        catalogue.owners.answer = node.stub.AdoptPlan
        for hold_id, seat_id in (("h1", "B1"), ("h2", "A5")):
            refs = SeatRefs(plan_version=1, seat_ids=[seat_id])
            await node.stub.HoldSeats(
                pb.HoldSeatsRequest(key=key, hold_id=hold_id, holder_id="b", seats=refs, channel=CHANNEL_BOX_OFFICE)
            )
        refused = await refusal(catalogue.stub.ChangePerformancePlan(change))
        assert (refused.reason, refused.lists["held"]) == ("PLAN_IN_USE", ("A5", "B1"))
        await node.stub.ReleaseHold(pb.ReleaseHoldRequest(key=key, hold_id="h2", holder_id="b"))
        claimed = SeatRefs(plan_version=1, seat_ids=["B1"])
        await node.stub.ClaimSeats(
            pb.ClaimSeatsRequest(
                key=key, order_id="o1", holder_id="b", hold_id="h1", seats=claimed, channel=CHANNEL_BOX_OFFICE
            )
        )
        changed = (await catalogue.stub.ChangePerformancePlan(change)).performance
        assert (changed.plan_version, changed.capacity) == (2, 63)
        seats = await node.stub.GetSeatMap(pb.GetSeatMapRequest(key=key, with_seat_ids=True))
        assert seats.plan_version == 2
        assert [seats.seat_ids[index] for index, state in enumerate(seats.seat_states) if state == CLAIMED] == ["B1"]
        with_old = SeatRefs(plan_version=1, seat_ids=["A1"])
        late = pb.HoldSeatsRequest(key=key, hold_id="h3", holder_id="b", seats=with_old, channel=CHANNEL_BOX_OFFICE)
        assert (await refusal(node.stub.HoldSeats(late))).reason == "PLAN_VERSION_MISMATCH"
        late.seats.plan_version = 2
        late.seats.seat_ids[:] = ["A7"]
        await node.stub.HoldSeats(late)
        # What an order held before is claimed by the plan that the order knows.
        await node.stub.CancelClaim(pb.CancelClaimRequest(key=key, order_id="o1"))
        again = pb.ClaimSeatsRequest(key=key, order_id="o2", holder_id="b", seats=claimed, channel=CHANNEL_BOX_OFFICE)
        await node.stub.ClaimSeats(again)
