"""What is over is not put on sale; what an import answers with, over the API; the end of the sale reaches inventory."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from balcon.catalogue.v1 import catalogue_service_pb2 as pb

from services.contracts.instants import instant_text
from services.contracts.wire_types import instant_ms, wire_instant
from services.inventory.adapters.catalogue_performances import CataloguePerformances
from services.inventory.domain.refusals import PerformanceNotFound
from services.runtime.clock import SystemClock
from services.runtime.sql.engine import create_engine
from services.runtime.testing.refusals import refusal
from tests.integration.catalogue.stage import START_MS, Catalogue, Venue
from tests.unit.catalogue.plan_documents import encoded, plan, row, seat, zone

CLOCK = SystemClock()


def opening(performance: pb.Performance) -> pb.OpenForSaleRequest:
    return pb.OpenForSaleRequest(house_id=performance.house_id, performance_id=performance.performance_id)


def importing(venue: Venue, plan_json: bytes) -> pb.ImportSeatingPlanRequest:
    return pb.ImportSeatingPlanRequest(
        idempotency_key="another", house_id=venue.house.house_id, hall_id=venue.hall.hall_id, plan_json=plan_json
    )


@pytest.mark.parametrize("ago_ms", [86_400_000, 820_000_000_000], ids=["yesterday", "long ago"])
async def test_what_is_over_is_not_put_on_sale(catalogue: Catalogue, ago_ms: int) -> None:
    venue = await catalogue.venue("genova")
    created = await catalogue.performance(venue, starts_at=wire_instant(CLOCK.now_ms() - ago_ms))
    refused = await refusal(catalogue.stub.OpenForSale(opening(created)))
    assert refused.reason == "SALE_ENDED"
    assert refused.facts["starts_at"] == refused.facts["sale_ends_at"] == instant_text(instant_ms(created.starts_at))


async def test_the_end_of_the_sale_is_told_and_reaches_the_inventory(
    catalogue: Catalogue, emptied_database_url: Callable[[str], str]
) -> None:
    venue = await catalogue.venue("genova")
    by_default = await catalogue.performance(venue, "k1")
    chosen = await catalogue.performance(venue, "k2", sale_ends_at=wire_instant(START_MS - 3_600_000))
    assert [instant_ms(told.sale_ends_at) for told in (by_default, chosen)] == [START_MS, START_MS - 3_600_000]
    engine = create_engine(emptied_database_url("inventory"), application="test")
    source = CataloguePerformances(engine, catalogue.channel, grace_ms=15_000, cap_ms=1_800_000)
    for told in (by_default, chosen):
        opened = (await catalogue.stub.OpenForSale(opening(told))).performance
        found = await source.find(opened.house_id, opened.performance_id)
        assert not isinstance(found, PerformanceNotFound)
        assert found.rules.sale_ends_at_ms == instant_ms(told.sale_ends_at)
    await engine.dispose()


async def test_an_import_answers_with_what_may_be_a_mistake(catalogue: Catalogue) -> None:
    venue = await catalogue.venue("genova")
    document = plan(zone(row(seat("s1"), row_label="Reihe %s")))
    answer = await catalogue.stub.ImportSeatingPlan(importing(venue, encoded(document)))
    assert [warning.field for warning in answer.warnings] == ["focal_point", "categories[1]"]
    request = pb.GetSeatingPlanRequest(house_id=venue.house.house_id, hall_id=venue.hall.hall_id)
    assert (await catalogue.stub.GetSeatingPlan(request)).plan.seats[0].row_label == "Reihe A"


async def test_a_refused_import_tells_every_fault_as_a_field_violation(catalogue: Catalogue) -> None:
    venue = await catalogue.venue("genova")
    document = plan(zone(row(seat("17-1"), seat("17-2"), seat("17-1"), seat("17-2", category="Loge"))))
    refused = await refusal(catalogue.stub.ImportSeatingPlan(importing(venue, encoded(document))))
    assert refused.reason == "PLAN_INVALID"
    assert [violation.field for violation in refused.violations] == [
        "zones[0].rows[0].seats[2].seat_guid",
        "zones[0].rows[0].seats[3].seat_guid",
        "zones[0].rows[0].seats[3].category",
    ]
    assert "17-2" in refused.message
