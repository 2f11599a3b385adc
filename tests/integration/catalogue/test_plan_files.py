"""R2.2: a plan goes out as files and comes back in as the same plan, over the whole API; the versions of a hall."""

from __future__ import annotations

import gzip
import json
from typing import Any

import jsonschema
import pytest
from balcon.catalogue.v1 import catalogue_service_pb2 as pb

from services.catalogue.domain.seating_plan import MAX_PLAN_BYTES
from services.runtime.testing.refusals import refusal
from tests.architecture.tree import ROOT
from tests.integration.catalogue.stage import Catalogue, Venue
from tests.unit.catalogue.plan_documents import (
    RIETHSPORTHALLE,
    SCHOUWBURG,
    encoded,
    large_plan,
    packaged_plan,
    plan,
    row,
    seat,
    zone,
)

EDITOR = json.loads((ROOT / "tests/data/seating-plan.schema.json").read_text())


async def exported(catalogue: Catalogue, venue: Venue, plan_version: int = 0) -> tuple[int, bytes, bytes]:
    request = pb.ExportSeatingPlanRequest(
        house_id=venue.house.house_id, hall_id=venue.hall.hall_id, plan_version=plan_version
    )
    version, document, sidecar = 0, b"", b""
    async for part in catalogue.stub.ExportSeatingPlan(request):
        version = version or part.plan_version
        document += part.document_part
        sidecar += part.sidecar_part
    return version, document, sidecar


async def imported(
    catalogue: Catalogue, venue: Venue, document: bytes, sidecar: bytes = b"", key: str = "again"
) -> pb.ImportSeatingPlanResponse:
    request = pb.ImportSeatingPlanRequest(
        idempotency_key=key,
        house_id=venue.house.house_id,
        hall_id=venue.hall.hall_id,
        plan_json=document,
        sidecar_json=sidecar,
    )
    return await catalogue.stub.ImportSeatingPlan(request)


async def seats_of(catalogue: Catalogue, venue: Venue, plan_version: int) -> pb.SeatingPlan:
    """The whole plan, its version left out."""
    place: dict[str, Any] = {"house_id": venue.house.house_id, "hall_id": venue.hall.hall_id}
    whole = pb.StreamSeatingPlanResponse()
    async for part in catalogue.stub.StreamSeatingPlan(pb.StreamSeatingPlanRequest(**place, plan_version=plan_version)):
        whole.MergeFrom(part)
    whole.plan.ClearField("plan_version")
    return whole.plan


SMALL = encoded(
    plan(
        zone(
            row(
                seat("a", accessible=True),
                seat("c", companion=True, position={"x": 25, "y": 0}, seat_label="Begleitung %s"),
            ),
            areas=[{"capacity": 7, "category": "Balcony", "name": "Floor", "text": {"text": "Innenraum"}}],
        ),
        focal_point={"x": 1, "y": 2},
    )
)


@pytest.mark.parametrize("document", [SMALL, packaged_plan(RIETHSPORTHALLE), packaged_plan(SCHOUWBURG)])
async def test_r2_2_a_plan_that_went_out_comes_in_as_the_same_plan(catalogue: Catalogue, document: bytes) -> None:
    venue = await catalogue.venue("genova", document)
    version, drawing, sidecar = await exported(catalogue, venue)
    assert version == 1
    jsonschema.Draft7Validator(EDITOR).validate(json.loads(drawing))
    assert (await imported(catalogue, venue, drawing, sidecar)).plan_version == 2
    first = await seats_of(catalogue, venue, 1)
    assert await seats_of(catalogue, venue, 2) == first
    assert await exported(catalogue, venue) == (2, drawing, sidecar)


async def test_r2_2_a_hundred_thousand_places_are_imported_in_one_call(catalogue: Catalogue) -> None:
    """As the editor writes them, with ids of 36 characters, they do not fit into a message: gzip of them does."""
    document = large_plan(100_000, seat_id="00000000-0000-4000-8000-{:012x}".format)
    venue = await catalogue.venue("genova")
    assert len(document) > MAX_PLAN_BYTES
    answer = await imported(catalogue, venue, gzip.compress(document, 6))
    assert (answer.plan_version, answer.seat_count) == (2, 100_000)
    version, drawing, sidecar = await exported(catalogue, venue)
    assert (version, len(json.loads(drawing)["zones"][0]["rows"])) == (2, 2_000)
    assert json.loads(sidecar) == {"version": 1}


async def test_a_sidecars_faults_are_told_beside_the_documents(catalogue: Catalogue) -> None:
    venue = await catalogue.venue("genova")
    wrong = encoded(plan(zone(row(seat("s", category="Loge")))))
    refused = await refusal(imported(catalogue, venue, wrong, b'{"version": 1, "accessible": ["nobody"]}'))
    assert refused.reason == "PLAN_INVALID"
    assert [one.field for one in refused.violations] == [
        "zones[0].rows[0].seats[0].category",
        "sidecar.accessible[0]",
    ]
    too_large = await refusal(imported(catalogue, venue, SMALL, b" " * MAX_PLAN_BYTES))
    assert too_large.facts["field"] == "plan_json"
    assert await catalogue.rows("SELECT max(plan_version) FROM seating_plans") == [(1,)]


async def test_the_versions_of_a_hall_tell_which_performances_use_them(catalogue: Catalogue) -> None:
    venue = await catalogue.venue("genova")
    place: dict[str, Any] = {"house_id": venue.house.house_id, "hall_id": venue.hall.hall_id}
    first = await catalogue.performance(venue)
    await imported(catalogue, venue, SMALL)
    second = [await catalogue.performance(venue, f"later-{index}") for index in range(2)]
    await imported(catalogue, venue, SMALL, key="third")
    listed = await catalogue.stub.ListSeatingPlans(pb.ListSeatingPlansRequest(**place, page_size=2))
    assert [(one.plan_version, one.seat_count, one.performance_count) for one in listed.plans] == [(3, 9, 0), (2, 9, 2)]
    assert set(listed.plans[1].performance_ids) == {one.performance_id for one in second}
    assert list(listed.plans[1].categories) == ["Stalls", "Balcony"]
    assert listed.plans[1].imported_at.seconds > 1_700_000_000
    rest = await catalogue.stub.ListSeatingPlans(
        pb.ListSeatingPlansRequest(**place, page_size=2, page_token=listed.next_page_token)
    )
    assert [(one.plan_version, list(one.performance_ids)) for one in rest.plans] == [(1, [first.performance_id])]
    assert rest.next_page_token == ""


async def test_plans_of_another_house_do_not_go_out(catalogue: Catalogue) -> None:
    mine, theirs = await catalogue.venue("mine"), await catalogue.venue("theirs")
    place: dict[str, Any] = {"house_id": mine.house.house_id, "hall_id": theirs.hall.hall_id}
    listed = await refusal(catalogue.stub.ListSeatingPlans(pb.ListSeatingPlansRequest(**place)))
    assert listed.reason == "HALL_NOT_FOUND"
    stream = catalogue.stub.ExportSeatingPlan(pb.ExportSeatingPlanRequest(**place, plan_version=1))
    assert (await refusal(anext(aiter(stream)))).reason == "SEATING_PLAN_NOT_FOUND"
