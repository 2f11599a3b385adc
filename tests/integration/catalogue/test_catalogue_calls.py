"""What a house does with the catalogue, over real gRPC and PostgreSQL, from its first hall to a closed sale."""

from __future__ import annotations

from typing import Any

import grpc
import pytest
from balcon.catalogue.v1 import catalogue_service_pb2 as pb
from google.protobuf.timestamp_pb2 import Timestamp

from services.contracts.wire_types import instant_ms, wire_instant
from services.runtime.testing.refusals import refusal
from tests.integration.catalogue.stage import START_MS, Catalogue, price
from tests.unit.catalogue.plan_documents import (
    RIETHSPORTHALLE,
    SCHOUWBURG,
    changed,
    encoded,
    packaged_plan,
    plan,
    row,
    seat,
    zone,
)


@pytest.mark.parametrize(("name", "seats"), [(RIETHSPORTHALLE, 1222), (SCHOUWBURG, 618)])
async def test_a_real_hall_is_imported_and_read_back(catalogue: Catalogue, name: str, seats: int) -> None:
    venue = await catalogue.venue("genova", packaged_plan(name))
    place: dict[str, Any] = {"house_id": venue.house.house_id, "hall_id": venue.hall.hall_id}
    latest = (await catalogue.stub.GetSeatingPlan(pb.GetSeatingPlanRequest(**place))).plan
    assert (latest.plan_version, len(latest.seats)) == (1, seats)
    assert (latest.house_id, latest.hall_id) == (venue.house.house_id, venue.hall.hall_id)
    assert len({seat.seat_id for seat in latest.seats}) == seats
    again = (await catalogue.stub.GetSeatingPlan(pb.GetSeatingPlanRequest(**place, plan_version=1))).plan
    assert again == latest


async def test_an_import_adds_a_version_and_leaves_the_others_as_they_were(catalogue: Catalogue) -> None:
    venue = await catalogue.venue("genova")
    place: dict[str, Any] = {"house_id": venue.house.house_id, "hall_id": venue.hall.hall_id}
    first = await catalogue.stub.GetSeatingPlan(pb.GetSeatingPlanRequest(**place))
    larger = encoded(plan(zone(row(seat("s1"), seat("s2"), seat("s3", position={"x": 7, "y": 0.5})))))
    imported = await catalogue.stub.ImportSeatingPlan(
        pb.ImportSeatingPlanRequest(**place, idempotency_key="again", plan_json=larger)
    )
    assert (imported.plan_version, imported.seat_count) == (2, 3)
    latest = (await catalogue.stub.GetSeatingPlan(pb.GetSeatingPlanRequest(**place))).plan
    assert (latest.plan_version, latest.seats[2].x, latest.seats[2].y) == (2, 7.0, 0.5)
    assert await catalogue.stub.GetSeatingPlan(pb.GetSeatingPlanRequest(**place, plan_version=1)) == first
    for unknown in (3, 2**32 - 1):
        refused = await refusal(catalogue.stub.GetSeatingPlan(pb.GetSeatingPlanRequest(**place, plan_version=unknown)))
        assert (refused.reason, refused.code) == ("SEATING_PLAN_NOT_FOUND", grpc.StatusCode.NOT_FOUND)


MALFORMED_PLANS: list[tuple[bytes, str, str]] = [
    (b"%PDF-1.7", "plan_json", "UTF-8 JSON"),
    (b" " * 10_000_001, "plan_json", "10,000,000 bytes"),
    (
        encoded(plan(zone(row(seat("s"), seat("s"))))),
        "zones[0].rows[0].seats[1].seat_guid",
        "unique in the plan",
    ),
    (
        encoded(plan(zone(row(seat("s", category="Loge"))))),
        "zones[0].rows[0].seats[0].category",
        "one of the plan's categories",
    ),
    (encoded(changed(plan(), ("zones",), [])), "zones", "1 to 1,000 zones"),
]


async def test_a_malformed_plan_names_field_and_limit_and_changes_nothing(catalogue: Catalogue) -> None:
    venue = await catalogue.venue("genova")
    for document, field, limit in MALFORMED_PLANS:
        request = pb.ImportSeatingPlanRequest(
            idempotency_key="bad", house_id=venue.house.house_id, hall_id=venue.hall.hall_id, plan_json=document
        )
        refused = await refusal(catalogue.stub.ImportSeatingPlan(request))
        assert (refused.reason, refused.code) == ("PLAN_INVALID", grpc.StatusCode.INVALID_ARGUMENT)
        assert refused.facts["field"] == field
        assert limit in refused.facts["limit"]
    assert await catalogue.rows("SELECT plan_version FROM seating_plans") == [(1,)]
    assert await catalogue.rows("SELECT 1 FROM idempotency_keys WHERE key = 'bad'") == []


async def test_a_performance_takes_the_latest_plan_and_keeps_it(catalogue: Catalogue) -> None:
    venue = await catalogue.venue("genova")
    before = await catalogue.performance(venue)
    await catalogue.stub.ImportSeatingPlan(
        pb.ImportSeatingPlanRequest(
            idempotency_key="again",
            house_id=venue.house.house_id,
            hall_id=venue.hall.hall_id,
            plan_json=encoded(plan(zone(row(seat("s1"), seat("s2"), seat("s3"))))),
        )
    )
    after = await catalogue.performance(venue, "later")
    assert (before.plan_version, before.capacity) == (1, 2)
    assert (after.plan_version, after.capacity) == (2, 3)
    key = pb.GetPerformanceRequest(house_id=venue.house.house_id, performance_id=before.performance_id)
    assert (await catalogue.stub.GetPerformance(key)).performance == before


async def test_a_new_performance_is_a_draft_with_its_prices_in_order(catalogue: Catalogue) -> None:
    venue = await catalogue.venue("genova")
    prices = [price("Balcony", 900), price("Stalls"), price("Balcony", 450, ticket_type="student")]
    created = await catalogue.performance(venue, prices=prices, seats_per_holder=4, hold_ttl_seconds=120)
    key = pb.GetPerformanceRequest(house_id=venue.house.house_id, performance_id=created.performance_id)
    assert (await catalogue.stub.GetPerformance(key)).performance == created
    assert created.performance_id.startswith("prf_")
    assert (created.sale_state, created.title, instant_ms(created.starts_at)) == (
        pb.SALE_STATE_DRAFT,
        "Hamlet",
        START_MS,
    )
    for told in created.prices:
        assert [(one.kind, one.amount) for one in told.components] == [(pb.PRICE_COMPONENT_KIND_BASE, told.amount)]
    plain = [
        pb.Price(category=one.category, ticket_type=one.ticket_type, kind=one.kind, amount=one.amount)
        for one in created.prices
    ]
    assert plain == prices
    assert created.from_price.amount_minor == 900
    assert (created.seats_per_holder, created.hold_ttl_seconds) == (4, 120)


OUT_OF_BOUNDS: list[tuple[dict[str, object], str]] = [
    ({"prices": [price("Stalls")]}, "prices"),
    ({"prices": []}, "prices"),
    ({"prices": [price("Stalls"), price("Balcony"), price("Loge")]}, "prices[2].category"),
    ({"prices": [price("Stalls", -1), price("Balcony")]}, "prices[0].amount.amount_minor"),
    ({"prices": [price("Stalls"), price("Balcony", currency="NOK")]}, "prices[1].amount.currency"),
    ({"prices": [price("Stalls"), pb.Price(category="Balcony", ticket_type="normal")]}, "prices[1].kind"),
    ({"starts_at": Timestamp()}, "starts_at"),
    ({"seats_per_holder": 101}, "seats_per_holder"),
    ({"hold_ttl_seconds": 4_000_000_000}, "hold_ttl_seconds"),
    ({"idempotency_key": ""}, "idempotency_key"),
    ({"idempotency_key": "no spaces"}, "idempotency_key"),
    ({"hall_id": ""}, "hall_id"),
    ({"production_id": "x" * 65}, "production_id"),
    ({"house_id": "'; DROP TABLE houses"}, "house_id"),
]


async def test_a_performance_out_of_bounds_names_the_field_and_changes_nothing(catalogue: Catalogue) -> None:
    venue = await catalogue.venue("genova")
    for changes, field in OUT_OF_BOUNDS:
        refused = await refusal(catalogue.stub.CreatePerformance(venue.performance_request("k", **changes)))
        assert (refused.reason, refused.facts["field"]) == ("FIELD_INVALID", field)
        assert refused.facts["limit"]
    assert (
        await catalogue.rows("SELECT 1 FROM performances UNION ALL SELECT 1 FROM outbox WHERE key LIKE 'prf_%'") == []
    )


async def test_what_a_performance_needs_must_be_there(catalogue: Catalogue) -> None:
    venue = await catalogue.venue("genova")
    bare = await catalogue.stub.CreateHall(
        pb.CreateHallRequest(idempotency_key="bare", house_id=venue.house.house_id, name="Bare")
    )
    for changes, reason in (
        ({"house_id": "hse_unknown"}, "HOUSE_NOT_FOUND"),
        ({"hall_id": "hal_unknown"}, "HALL_NOT_FOUND"),
        ({"hall_id": bare.hall.hall_id}, "SEATING_PLAN_NOT_FOUND"),
        ({"plan_version": 2}, "SEATING_PLAN_NOT_FOUND"),
        ({"plan_version": 2**32 - 1}, "SEATING_PLAN_NOT_FOUND"),
        ({"production_id": "prd_unknown"}, "PRODUCTION_NOT_FOUND"),
    ):
        refused = await refusal(catalogue.stub.CreatePerformance(venue.performance_request("k", **changes)))
        assert (refused.reason, refused.code) == (reason, grpc.StatusCode.NOT_FOUND)


async def test_a_sale_is_opened_closed_and_opened_again(catalogue: Catalogue) -> None:
    venue = await catalogue.venue("genova")
    created = await catalogue.performance(venue)
    key = {"house_id": venue.house.house_id, "performance_id": created.performance_id}
    refused = await refusal(catalogue.stub.CloseSale(pb.CloseSaleRequest(**key)))
    assert (refused.reason, refused.code) == ("SALE_NOT_OPENED", grpc.StatusCode.FAILED_PRECONDITION)
    opened = await catalogue.stub.OpenForSale(pb.OpenForSaleRequest(**key))
    assert opened.performance.sale_state == pb.SALE_STATE_ON_SALE
    assert await catalogue.stub.OpenForSale(pb.OpenForSaleRequest(**key)) == opened
    closed = await catalogue.stub.CloseSale(pb.CloseSaleRequest(**key))
    assert closed.performance.sale_state == pb.SALE_STATE_CLOSED
    assert await catalogue.stub.CloseSale(pb.CloseSaleRequest(**key)) == closed
    again = await catalogue.stub.OpenForSale(pb.OpenForSaleRequest(**key))
    assert again.performance.sale_state == pb.SALE_STATE_ON_SALE
    assert [answer.performance.etag for answer in (opened, closed, again)] == ['"2"', '"3"', '"4"']
    assert (await catalogue.stub.GetPerformance(pb.GetPerformanceRequest(**key))).performance == again.performance


async def test_performances_are_listed_by_start_in_pages(catalogue: Catalogue) -> None:
    venue = await catalogue.venue("genova")
    starts = [START_MS + offset for offset in (3, 1, 1, 2, 0)]
    for number, starts_at_ms in enumerate(starts):
        await catalogue.performance(venue, f"k{number}", starts_at=wire_instant(starts_at_ms))
    listed: list[pb.Performance] = []
    token, pages = "", 0
    while token or not pages:
        page = await catalogue.stub.ListPerformances(
            pb.ListPerformancesRequest(house_id=venue.house.house_id, page_size=2, page_token=token)
        )
        listed, token, pages = [*listed, *page.performances], page.next_page_token, pages + 1
    assert pages == 3
    assert [instant_ms(performance.starts_at) for performance in listed] == sorted(starts)
    assert len({performance.performance_id for performance in listed}) == 5
    whole = await catalogue.stub.ListPerformances(pb.ListPerformancesRequest(house_id=venue.house.house_id))
    assert (list(whole.performances), whole.next_page_token) == (listed, "")


async def test_a_page_that_was_never_given_out_is_refused(catalogue: Catalogue) -> None:
    for page_size, page_token, field in (
        (501, "", "page_size"),
        (1, "nonsense", "page_token"),
        (1, "\u00e9", "page_token"),
        (1, "MTIzOicgT1I", "page_token"),
        (1, "Ojo6", "page_token"),
        (1, "A" * 10_000, "page_token"),
    ):
        request = pb.ListPerformancesRequest(house_id="hse_1", page_size=page_size, page_token=page_token)
        refused = await refusal(catalogue.stub.ListPerformances(request))
        assert (refused.reason, refused.facts["field"]) == ("FIELD_INVALID", field)


async def test_standing_places_accessible_seats_and_the_focal_point_are_given_out(catalogue: Catalogue) -> None:
    pit = {"name": "Pit", "capacity": 40, "category": "Balcony"}
    document = plan(zone(row(seat("s1", accessible=True), seat("s2")), areas=[pit]), focal_point={"x": 10, "y": -5})
    venue = await catalogue.venue("genova", encoded(document))
    place: dict[str, Any] = {"house_id": venue.house.house_id, "hall_id": venue.hall.hall_id}
    given = (await catalogue.stub.GetSeatingPlan(pb.GetSeatingPlanRequest(**place))).plan
    assert [seat.accessible for seat in given.seats] == [True, False] + [False] * 40
    assert [seat.zone for seat in given.seats if seat.standing] == ["Pit"] * 40
    assert (given.focal_point.x, given.focal_point.y) == (10, -5)
    assert (await catalogue.performance(venue)).capacity == 42


async def test_the_orphan_rule_is_chosen_with_the_performance_and_kept(catalogue: Catalogue) -> None:
    venue = await catalogue.venue("genova")
    plain = await catalogue.performance(venue, "plain")
    strict = await catalogue.performance(venue, "strict", refuses_orphans=True)
    assert (plain.refuses_orphans, strict.refuses_orphans) == (False, True)
    key = {"house_id": venue.house.house_id, "performance_id": strict.performance_id}
    assert (await catalogue.stub.OpenForSale(pb.OpenForSaleRequest(**key))).performance.refuses_orphans
    assert (await catalogue.stub.GetPerformance(pb.GetPerformanceRequest(**key))).performance.refuses_orphans
    other = venue.performance_request("strict", refuses_orphans=False)
    assert (await refusal(catalogue.stub.CreatePerformance(other))).reason == "IDEMPOTENCY_KEY_REUSED"


async def test_a_page_of_performances_with_many_prices_ends_while_clients_take_it(
    catalogue: Catalogue,
) -> None:
    venue = await catalogue.venue("genova")
    prices = [price("Stalls"), price("Balcony")]
    prices += [price("Stalls", ticket_type=f"type {number}") for number in range(498)]
    told = [await catalogue.performance(venue, f"p{number}", prices=prices) for number in range(3)]
    pages: list[list[str]] = []
    token = ""
    while not pages or token:
        request = pb.ListPerformancesRequest(house_id=venue.house.house_id, page_size=500, page_token=token)
        answer = await catalogue.stub.ListPerformances(request)
        pages.append([performance.performance_id for performance in answer.performances])
        token = answer.next_page_token
    assert [len(page) for page in pages] == [2, 1]
    assert {name for page in pages for name in page} == {performance.performance_id for performance in told}
