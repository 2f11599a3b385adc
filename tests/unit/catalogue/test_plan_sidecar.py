"""A sidecar beside its document: what it adds, all that can be wrong with it, and both as gzip."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.catalogue.domain.plan_parser import parse
from services.catalogue.domain.seating_plan import MAX_UNPACKED_BYTES, PlanInvalid, SeatingPlan
from tests.unit.catalogue.plan_documents import encoded, plan, row, seat, zone

AREA = {"uuid": "floor", "shape": "rectangle", "rectangle": {"width": 10, "height": 4}, "position": {"x": 1, "y": 1}}
SEATS = [seat(name, position={"x": index * 25, "y": 0}) for index, name in enumerate("abcd")]
DOCUMENT = encoded(plan(zone(row(*SEATS), areas=[AREA])))
STANDING = {"uuid": "floor", "name": "Floor", "capacity": 2, "category": "Stalls"}


def sidecar(**parts: Any) -> bytes:
    return encoded({"version": 1} | parts)


def taken(sidecar_json: bytes, document: bytes = DOCUMENT) -> SeatingPlan:
    read = parse(document, sidecar_json)
    assert isinstance(read, SeatingPlan), read
    return read


def faults(sidecar_json: bytes, document: bytes = DOCUMENT) -> list[tuple[str, str]]:
    read = parse(document, sidecar_json)
    assert isinstance(read, PlanInvalid), read
    return [(fault.field, fault.problem) for fault in (read, *read.others)]


def test_a_sidecar_marks_seats_makes_a_standing_area_and_names_the_focal_point() -> None:
    read = taken(
        sidecar(
            accessible=["a"], companion=["b"], seat_labels=[{"seat_guid": "c", "label": "Platz %s"}],
            areas=[STANDING], focal_point={"x": 3, "y": 0.5}, size={"width": 1.5, "height": 2}, later="ignored",
        )
    )  # fmt: skip
    by_id = {one.seat_id: one for one in read.seats}
    assert [one.seat_id for one in read.seats] == ["a", "b", "c", "d", "Floor:1", "Floor:2"]
    assert by_id["a"].accessible
    assert by_id["b"].companion
    assert by_id["c"].seat_label == "Platz 1"
    assert (by_id["Floor:1"].x, by_id["Floor:1"].y) == (6.0, 3.0)
    assert (read.focal_point, read.width, read.height) == ((3.0, 0.5), 1.5, 2.0)


def test_no_sidecar_and_an_empty_one_say_the_same() -> None:
    assert taken(b"") == taken(sidecar())


def test_everything_wrong_with_a_sidecar_is_told_with_its_place() -> None:
    told = faults(
        sidecar(
            accessible=["a", "nobody", 7],
            companion=["nobody"],
            seat_labels=[{"seat_guid": "nobody", "label": ""}, {"seat_guid": "c"}],
            areas=[STANDING | {"uuid": "none"}, STANDING | {"capacity": 0}, 5],
            focal_point={"x": 2_000_000, "y": 0},
            size={"width": -1, "height": 1},
        )
    )
    fields = [field for field, _ in told]
    assert fields == [
        "sidecar.accessible[2]",
        "sidecar.seat_labels[1].label",
        "sidecar.areas[2]",
        "sidecar.areas[0].uuid",
        "sidecar.areas[1].capacity",
        "sidecar.focal_point.x",
        "sidecar.size.width",
        "sidecar.accessible[1]",
        "sidecar.companion[0]",
        "sidecar.seat_labels[0].seat_guid",
        "sidecar.seat_labels[0].label",
    ]


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        (b"%PDF", "sidecar"),
        (b"[]", "sidecar"),
        (b"\xff", "sidecar_json"),
        (b"[" * 100_000, "sidecar"),
        (b"{}", "sidecar.version"),
        (b'{"version": 2}', "sidecar.version"),
        (b'{"version": "1"}', "sidecar.version"),
        (sidecar(areas=[STANDING, STANDING]), "sidecar.areas[1].uuid"),
        (sidecar(seat_labels=[{"seat_guid": "c", "label": "x"}] * 2), "sidecar.seat_labels[1].seat_guid"),
    ],
)
def test_what_is_no_sidecar_is_refused(sent: bytes, field: str) -> None:
    assert [told for told, _ in faults(sent)] == [field]


@pytest.mark.parametrize(
    ("accessible", "companion", "wrong"),
    [
        ("a", "b", ""),
        ("b", "ac", ""),
        ("a", "bc", ""),
        ("ad", "bc", ""),
        ("a", "c", "c"),
        ("d", "ab", "ab"),
        ("", "a", "a"),
        ("a", "a", "a"),
    ],
)
def test_a_companion_seat_is_beside_an_accessible_one(accessible: str, companion: str, wrong: str) -> None:
    sent = sidecar(accessible=list(accessible), companion=list(companion))
    if not wrong:
        taken(sent)
        return
    ((field, problem),) = faults(sent)
    assert field == f"zones[0].rows[0].seats[{'abcd'.index(wrong[0])}].companion"
    assert ("accessible itself" in problem) == (wrong in accessible)
    assert ("also at" in problem) == (len(wrong) > 1)


def test_who_stands_beside_whom_is_a_matter_of_places_not_of_the_order_in_the_document() -> None:
    shuffled = encoded(plan(zone(row(SEATS[0], SEATS[2], SEATS[1]))))
    taken(sidecar(accessible=["a"], companion=["b"]), shuffled)
    assert len(faults(sidecar(accessible=["a"], companion=["c"]), shuffled)) == 1


def test_an_area_that_is_in_the_plan_twice_is_nobodys_standing_area() -> None:
    twice = encoded(plan(zone(row(*SEATS), areas=[AREA, AREA])))
    assert faults(sidecar(areas=[STANDING]), twice) == [("sidecar.areas[0].uuid", "'floor' is there twice")]


def test_the_sidecar_has_the_last_word_on_an_area_that_the_document_fills_too() -> None:
    filled = encoded(plan(zone(row(*SEATS), areas=[AREA | {"capacity": 9, "category": "Stalls", "name": "Old"}])))
    assert [one.seat_id for one in taken(sidecar(areas=[STANDING]), filled).seats][4:] == ["Floor:1", "Floor:2"]


def test_gzip_is_read_and_says_the_same() -> None:
    sent = sidecar(accessible=["a"])
    assert taken(gzip.compress(sent), gzip.compress(DOCUMENT)) == taken(sent)


def test_gzip_that_is_damaged_cut_short_or_huge_is_refused() -> None:
    packed = gzip.compress(DOCUMENT)
    for sent, problem in (
        (packed[:-9], "cut short"),
        (packed + b"more", "goes on"),
        (packed[:4] + b"\xff" * 40, "damaged"),
        (gzip.compress(b" " * (MAX_UNPACKED_BYTES + 1)), "larger"),
    ):
        ((field, told),) = faults(b"", sent)
        assert field == "plan_json"
        assert problem in told
    ((field, _),) = faults(packed[:-9])
    assert field == "sidecar_json"


@given(st.binary(max_size=60) | st.recursive(st.none() | st.integers() | st.text(max_size=3), st.lists).map(encoded))
def test_every_sidecar_is_answered(sent: bytes) -> None:
    parse(DOCUMENT, sent)


KEYS = ["version", "accessible", "companion", "areas", "seat_labels", "focal_point", "uuid", "x", "seat_guid"]
SCALARS = st.none() | st.just(1) | st.text(max_size=3)
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(KEYS), inner))


@given(st.dictionaries(st.sampled_from(KEYS), VALUES))
def test_every_object_of_its_keys_is_answered(sent: dict[str, Any]) -> None:
    parse(DOCUMENT, json.dumps(sent).encode())
