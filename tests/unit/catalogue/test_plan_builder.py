"""R2.2: a plan that nobody draws. What is built is an ordinary plan: it reads, exports and validates."""

from __future__ import annotations

import dataclasses
import itertools
import json
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.catalogue.domain.plan_blueprint import (
    BlockPlace,
    BuiltArea,
    PlanBlueprint,
    RowLabels,
    RowRange,
    SeatBlock,
    SeatNumbering,
    refused_blueprint,
)
from services.catalogue.domain.plan_builder import built_files, in_blueprint, row_label
from services.catalogue.domain.plan_export import PlanDocuments, export_plan
from services.catalogue.domain.plan_parser import parse_unbounded
from services.catalogue.domain.seating_plan import PlanInvalid, SeatingPlan, plan_warnings
from tests.architecture.tree import ROOT

EDITOR = jsonschema.Draft7Validator(json.loads((ROOT / "tests/data/seating-plan.schema.json").read_text()))
ALL_ROWS = (RowRange("Stalls"),)


def block(**changes: Any) -> SeatBlock:
    return dataclasses.replace(SeatBlock("Parkett", 2, 4, ALL_ROWS), **changes)


def blueprint(*blocks: SeatBlock, standing: tuple[BuiltArea, ...] = ()) -> PlanBlueprint:
    return PlanBlueprint("Halle", (("Stalls", ""), ("Balcony", "#112233")), blocks, standing)


def built(plan: PlanBlueprint) -> SeatingPlan:
    assert refused_blueprint(plan) is None
    files = built_files(plan)
    read = parse_unbounded(files.document, files.sidecar)
    assert isinstance(read, SeatingPlan), read
    out = export_plan(files.document, files.sidecar)
    assert isinstance(out, PlanDocuments)
    EDITOR.validate(json.loads(out.document))
    assert parse_unbounded(out.document, out.sidecar) == read
    return read


def numbered(numbering: SeatNumbering, count: int) -> list[str]:
    plan = built(blueprint(block(rows=1, seats_per_row=count, seat_numbering=numbering)))
    return [seat.number for seat in sorted(plan.seats, key=lambda seat: seat.x)]


def faults(plan: PlanBlueprint) -> list[str]:
    refusal = refused_blueprint(plan)
    assert refusal is not None
    return [one.field for one in (refusal, *refusal.others)]


def test_r2_2_a_house_without_a_plan_makes_its_hall_by_capacity() -> None:
    plan = built(blueprint(standing=(BuiltArea("Saal", 250, "Stalls"),)))
    assert len(plan.seats) == 250
    assert all(seat.standing for seat in plan.seats)
    assert {seat.seat_id for seat in plan.seats} == {f"Saal:{number}" for number in range(1, 251)}
    assert [warning.field for warning in plan_warnings(plan)] == ["categories[1]"]


@pytest.mark.parametrize(
    ("numbering", "four", "five"),
    [
        (SeatNumbering.LEFT_TO_RIGHT, "1234", "12345"),
        (SeatNumbering.RIGHT_TO_LEFT, "4321", "54321"),
        (SeatNumbering.ODD_LEFT, "3124", "53124"),
        (SeatNumbering.ODD_RIGHT, "4213", "42135"),
    ],
)
def test_seats_are_numbered_as_the_house_has_them(numbering: SeatNumbering, four: str, five: str) -> None:
    assert numbered(numbering, 4) == list(four)
    assert numbered(numbering, 5) == list(five)


def test_rows_are_numbers_or_letters_from_where_the_house_begins() -> None:
    assert [row_label(block(first_row=7), row) for row in (1, 2)] == ["7", "8"]
    letters = block(row_labels=RowLabels.LETTERS, rows=60)
    assert [row_label(letters, row) for row in (1, 26, 27, 52, 53)] == ["A", "Z", "AA", "AZ", "BA"]
    assert row_label(block(row_labels=RowLabels.LETTERS, first_row=3), 1) == "C"


def test_an_aisle_is_too_wide_to_sit_side_by_side_over_and_no_number_is_lost() -> None:
    plan = built(blueprint(block(rows=2, aisles_after_place=frozenset({2}), aisles_after_row=frozenset({1}))))
    first = [seat for seat in plan.seats if seat.row == "1"]
    steps = [after.x - before.x for before, after in itertools.pairwise(first)]
    assert steps == [25, 65, 25]
    assert steps[1] > 1.6 * 25
    assert [seat.number for seat in first] == ["1", "2", "3", "4"]
    assert plan.seats[4].y - plan.seats[0].y == 70


def test_categories_go_by_rows_and_the_later_one_counts() -> None:
    ranges = (RowRange("Stalls"), RowRange("Balcony", 2, 2))
    plan = built(blueprint(block(rows=3, seats_per_row=1, categories=ranges)))
    assert [seat.category for seat in plan.seats] == ["Stalls", "Balcony", "Stalls"]


def test_accessible_companion_and_left_out_places_are_named_from_the_left() -> None:
    plan = built(
        blueprint(
            block(
                rows=1,
                seat_numbering=SeatNumbering.RIGHT_TO_LEFT,
                left_out=(BlockPlace(1, 1),),
                accessible=(BlockPlace(1, 2),),
                companion=(BlockPlace(1, 3),),
            )
        )
    )
    marks = [(seat.number, seat.accessible, seat.companion) for seat in plan.seats]
    assert marks == [("3", True, False), ("2", False, True), ("1", False, False)]


def test_blocks_stand_behind_or_beside_each_other_and_never_on_each_other() -> None:
    plan = built(
        blueprint(
            block(),
            block(zone="Loge", beside_the_last=True),
            block(zone="Rang"),
            standing=(BuiltArea("Front", 2, "Stalls"),),
        )
    )
    places = {(seat.x, seat.y) for seat in plan.seats if not seat.standing}
    assert len(places) == 24
    left, beside, behind = (
        next(seat for seat in plan.seats if seat.zone == zone) for zone in ("Parkett", "Loge", "Rang")
    )
    assert beside.y == left.y < behind.y
    assert beside.x > left.x == behind.x
    assert plan.focal_point == (plan.width / 2, 0.0)
    assert max(seat.x for seat in plan.seats) < plan.width
    assert max(seat.y for seat in plan.seats) < plan.height


def test_all_that_is_wrong_with_a_blueprint_is_told_at_once() -> None:
    wrong = PlanBlueprint(
        "",
        (("Stalls", "red"), ("Stalls", "")),
        (
            SeatBlock("x" * 41, 0, 1_001, (), row_labels=None, seat_numbering=None),
            block(
                aisles_after_place=frozenset({4}), aisles_after_row=frozenset({2}),
                categories=(RowRange("Loge", 2, 5),),
                accessible=(BlockPlace(3, 1), BlockPlace(1, 1), BlockPlace(1, 1)), left_out=(BlockPlace(1, 1),),
            ),
            block(),
        ),
        (BuiltArea("Parkett", 0, "Loge"),),
    )  # fmt: skip
    assert faults(wrong) == [
        "name",
        "categories[0].color",
        "categories[1].name",
        "blocks[0].zone",
        "blocks[0].rows",
        "blocks[0].seats_per_row",
        "blocks[0].row_labels",
        "blocks[0].seat_numbering",
        "blocks[0].categories",
        "blocks[1].aisles_after_place",
        "blocks[1].aisles_after_row",
        "blocks[1].categories[0].category",
        "blocks[1].categories[0]",
        "blocks[1].categories",
        "blocks[1].accessible[0].row",
        "blocks[1].accessible[1]",
        "blocks[1].accessible[2]",
        "blocks[1].accessible[2]",
        "blocks[2].zone",
        "standing_areas[0].name",
        "standing_areas[0].capacity",
        "standing_areas[0].category",
    ]


@pytest.mark.parametrize(
    ("plan", "field"),
    [
        (blueprint(), "blocks"),
        (blueprint(block(rows=1_000, seats_per_row=100), block(zone="More")), "blocks"),
        (blueprint(*(block(zone=str(n), rows=1_000, seats_per_row=1) for n in range(21))), "blocks"),
        (blueprint(*(block(zone=str(n)) for n in range(101))), "blocks"),
        (blueprint(block(rows=1, seats_per_row=1, left_out=(BlockPlace(1, 1),))), "blocks[0].left_out"),
    ],
)
def test_what_makes_no_plan_or_too_large_a_one_is_refused(plan: PlanBlueprint, field: str) -> None:
    assert faults(plan) == [field]


def test_a_companion_that_sits_alone_is_told_by_its_place_in_the_request() -> None:
    places = (BlockPlace(1, 2), BlockPlace(2, 2))
    plan = blueprint(block(left_out=(BlockPlace(2, 1),), accessible=(BlockPlace(1, 1),), companion=places))
    assert refused_blueprint(plan) is None
    files = built_files(plan)
    read = parse_unbounded(files.document, files.sidecar)
    assert isinstance(read, PlanInvalid)
    assert in_blueprint(read, plan).field == "blocks[0].companion[1]"


def test_the_largest_plan_is_built() -> None:
    assert len(built(blueprint(block(rows=1_000, seats_per_row=100))).seats) == 100_000


@settings(max_examples=60)
@given(
    st.lists(
        st.builds(
            block,
            rows=st.integers(1, 4),
            seats_per_row=st.integers(1, 6),
            row_labels=st.sampled_from(RowLabels),
            first_row=st.integers(0, 30),
            seat_numbering=st.sampled_from(SeatNumbering),
            aisles_after_place=st.frozensets(st.integers(1, 5), max_size=2),
            beside_the_last=st.booleans(),
        ),
        min_size=1,
        max_size=3,
    )
)
def test_whatever_is_not_refused_is_a_plan_that_exports(blocks: list[SeatBlock]) -> None:
    plan = blueprint(*(dataclasses.replace(one, zone=f"Zone {index}") for index, one in enumerate(blocks)))
    if refused_blueprint(plan) is None:
        assert len(built(plan).seats) == sum(one.rows * one.seats_per_row for one in blocks)
