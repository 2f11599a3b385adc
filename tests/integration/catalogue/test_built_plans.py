"""R2.2: a house makes the plan of its hall without drawing it, over the whole API."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
from balcon.catalogue.v1 import catalogue_service_pb2 as pb

from services.runtime.testing.refusals import refusal
from tests.architecture.tree import ROOT
from tests.integration.catalogue.stage import Catalogue, Venue, price

EDITOR = json.loads((ROOT / "tests/data/seating-plan.schema.json").read_text())


def request(venue: Venue, **changes: Any) -> pb.BuildSeatingPlanRequest:
    fields: dict[str, Any] = {
        "idempotency_key": "built",
        "house_id": venue.house.house_id,
        "hall_id": venue.hall.hall_id,
        "name": "Halle",
        "categories": [pb.BuiltCategory(name="Stalls"), pb.BuiltCategory(name="Balcony", color="#112233")],
        "standing_areas": [pb.BuiltStandingArea(name="Saal", capacity=250, category="Stalls")],
    }
    return pb.BuildSeatingPlanRequest(**fields | changes)


BLOCK = pb.SeatBlock(
    zone="Parkett",
    rows=3,
    seats_per_row=4,
    row_labels=pb.ROW_LABELS_LETTERS,
    seat_numbering=pb.SEAT_NUMBERING_ODD_LEFT,
    aisles_after_place=[2],
    categories=[pb.RowRange(category="Stalls", to_row=2), pb.RowRange(category="Balcony", from_row=3)],
    accessible=[pb.BlockPlace(row=1, place=1)],
    companion=[pb.BlockPlace(row=1, place=2)],
)


async def test_r2_2_a_hall_with_standing_places_only_is_on_sale_without_a_plan_of_ones_own(
    catalogue: Catalogue,
) -> None:
    venue = await catalogue.venue("genova")
    built = await catalogue.stub.BuildSeatingPlan(request(venue))
    assert (built.plan_version, built.seat_count) == (2, 250)
    assert [warning.field for warning in built.warnings] == ["categories[1]"]
    again = await catalogue.stub.BuildSeatingPlan(request(venue))
    assert again == built
    made = await catalogue.performance(venue, prices=[price("Stalls"), price("Balcony")])
    assert (made.plan_version, made.capacity) == (2, 250)
    assert [act.act for act in await catalogue.acts()][-2:] == ["plan.built", "performance.created"]


async def test_r2_2_a_built_plan_is_an_ordinary_one_that_goes_out_as_files(catalogue: Catalogue) -> None:
    venue = await catalogue.venue("genova")
    await catalogue.stub.BuildSeatingPlan(request(venue, blocks=[BLOCK]))
    place: dict[str, Any] = {"house_id": venue.house.house_id, "hall_id": venue.hall.hall_id}
    plan = (await catalogue.stub.GetSeatingPlan(pb.GetSeatingPlanRequest(**place))).plan
    rows = {(seat.row, seat.number, seat.category) for seat in plan.seats if seat.zone == "Parkett"}
    assert len(rows) == 12
    assert ("C", "4", "Balcony") in rows
    assert [seat.seat_id for seat in plan.seats if seat.accessible] == ["Parkett-A-3"]
    assert [seat.seat_id for seat in plan.seats if seat.companion] == ["Parkett-A-1"]
    document = b""
    async for part in catalogue.stub.ExportSeatingPlan(pb.ExportSeatingPlanRequest(**place)):
        document += part.document_part
    jsonschema.Draft7Validator(EDITOR).validate(json.loads(document))


async def test_a_blueprint_that_is_wrong_changes_nothing_and_tells_all(catalogue: Catalogue) -> None:
    venue = await catalogue.venue("genova")
    alone = pb.SeatBlock()
    alone.CopyFrom(BLOCK)
    del alone.accessible[:]
    refused = await refusal(catalogue.stub.BuildSeatingPlan(request(venue, blocks=[alone])))
    assert (refused.reason, refused.facts["field"]) == ("PLAN_INVALID", "blocks[0].companion[0]")
    wrong = pb.SeatBlock(zone="Saal", rows=1, seats_per_row=1, categories=[pb.RowRange(category="Loge")], row_labels=9)  # type: ignore[arg-type]
    refused = await refusal(catalogue.stub.BuildSeatingPlan(request(venue, blocks=[wrong], name="")))
    assert [one.field for one in refused.violations] == [
        "name",
        "blocks[0].row_labels",
        "blocks[0].categories[0].category",
        "standing_areas[0].name",
    ]
    assert await catalogue.rows("SELECT max(plan_version) FROM seating_plans") == [(1,)]
