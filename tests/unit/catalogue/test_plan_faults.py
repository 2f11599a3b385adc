"""A refused plan tells all that is wrong with it, each with its places; what is only drawn is never wrong."""

from __future__ import annotations

import json
from typing import Any

import pytest

from services.catalogue.domain.plan_faults import MAX_FAULTS_TOLD
from services.catalogue.domain.plan_parser import parse
from services.catalogue.domain.seating_plan import PlanInvalid, SeatingPlan, plan_warnings
from services.runtime.rpc.errors import status_of_refusal
from tests.unit.catalogue.plan_documents import Document, changed, encoded, large_plan, plan, row, seat, zone

SEAT = "zones[0].rows[0].seats"


def refused(document: Any) -> PlanInvalid:
    result = parse(encoded(document))
    assert isinstance(result, PlanInvalid), result
    return result


def parsed(document: Document) -> SeatingPlan:
    result = parse(encoded(document))
    assert isinstance(result, SeatingPlan), result
    return result


def told(refusal: PlanInvalid) -> dict[str, str]:
    return {fault.field: fault.problem for fault in (refusal, *refusal.others)}


def test_every_seat_that_is_there_twice_is_told_with_where_it_was_first() -> None:
    document = plan(zone(row(seat("17-1"), seat("17-2"), seat("17-1"), seat("17-2"), seat("17-1"))))
    refusal = refused(document)
    assert told(refusal) == {
        f"{SEAT}[2].seat_guid": f"17-1 is there twice, also at {SEAT}[0].seat_guid, {SEAT}[4].seat_guid",
        f"{SEAT}[3].seat_guid": f"17-2 is there twice, also at {SEAT}[1].seat_guid",
    }
    assert "2 faults" in refusal.message()
    assert "17-1" in refusal.message()
    assert "17-2" in refusal.message()


def test_faults_of_every_kind_are_told_at_once_and_in_their_places() -> None:
    broken_seat = seat("s4")
    del broken_seat["position"]
    no_seat: Any = "no seat"
    document = plan(
        zone(
            row(seat("s1"), {"seat_guid": 7}, seat("s1"), seat("s3", category="Loge"), broken_seat, no_seat),
            row(seat("x" * 65, position={"x": 2e6, "y": -2e6}), row_number=5),
            areas=[{"capacity": 0, "name": "Pit", "category": "Stalls"}, {"capacity": 5, "rectangle": {"width": 1}}],
        ),
        zone(name="x" * 101),
        name="",
        focal_point={"x": 1},
    )
    assert set(told(refused(document))) == {
        f"{SEAT}[1].seat_guid",
        f"{SEAT}[1].seat_number",
        f"{SEAT}[1].position",
        f"{SEAT}[1].category",
        f"{SEAT}[2].seat_guid",
        f"{SEAT}[3].category",
        f"{SEAT}[5]",
        "zones[0].rows[1].row_number",
        "zones[0].rows[1].seats[0].seat_guid",
        "zones[0].rows[1].seats[0].position.x",
        "zones[0].rows[1].seats[0].position.y",
        "zones[0].areas[0].capacity",
        "zones[0].areas[1].rectangle.height",
        "zones[0].areas[1].name",
        "zones[0].areas[1].category",
        "zones[1].name",
        "name",
        "focal_point.y",
    }
    # One fault for both seats without a position.
    assert f"also at {SEAT}[4].position" in told(refused(document))[f"{SEAT}[1].position"]


def test_one_fault_at_many_places_is_told_once_with_some_of_them() -> None:
    document = plan(zone(row(*(seat(f"s{number}", category="Loge") for number in range(500)))))
    refusal = refused(document)
    assert refusal.others == ()
    assert refusal.problem.startswith("'Loge' is unknown, also at ")
    assert refusal.problem.endswith("and 494 more")


def test_more_faults_than_are_told_are_counted() -> None:
    seats = [seat(f"s{number // 2}") for number in range(300)]
    refusal = refused(plan(zone(row(*seats))))
    assert (1 + len(refusal.others), refusal.faults) == (MAX_FAULTS_TOLD, 150)
    assert refusal.facts()["violations"] == "150"
    assert "150 faults" in refusal.message()
    assert "more." in refusal.message()
    status = status_of_refusal(refusal)
    assert len(status.SerializeToString()) < 6_000
    assert len(refusal.violations()) == MAX_FAULTS_TOLD


def test_a_refusal_of_the_largest_plan_tells_its_faults_as_well() -> None:
    document = large_plan(100_000).replace(b'"seat_number":"7"', b'"seat_number":7').replace(b"Stalls", b"Loge", 1)
    refusal = parse(document)
    assert isinstance(refusal, PlanInvalid)
    assert refusal.others
    assert "and 1,994 more" in refusal.problem


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("red", "#FF0000"),
        (" Navy", "#000080"),
        ("#ff000080", "#FF0000"),
        ("#f008", "#FF0000"),
        ("#12345", "#7F7F7F"),
        ("rgb(1, 2, 3)", "#7F7F7F"),
        (7, "#7F7F7F"),
        (None, "#7F7F7F"),
        ({"r": [1]}, "#7F7F7F"),
    ],
)
def test_any_colour_is_taken(written: Any, read: str) -> None:
    assert parsed(changed(plan(), ("categories", 0, "color"), written)).categories[0].color == read


@pytest.mark.parametrize(
    ("written", "read"),
    [("left", "start"), ("right", "end"), ("up", "both"), (5, "both"), ({}, "both"), ([["both"]], "both")],
)
def test_a_rows_number_may_be_drawn_anywhere(written: Any, read: str) -> None:
    document = plan(zone(row(seat("s"), row_number_position=written)))
    assert parsed(document).rows[0].number_position == read


@pytest.mark.parametrize(
    "area",
    [
        {"width": 9, "height": 9, "position": {"x": 0, "y": 0}, "text": "Stage"},
        {"position": {"x": "left"}, "rectangle": 5, "name": 7, "category": [], "text": {"text": 5}},
        {"capacity": None, "color": "red", "border_color": 1},
        {"rotation": 1e300, "position": {"x": 1e300, "y": 0}},
        "a line",
        None,
        [],
    ],
)
def test_whatever_an_area_without_a_capacity_says_is_only_drawn(area: Any) -> None:
    assert len(parsed(plan(zone(row(seat("s")), areas=[area]))).seats) == 1


@pytest.mark.parametrize(
    "size", [5, None, "large", {"width": -1, "height": 600}, {"width": 1}, {"width": 1e300, "height": 1}]
)
def test_whatever_the_drawings_size_is_the_hall_is_imported(size: Any) -> None:
    assert (parsed(plan(size=size)).width, parsed(plan(size=size)).height) == (0, 0)


def test_a_standing_area_of_2019_is_called_by_its_plain_text() -> None:
    area = {"capacity": 2, "category": "Stalls", "text": "Innenraum"}
    assert [seat.seat_id for seat in parsed(plan(zone(areas=[area]))).seats] == ["Innenraum:1", "Innenraum:2"]


def test_labels_of_rows_and_seats_are_kept_with_their_numbers_in_them() -> None:
    document = plan(
        zone(
            row(
                seat("s1", seat_number="5"),
                seat("s2", seat_label="Loge"),
                row_label="Reihe %s links",
                seat_label="Platz %s",
            ),
            row(seat("s3")),
        )
    )
    labels = [(seat.row_label, seat.seat_label) for seat in parsed(document).seats]
    assert labels == [("Reihe A links", "Platz 5"), ("Reihe A links", "Loge"), ("", "")]
    long = refused(plan(zone(row(seat("s", seat_label="x" * 65), row_label="x" * 65))))
    assert set(told(long)) == {"zones[0].rows[0].row_label", "zones[0].rows[0].seats[0].seat_label"}


def test_a_guessed_focal_point_and_a_category_without_seats_are_warned_of() -> None:
    document = plan(zone(row(seat("s"))))
    assert [warning.field for warning in plan_warnings(parsed(document))] == ["focal_point", "categories[1]"]
    complete = plan(focal_point={"x": 0, "y": 0})
    assert plan_warnings(parsed(complete)) == ()


def test_a_document_of_too_many_values_is_told_its_first_fault_only() -> None:
    document = json.dumps({"name": 1, "zones": 2, "categories": 3}).encode()
    many = document[:-1] + b', "drawn": [' + b"1," * 2_000_001 + b"1]}"
    refusal = parse(many)
    assert isinstance(refusal, PlanInvalid)
    assert (refusal.field, refusal.others) == ("name", ())
