"""Price lists and ticket types over gRPC: taken by performances as copies; prices change for new orders only."""

from __future__ import annotations

from balcon.catalogue.v1 import catalogue_service_pb2 as pb
from balcon.types.v1.seating_pb2 import CHANNEL_BOX_OFFICE
from google.protobuf.field_mask_pb2 import FieldMask

from services.runtime.testing.refusals import refusal
from tests.integration.catalogue.stage import Catalogue, Venue, price


async def a_list(catalogue: Catalogue, venue: Venue, *prices: pb.Price, key: str = "list") -> pb.PriceList:
    request = pb.CreatePriceListRequest(
        idempotency_key=key,
        house_id=venue.house.house_id,
        price_list=pb.PriceList(price_list_id="season", name="Season", prices=prices),
    )
    return (await catalogue.stub.CreatePriceList(request)).price_list


def amounts(performance: pb.Performance) -> list[int]:
    return [one.amount.amount_minor for one in performance.prices]


async def test_a_performance_takes_a_copy_of_a_list_that_later_changes_leave_alone(catalogue: Catalogue) -> None:
    venue = await catalogue.venue("genova")
    season = await a_list(catalogue, venue, price("Stalls"), price("Balcony", 1_500))
    assert await a_list(catalogue, venue, price("Stalls"), price("Balcony", 1_500)) == season
    made = await catalogue.performance(venue, prices=[price("Balcony", 1_200)], price_list_id=season.price_list_id)
    assert amounts(made) == [2_500, 1_200]
    season.prices[0].amount.amount_minor = 9_900
    update = pb.UpdatePriceListRequest(
        house_id=venue.house.house_id, price_list=season, update_mask=FieldMask(paths=["prices"]), etag=season.etag
    )
    changed = (await catalogue.stub.UpdatePriceList(update)).price_list
    assert changed.prices[0].amount.amount_minor == 9_900
    read = pb.GetPerformanceRequest(house_id=venue.house.house_id, performance_id=made.performance_id)
    assert (await catalogue.stub.GetPerformance(read)).performance == made


async def test_prices_of_a_performance_change_for_whoever_has_read_them(catalogue: Catalogue) -> None:
    venue = await catalogue.venue("genova")
    made = await catalogue.performance(venue)
    season = await a_list(catalogue, venue, price("Stalls", 3_000), price("Balcony", 2_000))
    request = pb.UpdatePerformancePricesRequest(
        house_id=venue.house.house_id,
        performance_id=made.performance_id,
        prices=[price("Stalls", 500, ticket_type="student")],
        price_list_id=season.price_list_id,
        etag=made.prices_etag,
    )
    changed = (await catalogue.stub.UpdatePerformancePrices(request)).performance
    assert amounts(changed) == [3_000, 2_000, 500]
    assert changed.prices_etag != made.prices_etag
    read = pb.GetPerformanceRequest(house_id=venue.house.house_id, performance_id=made.performance_id)
    assert (await catalogue.stub.GetPerformance(read)).performance == changed
    assert (await refusal(catalogue.stub.UpdatePerformancePrices(request))).reason == "ETAG_STALE"
    request.etag, request.price_list_id = changed.prices_etag, ""
    refused = await refusal(catalogue.stub.UpdatePerformancePrices(request))
    assert [violation.field for violation in refused.violations] == ["prices", "prices"]
    acts = await catalogue.rows("SELECT type FROM outbox WHERE topic = 'balcon.acts.v1' ORDER BY id DESC LIMIT 1")
    assert acts
    assert await catalogue.violations() == []


async def test_a_list_that_is_archived_or_another_houses_is_not_taken(catalogue: Catalogue) -> None:
    venue, other = await catalogue.venue("genova"), await catalogue.venue("roma")
    theirs = await a_list(catalogue, other, price("Stalls"), price("Balcony"))
    mine = await a_list(catalogue, venue, price("Stalls"), price("Balcony"))
    archive = pb.ArchivePriceListRequest(
        house_id=venue.house.house_id, price_list_id=mine.price_list_id, etag=mine.etag
    )
    await catalogue.stub.ArchivePriceList(archive)
    for price_list_id in (theirs.price_list_id, mine.price_list_id, "prl_none"):
        request = venue.performance_request("performance", prices=[], price_list_id=price_list_id)
        refused = await refusal(catalogue.stub.CreatePerformance(request))
        assert [violation.field for violation in refused.violations] == ["price_list_id"]


async def test_a_list_of_another_currency_or_with_a_price_twice_is_refused_whole(catalogue: Catalogue) -> None:
    venue = await catalogue.venue("genova")
    request = pb.CreatePriceListRequest(
        idempotency_key="list",
        house_id=venue.house.house_id,
        price_list=pb.PriceList(
            price_list_id="season", name="Season", prices=[price("Stalls"), price("Stalls", currency="NOK")]
        ),
    )
    refused = await refusal(catalogue.stub.CreatePriceList(request))
    assert [violation.field for violation in refused.violations] == [
        "price_list.prices[1].amount.currency",
        "price_list.prices[1]",
    ]


async def test_a_ticket_types_conditions_are_told_with_the_performances_that_have_it(catalogue: Catalogue) -> None:
    venue = await catalogue.venue("genova")
    student = pb.TicketType(
        ticket_type_id="student",
        name="Student",
        translations=[pb.LocalName(language="it", name="Studenti")],
        kind=pb.TICKET_KIND_DISCOUNT,
        channels=[CHANNEL_BOX_OFFICE],
        max_per_order=2,
    )
    create = pb.CreateTicketTypeRequest(idempotency_key="student", house_id=venue.house.house_id, ticket_type=student)
    kept = (await catalogue.stub.CreateTicketType(create)).ticket_type
    assert (kept.name, kept.translations[0].name, kept.max_per_order) == ("Student", "Studenti", 2)
    prices = [price("Stalls"), price("Balcony"), price("Stalls", 900, ticket_type="student")]
    made = await catalogue.performance(venue, prices=prices)
    assert [(one.ticket_type, list(one.channels), one.max_per_order) for one in made.ticket_terms] == [
        ("student", [CHANNEL_BOX_OFFICE], 2)
    ]
    plain = await catalogue.performance(venue, "plain")
    assert not plain.ticket_terms
