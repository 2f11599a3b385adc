"""What plans say beyond the editor's format: standing areas, accessible seats, a focal point."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.catalogue.adapters.plan_blob import packed_plan, unpacked_plan
from services.catalogue.domain.plan_parser import parse
from services.catalogue.domain.seating_plan import PlanInvalid, SeatingPlan
from tests.unit.catalogue.plan_documents import Document, changed, encoded, plan, row, seat, zone

AREA = ("zones", 0, "areas", 0)
FIELD = "zones[0].areas[0]"


def pit(capacity: int = 3, **other: Any) -> Document:
    return {"shape": "rectangle", "name": "Pit", "capacity": capacity, "category": "Stalls", **other}


def with_pit(**other: Any) -> Document:
    """Two seats and a pit of three places."""
    return plan(zone(row(seat("s1"), seat("s2", category="Balcony")), zone_id="Z", areas=[pit(**other)]))


def parsed(document: Document) -> SeatingPlan:
    result = parse(encoded(document))
    assert isinstance(result, SeatingPlan), result
    return result


def refused(document: Document) -> PlanInvalid:
    result = parse(encoded(document))
    assert isinstance(result, PlanInvalid)
    return result


def test_an_area_with_a_capacity_becomes_so_many_places() -> None:
    result = parsed(with_pit(position={"x": 100, "y": 50}, rectangle={"width": 40, "height": 20}))
    places = [seat for seat in result.seats if seat.standing]
    assert [place.seat_id for place in places] == ["Pit:1", "Pit:2", "Pit:3"]
    assert {(place.zone, place.row, place.category, place.x, place.y) for place in places} == {
        ("Pit", "", "Stalls", 120.0, 60.0)
    }
    assert [seat.seat_id for seat in result.seats][:2] == ["s1", "s2"]
    assert not any(seat.accessible for seat in result.seats)


def test_rows_still_cut_the_plans_order_with_a_standing_area_as_a_row() -> None:
    result = parsed(with_pit())
    assert [(row.zone, row.number, row.seat_count) for row in result.rows] == [("Ground", "A", 2), ("Pit", "", 3)]


def test_a_hall_may_have_standing_places_only() -> None:
    assert len(parsed(plan(zone(areas=[pit(100_000)]))).seats) == 100_000


def test_an_area_without_a_capacity_is_only_drawn() -> None:
    stage: Document = {"shape": "polygon", "text": {"text": "Stage"}, "polygon": {"points": []}, "border_color": None}
    assert len(parsed(plan(zone(row(seat("s")), areas=[stage, {}]))).seats) == 1


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"name": None, "text": {"text": "Innenraum"}}, "Innenraum"),
        ({"name": "", "text": {"text": None}}, "Z"),
        ({"name": None, "text": None}, "Z"),
    ],
)
def test_an_area_is_called_by_its_name_its_text_or_its_zone(changes: Document, name: str) -> None:
    assert next(seat.seat_id for seat in parsed(with_pit(**changes)).seats if seat.standing) == f"{name}:1"


@pytest.mark.parametrize(
    ("key", "value", "field", "problem", "limit"),
    [
        ("capacity", 0, "capacity", "is 0", "1 to 100,000"),
        ("capacity", -5, "capacity", "is -5", "1 to 100,000"),
        ("capacity", 100_001, "capacity", "is 100,001", "1 to 100,000"),
        ("capacity", 10**30, "capacity", "", "1 to 100,000"),
        ("capacity", 2.5, "capacity", "got `float`", "1 to 100,000"),
        ("capacity", True, "capacity", "got `bool`", "1 to 100,000"),
        ("capacity", "9", "capacity", "got `str`", "1 to 100,000"),
        ("category", ..., "category", "'' is unknown", "one of the plan's categories"),
        ("category", "Loge", "category", "'Loge' is unknown", "one of the plan's categories"),
        ("name", "x" * 58, "name", "has 58 characters", "1 to 57"),
        ("name", "a\x00", "name", "control characters", "1 to 57"),
        ("name", "Ground", "name", "'Ground' is there twice", "unique"),
        ("position", {"x": 2e6, "y": 0}, "position.x", "is 2e+06", "1,000,000"),
        ("rectangle", {"width": -1, "height": 0}, "rectangle.width", "is -1", "1,000,000"),
        ("rectangle", {"width": 1}, "rectangle.height", "is missing", "1,000,000"),
    ],
)
def test_a_wrong_area_is_named_with_its_limit(key: str, value: Any, field: str, problem: str, limit: str) -> None:
    refusal = refused(changed(with_pit(), (*AREA, key), value))
    assert refusal.field == f"{FIELD}.{field}"
    assert problem in refusal.problem
    assert limit in refusal.limit


def test_two_areas_of_one_name_are_refused() -> None:
    refusal = refused(plan(zone(areas=[pit(), pit()])))
    assert refusal.field == "zones[0].areas[1].name"
    assert refusal.problem == "'Pit' is there twice, also at zones[0].areas[0].name"


def test_a_place_may_not_have_the_id_of_a_seat() -> None:
    refusal = refused(plan(zone(row(seat("Pit:2")), areas=[pit()])))
    assert refusal.field == "zones[0].areas[0].name"
    assert "Pit:2" in refusal.problem


def test_seats_and_standing_places_count_together() -> None:
    assert refused(plan(zone(row(seat("s1"), seat("s2")), areas=[pit(99_999)]))).problem == "has 100,001 seats"
    assert refused(plan(zone(areas=[pit(60_000), pit(60_000, name="Ring")]))).problem == "has 120,000 seats"
    assert refused(plan(zone(areas=[{}] * 1_001))).field == "zones"


def test_a_seat_is_accessible_by_itself_or_by_its_category() -> None:
    document = plan(
        zone(row(seat("a", accessible=True), seat("b", accessible=False), seat("c", category="Wheelchair"), seat("d"))),
        categories=[{"name": "Stalls"}, {"name": "Wheelchair", "accessible": True}],
    )
    assert [seat.accessible for seat in parsed(document).seats] == [True, False, True, False]


@pytest.mark.parametrize("value", ["yes", 1, []])
def test_accessible_is_true_or_false(value: Any) -> None:
    refusal = refused(plan(zone(row(seat("a", accessible=value)))))
    assert (refusal.field, refusal.limit) == ("zones[0].rows[0].seats[0].accessible", "true or false")


def test_a_focal_point_is_kept_and_not_guessed() -> None:
    assert parsed(plan()).focal_point is None
    assert parsed(plan(zone(row(seat("s")), areas=[{"text": {"text": "Podium"}}]))).focal_point is None
    assert parsed(plan(focal_point={"x": 400, "y": -20.5})).focal_point == (400.0, -20.5)


@pytest.mark.parametrize(
    ("value", "field"),
    [({"x": 1}, "focal_point.y"), ({"x": 2e6, "y": 0}, "focal_point.x"), ("stage", "focal_point")],
)
def test_a_wrong_focal_point_is_named(value: Any, field: str) -> None:
    refusal = refused(plan(focal_point=value))
    assert refusal.field == field
    assert refusal.limit


def test_a_stored_plan_keeps_all_of_it() -> None:
    result = parsed(changed(with_pit(), ("focal_point",), {"x": 1, "y": 2}))
    assert unpacked_plan(packed_plan(result)) == result


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=10,
)


@settings(deadline=None)
@given(JSON, st.sampled_from(["capacity", "category", "name", "text", "position", "rectangle", "shape"]))
def test_no_value_in_any_place_of_an_area_makes_the_parser_raise(value: Any, key: str) -> None:
    result = parse(json.dumps(changed(with_pit(), (*AREA, key), value)).encode())
    assert isinstance(result, SeatingPlan | PlanInvalid)
    if isinstance(result, PlanInvalid):
        assert result.field.startswith("zones")
        assert result.limit
