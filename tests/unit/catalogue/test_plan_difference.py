"""Which seats are not the same in another version: what a ticket says of a seat, and not where it is drawn."""

from __future__ import annotations

from typing import Any

import pytest

from services.catalogue.domain.plan_difference import changed_seats
from services.catalogue.domain.plan_parser import parse
from services.catalogue.domain.seating_plan import SeatingPlan
from tests.unit.catalogue.plan_documents import encoded, plan, row, seat, zone


def read(*seats: Any, **of_row: Any) -> SeatingPlan:
    found = parse(encoded(plan(zone(row(seat("wheelchair", accessible=True), *seats, **of_row)))))
    assert isinstance(found, SeatingPlan), found
    return found


BEFORE = read(seat("a", position={"x": 25, "y": 0}), seat("b", position={"x": 50, "y": 0}))


@pytest.mark.parametrize(
    "change",
    [
        {"category": "Balcony"},
        {"seat_number": "7"},
        {"accessible": True},
        {"companion": True},
        {"seat_label": "Platz %s"},
    ],
)
def test_a_seat_that_says_another_thing_is_changed(change: dict[str, Any]) -> None:
    after = read(seat("a", **{"position": {"x": 25, "y": 0}} | change), seat("b", position={"x": 50, "y": 0}))
    assert changed_seats(BEFORE, after) == ("a",)


def test_a_row_that_is_called_otherwise_changes_its_seats() -> None:
    after = read(seat("a", position={"x": 25, "y": 0}), row_number="B")
    assert changed_seats(BEFORE, after) == ("wheelchair", "a")


def test_new_seats_gone_ones_another_order_and_another_drawing_change_none() -> None:
    after = read(seat("new"), seat("b", position={"x": 500, "y": 9}), size={"width": 1, "height": 1})
    assert changed_seats(BEFORE, after) == ()
