"""The plan parser answers every sequence of bytes with a plan or with what is wrong and where."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from services.catalogue.domain.plan_parser import parse
from services.catalogue.domain.seating_plan import PlanInvalid, SeatingPlan
from tests.unit.catalogue.plan_documents import (
    RIETHSPORTHALLE,
    SCHOUWBURG,
    Document,
    changed,
    encoded,
    large_plan,
    packaged_plan,
    plan,
    row,
    seat,
    zone,
)

# The machine may be busy; how long an example takes is no claim of these tests.
PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
SEAT = ("zones", 0, "rows", 0, "seats", 1)
SEAT_FIELD = "zones[0].rows[0].seats[1]"


def parsed(document: Any) -> SeatingPlan:
    result = parse(encoded(document))
    assert isinstance(result, SeatingPlan), result
    return result


def refused(plan_json: bytes) -> PlanInvalid:
    result = parse(plan_json)
    assert isinstance(result, PlanInvalid)
    return result


@pytest.mark.parametrize(
    ("name", "seats", "zones", "categories"), [(RIETHSPORTHALLE, 1222, 6, 3), (SCHOUWBURG, 618, 2, 3)]
)
def test_the_packaged_halls_have_all_their_seats(name: str, seats: int, zones: int, categories: int) -> None:
    result = parse(packaged_plan(name))
    assert isinstance(result, SeatingPlan)
    assert len(result.seats) == len({seat.seat_id for seat in result.seats}) == seats
    assert len({seat.zone for seat in result.seats}) == zones
    assert len(result.categories) == categories
    assert {seat.category for seat in result.seats} == {category.name for category in result.categories}
    assert sum(row.seat_count for row in result.rows) == seats


def test_positions_are_sums_over_the_parents() -> None:
    result = parse(packaged_plan(SCHOUWBURG))
    assert isinstance(result, SeatingPlan)
    first = result.seats[0]
    assert (first.zone, first.row, first.number) == ("Zaal", "1", "1")
    assert (first.x, first.y) == (237.0, 200.0)
    assert result.seats[1].x == 262.0


def test_fractions_of_pixels_are_kept() -> None:
    document = plan(zone(row(seat("s", position={"x": 0.25, "y": -3}), position={"x": 1.5, "y": 0})))
    assert (parsed(document).seats[0].x, parsed(document).seats[0].y) == (1.75, -3.0)


def test_seats_stand_in_document_order() -> None:
    document = plan(zone(row(seat("c"), seat("a"))), zone(row(seat("b"))))
    assert [seat.seat_id for seat in parsed(document).seats] == ["c", "a", "b"]


def test_unknown_keys_are_ignored_at_every_level() -> None:
    document = plan(
        zone(row(seat("s", uuid="u", radius=9, wheelchair=True), uuid="u"), areas=[{"shape": "polygon"}], uuid="u"),
        id="x",
        backgroundImage=None,
    )
    assert len(parsed(document).seats) == 1


def test_a_missing_row_number_position_is_both() -> None:
    assert parsed(plan()).rows[0].number_position == "both"


@pytest.mark.parametrize(
    ("written", "read"),
    [("both", "both"), ("start", "start"), ("end", "end"), ("none", "none"), ("", "none"), (None, "none")],
)
def test_a_row_number_position_is_kept(written: str | None, read: str) -> None:
    assert parsed(plan(zone(row(seat("s"), row_number_position=written)))).rows[0].number_position == read


def test_what_the_editor_leaves_out_has_a_default() -> None:
    bare = plan(zone({"row_number": "A", "seats": [seat("s")]}, zone_id="Z", name=""), categories=[{"name": "Stalls"}])
    del bare["size"]
    result = parsed(bare)
    assert (result.width, result.height) == (0, 0)
    assert result.categories[0].color == "#7F7F7F"
    assert (result.seats[0].zone, result.seats[0].x) == ("Z", 0)


def test_a_short_colour_is_spelled_out() -> None:
    assert parsed(changed(plan(), ("categories", 0, "color"), "#a1f")).categories[0].color == "#AA11FF"


def test_a_byte_order_mark_is_no_fault() -> None:
    assert isinstance(parse(b"\xef\xbb\xbf" + encoded(plan())), SeatingPlan)


@pytest.mark.parametrize(
    ("path", "value", "field", "problem", "limit"),
    [
        ((*SEAT, "seat_guid"), ..., f"{SEAT_FIELD}.seat_guid", "is missing", "64"),
        ((*SEAT, "seat_guid"), "", f"{SEAT_FIELD}.seat_guid", "is empty", "64"),
        ((*SEAT, "seat_guid"), " \t", f"{SEAT_FIELD}.seat_guid", "control characters", "64"),
        ((*SEAT, "seat_guid"), "  ", f"{SEAT_FIELD}.seat_guid", "is blank", "64"),
        ((*SEAT, "seat_guid"), "x" * 65, f"{SEAT_FIELD}.seat_guid", "has 65 characters", "64"),
        ((*SEAT, "seat_guid"), "nul\x00", f"{SEAT_FIELD}.seat_guid", "control characters", "64"),
        ((*SEAT, "seat_guid"), 7, f"{SEAT_FIELD}.seat_guid", "got `int`", "64"),
        ((*SEAT, "seat_guid"), "s1", f"{SEAT_FIELD}.seat_guid", "s1 is there twice", "unique"),
        ((*SEAT, "seat_number"), "1" * 33, f"{SEAT_FIELD}.seat_number", "has 33 characters", "32"),
        ((*SEAT, "category"), "Loge", f"{SEAT_FIELD}.category", "'Loge' is unknown", "one of the plan's categories"),
        ((*SEAT, "category"), "", f"{SEAT_FIELD}.category", "'' is unknown", "one of the plan's categories"),
        ((*SEAT, "category"), ..., f"{SEAT_FIELD}.category", "is missing", "one of the plan's categories"),
        ((*SEAT, "position"), ..., f"{SEAT_FIELD}.position", "is missing", "x and y"),
        ((*SEAT, "position", "x"), ..., f"{SEAT_FIELD}.position.x", "is missing", "1,000,000"),
        ((*SEAT, "position", "x"), 1_000_001, f"{SEAT_FIELD}.position.x", "is 1e+06", "1,000,000"),
        ((*SEAT, "position", "y"), -1e300, f"{SEAT_FIELD}.position.y", "is -1e+300", "1,000,000"),
        ((*SEAT, "position", "y"), 10**400, f"{SEAT_FIELD}.position.y", "out of range", "1,000,000"),
        ((*SEAT, "position", "y"), "7", f"{SEAT_FIELD}.position.y", "got `str`", "1,000,000"),
        ((*SEAT, "position", "y"), True, f"{SEAT_FIELD}.position.y", "got `bool`", "1,000,000"),
        (SEAT, None, SEAT_FIELD, "got `null`", "100,000"),
        (("zones", 0, "rows", 0, "position"), {"x": 0, "y": 2e6}, "zones[0].rows[0].position.y", "is 2e+06", "1,000"),
        (("zones", 0, "rows", 0, "row_number"), ..., "zones[0].rows[0].row_number", "is missing", "32"),
        (("zones", 0, "rows", 0, "row_number"), "\x85", "zones[0].rows[0].row_number", "control characters", "32"),
        (("zones", 0, "rows", 0, "seats"), {}, "zones[0].rows[0].seats", "got `object`", "100,000"),
        (("zones", 0, "position"), {"x": -2e6, "y": 0}, "zones[0].position.x", "is -2e+06", "1,000,000"),
        (("zones", 0, "name"), "x" * 101, "zones[0].name", "has 101 characters", "100"),
        (("zones", 0, "rows"), ..., "zones[0].rows", "is missing", "20,000"),
        (("zones", 0, "rows"), [], "zones", "has 0 rows", "1 to 20,000"),
        (("zones", 0, "rows", 0, "seats"), [], "zones", "has 0 seats", "1 to 100,000 seats"),
        (("zones",), [], "zones", "has 0 zones", "1 to 1,000"),
        (("zones",), ..., "zones", "is missing", "1,000"),
        (("zones",), [zone()] * 1001, "zones", "has 1,001 zones", "1,000"),
        (("zones",), [zone(*[row()] * 20_001)], "zones", "has 20,001 rows", "20,000"),
        (("categories",), [], "categories", "has 0 categories", "100"),
        (("categories",), ..., "categories", "is missing", "100"),
        (("categories",), [{"name": str(number)} for number in range(101)], "categories", "has 101", "100"),
        (("categories", 1, "name"), "Stalls", "categories[1].name", "Stalls is there twice", "unique"),
        (("categories", 1, "name"), "", "categories[1].name", "is empty", "100"),
        (("name",), ..., "name", "is missing", "characters"),
        (("name",), "x" * 201, "name", "has 201 characters", "200"),
    ],
)
def test_a_wrong_field_is_named_with_its_limit(
    path: tuple[str | int, ...], value: Any, field: str, problem: str, limit: str
) -> None:
    refusal = refused(encoded(changed(plan(), path, value)))
    assert refusal.field == field
    assert problem in refusal.problem
    assert limit in refusal.limit
    assert field in refusal.message()


@pytest.mark.parametrize(
    ("plan_json", "problem"),
    [
        (b"", "must be set"),
        (b"zones: []", "is not JSON"),
        (encoded(plan())[:-1], "is not JSON"),
        (encoded(plan()) + b"{}", "is not JSON"),
        (encoded(plan()).replace(b'"x": 0', b'"x": NaN', 1), "is not JSON"),
        (encoded(plan()).replace(b"Small", b"Sm\xffll"), "is not UTF-8"),
        (b'{"unknown": "\xff", ' + encoded(plan())[1:], "is not UTF-8"),
        (encoded(plan()).decode().encode("utf-16"), "is not UTF-8"),
        (encoded(plan()).replace(b"Small", b"\\ud800"), "is not JSON"),
        (b"[]", "got `array`"),
        (b"null", "got `null`"),
        (b"[" * 5_000_000, "got `array`"),
        (b'{"deep": ' + b"[" * 4_000_000 + b"]" * 4_000_000 + b"}", "is nested too deeply"),
        (b'{"deep": ' + b'{"a":' * 100_000, "is nested too deeply"),
        (b" " * 10_000_001, "has 10,000,001 bytes"),
    ],
)
def test_what_is_no_plan_document_is_refused_as_a_whole(plan_json: bytes, problem: str) -> None:
    refusal = refused(plan_json)
    assert refusal.field == "plan_json"
    assert problem in refusal.problem


def test_a_category_is_refused_without_echoing_all_of_it() -> None:
    refusal = refused(encoded(plan(zone(row(seat("s", category="x" * 1_000_000))))))
    assert len(refusal.message()) < 1_000


def test_the_largest_plan_is_read_and_one_more_seat_is_refused() -> None:
    largest = large_plan(100_000)
    assert len(largest) <= 10_000_000
    result = parse(largest)
    assert isinstance(result, SeatingPlan)
    assert len(result.seats) == 100_000
    refusal = refused(large_plan(100_001))
    assert (refusal.field, refusal.problem) == ("zones", "has 100,001 seats")
    assert refusal.limit == "1 to 100,000 seats"


TEXTS = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp", "Zs")), min_size=1, max_size=12
)
POSITIONS = st.builds(
    lambda x, y: {"x": x, "y": y}, st.integers(-10_000, 10_000), st.floats(-10_000, 10_000).map(lambda y: y + 0.0)
)


@st.composite
def plans(draw: st.DrawFn) -> Document:
    """Plans as the editor could write them."""
    categories = draw(st.lists(TEXTS, min_size=1, max_size=4, unique=True))
    ids = draw(st.lists(TEXTS, min_size=1, max_size=30, unique=True))
    zones: list[Document] = [zone(name=draw(TEXTS), position=draw(POSITIONS))]
    for seat_id in ids:
        if draw(st.booleans()):
            zones.append(zone(name=draw(TEXTS), position=draw(POSITIONS)))
        if not zones[-1]["rows"] or draw(st.booleans()):
            zones[-1]["rows"].append(row(row_number=draw(TEXTS), position=draw(POSITIONS)))
        category = draw(st.sampled_from(categories))
        zones[-1]["rows"][-1]["seats"].append(
            seat(seat_id, seat_number=draw(TEXTS), position=draw(POSITIONS), category=category)
        )
    return plan(*zones, categories=[{"name": name, "color": "#ABCDEF"} for name in categories])


@PATIENT
@given(plans())
def test_every_seat_of_a_generated_plan_comes_back_where_it_stood(document: Document) -> None:
    result = parsed(document)
    expected = [(zone, row, seat) for zone in document["zones"] for row in zone["rows"] for seat in row["seats"]]
    assert len(result.seats) == len(expected)
    for read, (zone_in, row_in, seat_in) in zip(result.seats, expected, strict=True):
        assert (read.seat_id, read.number) == (seat_in["seat_guid"], seat_in["seat_number"])
        assert (read.zone, read.row, read.category) == (zone_in["name"], row_in["row_number"], seat_in["category"])
        for axis, value in (("x", read.x), ("y", read.y)):
            positions = [part["position"][axis] for part in (zone_in, row_in, seat_in)]
            assert math.isclose(value, sum(positions), abs_tol=1e-6)


@PATIENT
@given(st.binary(max_size=200))
@example(b"\xef\xbb\xbf")
@example(b'{"name":1}')
@example(b'{"zones":[{"rows":[{"seats":[{"seat_guid":-0.0e')
def test_no_bytes_make_the_parser_raise(plan_json: bytes) -> None:
    assert isinstance(parse(plan_json), PlanInvalid)


@PATIENT
@given(plans(), st.data())
def test_no_damage_to_a_plan_makes_the_parser_raise(document: Document, data: st.DataObject) -> None:
    plan_json = bytearray(encoded(document))
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(plan_json)))
        end = data.draw(st.integers(start, min(start + 40, len(plan_json))))
        plan_json[start:end] = data.draw(st.binary(max_size=8) | st.sampled_from([b"{", b"}", b"null", b"1e999", b'"']))
    assert isinstance(parse(bytes(plan_json)), SeatingPlan | PlanInvalid)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=10,
)


@PATIENT
@given(
    JSON,
    st.sampled_from(
        [
            (*SEAT, "position"),
            (*SEAT, "seat_guid"),
            SEAT,
            ("zones", 0, "rows", 0),
            ("zones", 0, "rows", 0, "row_number_position"),
            ("categories", 1),
            ("categories", 1, "color"),
            ("size",),
            ("name",),
        ]
    ),
)
def test_no_value_in_any_place_makes_the_parser_raise(value: Any, path: tuple[str | int, ...]) -> None:
    plan_json = json.dumps(changed(plan(), path, value)).encode()
    result = parse(plan_json)
    assert isinstance(result, SeatingPlan | PlanInvalid)
    if isinstance(result, PlanInvalid):
        assert result.field
        assert result.limit
