"""Performances changed, found and listed over real gRPC and PostgreSQL."""

from __future__ import annotations

from typing import Any

import pytest
from balcon.catalogue.v1 import catalogue_events_pb2 as events
from balcon.catalogue.v1 import catalogue_service_pb2 as pb
from google.protobuf.field_mask_pb2 import FieldMask

from services.catalogue.adapters.performance_rows import page_of
from services.catalogue.domain.performance_filter import PerformanceFilter
from services.contracts.pages import Place
from services.contracts.wire_types import wire_instant
from services.runtime.testing.refusals import refusal
from tests.integration.catalogue.stage import START_MS, Catalogue, Venue, price
from tests.integration.catalogue.test_performance_life import DAY_MS, HOUR_MS, acts, named, told

TEXTS = [pb.ProductionText(language="nl", title="Hamlet, met gebarentolk")]


def updating(performance: pb.Performance, **changes: Any) -> pb.UpdatePerformanceRequest:
    return pb.UpdatePerformanceRequest(
        house_id=performance.house_id,
        performance=pb.Performance(performance_id=performance.performance_id, **changes),
        update_mask=FieldMask(paths=list(changes)),
        etag=performance.etag,
    )


async def listed(catalogue: Catalogue, venue: Venue, **filters: Any) -> list[str]:
    """Titles or ids would say less than codes here."""
    request = pb.ListPerformancesRequest(house_id=venue.house.house_id, **filters)
    return [performance.code for performance in (await catalogue.stub.ListPerformances(request)).performances]


async def test_an_update_changes_what_it_names_and_is_told(catalogue: Catalogue) -> None:
    venue = await catalogue.venue("genova")
    made = await catalogue.performance(venue, code="A1", seats_per_holder=4)
    asked = updating(made, code="A2", texts=TEXTS, doors_at=wire_instant(START_MS - HOUR_MS))
    changed = (await catalogue.stub.UpdatePerformance(asked)).performance
    assert (changed.code, list(changed.texts), changed.seats_per_holder) == ("A2", TEXTS, 4)
    assert (changed.doors_at, changed.etag) == (wire_instant(START_MS - HOUR_MS), '"2"')
    assert (await catalogue.stub.GetPerformance(pb.GetPerformanceRequest(**named(made)))).performance == changed
    assert (await catalogue.stub.UpdatePerformance(asked)).performance == changed
    (payload,) = await told(catalogue, "balcon.catalogue.v1.PerformanceUpdated")
    event = events.PerformanceUpdated.FromString(payload)
    assert (event.performance, list(event.fields)) == (changed, ["code", "doors_at", "texts"])
    act = (await acts(catalogue))[-1]
    assert (act.act, dict(act.facts)) == ("performance.changed", {"fields": "code,doors_at,texts"})


async def test_a_lost_update_is_refused(catalogue: Catalogue) -> None:
    venue = await catalogue.venue("genova")
    made = await catalogue.performance(venue)
    await catalogue.stub.UpdatePerformance(updating(made, code="A1"))
    refused = await refusal(catalogue.stub.UpdatePerformance(updating(made, code="A2")))
    assert (refused.reason, refused.facts["etag"]) == ("ETAG_STALE", '"2"')


async def test_an_update_to_a_code_that_is_taken_changes_nothing(catalogue: Catalogue) -> None:
    venue = await catalogue.venue("genova")
    first = await catalogue.performance(venue, "k1", code="A1")
    second = await catalogue.performance(venue, "k2", code="A2")
    refused = await refusal(catalogue.stub.UpdatePerformance(updating(second, code="A1", seats_per_holder=7)))
    assert (refused.reason, refused.facts["performance_id"]) == ("CODE_TAKEN", first.performance_id)
    assert (await catalogue.stub.GetPerformance(pb.GetPerformanceRequest(**named(second)))).performance == second


async def test_before_its_sale_another_production_may_be_shown_and_its_title_follows(catalogue: Catalogue) -> None:
    venue = await catalogue.venue("genova")
    made = await catalogue.performance(venue)
    other = pb.CreateProductionRequest(idempotency_key="o", house_id=venue.house.house_id, title="Othello")
    production = (await catalogue.stub.CreateProduction(other)).production
    changed = (
        await catalogue.stub.UpdatePerformance(updating(made, production_id=production.production_id))
    ).performance
    assert changed.title == "Othello"
    refused = await refusal(catalogue.stub.UpdatePerformance(updating(changed, production_id="prd_unknown")))
    assert refused.reason == "PRODUCTION_NOT_FOUND"
    opened = (await catalogue.stub.OpenForSale(pb.OpenForSaleRequest(**named(made)))).performance
    back = updating(opened, production_id=venue.production.production_id)
    refused = await refusal(catalogue.stub.UpdatePerformance(back))
    assert (refused.reason, refused.facts["fields"]) == ("FIXED_BY_SALE", "production_id")


@pytest.mark.parametrize("field", ["starts_at", "hall_id", "plan_version", "prices", "title", "sale_state", "nonsense"])
async def test_what_no_update_changes_is_refused_by_the_mask(catalogue: Catalogue, field: str) -> None:
    venue = await catalogue.venue("genova")
    asked = updating(await catalogue.performance(venue), code="A1")
    asked.update_mask.paths.append(field)
    refused = await refusal(catalogue.stub.UpdatePerformance(asked))
    assert (refused.reason, refused.facts["field"]) == ("FIELD_INVALID", "update_mask")
    assert field in refused.message


async def test_r0_9_a_performance_is_found_by_its_code(catalogue: Catalogue) -> None:
    venue, other = await catalogue.venue("genova"), await catalogue.venue("parma")
    made = await catalogue.performance(venue, code="A1")

    async def found(house_id: str, code: str) -> pb.Performance:
        request = pb.GetPerformanceByCodeRequest(house_id=house_id, code=code)
        return (await catalogue.stub.GetPerformanceByCode(request)).performance

    assert await found(venue.house.house_id, "A1") == made
    for house_id, code in ((venue.house.house_id, "a1"), (other.house.house_id, "A1")):
        assert (await refusal(found(house_id, code))).reason == "CODE_UNKNOWN"
    assert (await refusal(found(venue.house.house_id, ""))).facts["field"] == "code"


async def test_a_list_has_what_passes_every_filter(catalogue: Catalogue) -> None:
    venue = await catalogue.venue("genova")
    past = await catalogue.performance(venue, "k0", code="past", starts_at=wire_instant(START_MS - 900 * DAY_MS * 2))
    draft = await catalogue.performance(venue, "k1", code="draft", texts=TEXTS)
    sold = await catalogue.performance(venue, "k2", code="sold", starts_at=wire_instant(START_MS + DAY_MS))
    later = await catalogue.performance(venue, "k3", code="later", starts_at=wire_instant(START_MS + 2 * DAY_MS))
    await catalogue.stub.OpenForSale(pb.OpenForSaleRequest(**named(sold)))
    at = wire_instant(START_MS)
    await catalogue.stub.PublishPerformance(pb.PublishPerformanceRequest(**named(later), published_at=at))
    series = pb.CreateSeriesRequest(
        idempotency_key="s", **named(draft), starts=pb.StartList(starts_at=[wire_instant(START_MS + 5 * DAY_MS)])
    )
    series_id = (await catalogue.stub.CreateSeries(series)).series_id
    archiving = pb.ArchivePerformanceRequest(**named(past), etag=past.etag)
    await catalogue.stub.ArchivePerformance(archiving)
    expected: list[tuple[dict[str, Any], list[str]]] = [
        ({}, ["draft", "sold", "later", ""]),
        ({"include_archived": True}, ["past", "draft", "sold", "later", ""]),
        ({"starts_from_at": wire_instant(START_MS + DAY_MS)}, ["sold", "later", ""]),
        ({"starts_until_at": wire_instant(START_MS + DAY_MS)}, ["draft"]),
        ({"production_id": venue.production.production_id, "text": "HAMLET"}, ["draft", "sold", "later", ""]),
        ({"production_id": "prd_unknown"}, []),
        ({"hall_id": "hal_unknown"}, []),
        ({"series_id": series_id}, ["draft", ""]),
        ({"code": "sold"}, ["sold"]),
        ({"text": "gebarentolk"}, ["draft", ""]),
        ({"text": "LATE"}, ["later"]),
        ({"text": "%"}, []),
        ({"sale_states": [pb.SALE_STATE_ON_SALE]}, ["sold"]),
        ({"sale_states": [pb.SALE_STATE_ON_SALE, pb.SALE_STATE_DRAFT]}, ["draft", "sold", "later", ""]),
        ({"publications": [pb.PUBLICATION_PUBLISHED]}, ["sold", "later"]),
        ({"shown_at": wire_instant(START_MS - 1)}, ["sold"]),
        ({"shown_at": at}, ["sold", "later"]),
    ]
    for filters, codes in expected:
        assert await listed(catalogue, venue, **filters) == codes, filters
    refused = await refusal(listed(catalogue, venue, sale_states=[9]))
    assert refused.facts["field"] == "sale_states[0]"


async def test_a_filtered_list_is_paged_in_its_order(catalogue: Catalogue) -> None:
    venue = await catalogue.venue("genova")
    source = await catalogue.performance(venue, code="A1")
    starts = [wire_instant(START_MS + n * DAY_MS) for n in range(1, 8)]
    series = pb.CreateSeriesRequest(idempotency_key="s", **named(source), starts=pb.StartList(starts_at=starts))
    series_id = (await catalogue.stub.CreateSeries(series)).series_id
    seen: list[int] = []
    token = ""
    while token or not seen:
        request = pb.ListPerformancesRequest(
            house_id=venue.house.house_id, series_id=series_id, page_size=3, page_token=token
        )
        page = await catalogue.stub.ListPerformances(request)
        seen += [performance.starts_at.seconds for performance in page.performances]
        token = page.next_page_token
    assert seen == [(START_MS + n * DAY_MS) // 1000 for n in range(8)]


async def test_the_pages_of_ten_thousand_read_no_more_than_their_own_rows(catalogue: Catalogue) -> None:
    venue = await catalogue.venue("genova")
    source = await catalogue.performance(venue, prices=[price("Stalls"), price("Balcony")])
    copied = ", ".join(
        name
        for (name,) in await catalogue.rows(
            "SELECT column_name FROM information_schema.columns WHERE table_name = 'performances'"
            " AND column_name NOT IN ('performance_id', 'starts_at_ms')"
        )
        if isinstance(name, str)
    )
    await catalogue.damage(
        f"INSERT INTO performances (performance_id, starts_at_ms, {copied})"
        f" SELECT 'prf_' || n, starts_at_ms + n * 3600000::bigint, {copied}"
        " FROM performances, generate_series(1, 10000) n"
        f" WHERE performance_id = '{source.performance_id}'"
    )
    await catalogue.damage("ANALYZE performances")
    after = Place(START_MS + 9_000 * HOUR_MS, "prf_9000")
    query = page_of(venue.house.house_id, PerformanceFilter(), after, 101)
    sql = str(query.compile(dialect=catalogue.engine.dialect, compile_kwargs={"literal_binds": True}))
    ((plan,),) = await catalogue.rows(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}")
    assert isinstance(plan, list)
    scan = plan[0]["Plan"]["Plans"][0]
    assert scan["Index Name"] == "ix_performances_by_start"
    assert scan["Actual Rows"] == 101
    assert scan.get("Rows Removed by Filter", 0) == 0
