"""Neighbours are a matter of place: at tables, in zigzag, around corners, in whatever order the plan lists them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import cos, dist, pi, sin

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.inventory.domain import commands as c
from services.inventory.domain.best_available import Alternatives, SeatGroup, choose
from services.inventory.domain.dispatch import decide
from services.inventory.domain.refusals import OrphanLeft
from services.inventory.domain.seat_layout import SeatPlace, lay_out
from tests.unit.inventory.builders import ONLINE
from tests.unit.inventory.halls import STRICT, Hall, hall

Point = tuple[float, float]
Pair = frozenset[Point]


def places_of(points: Sequence[Point], *, name: str = "1") -> list[SeatPlace]:
    return [SeatPlace("Z", name, "a", x, y) for x, y in points]


def neighbours(points: Sequence[Point], *, name: str = "1") -> set[Pair]:
    """Who sits beside whom, by where they are."""
    runs = lay_out(places_of(points, name=name)).runs
    return {frozenset((points[left], points[right])) for run in runs for left, right in pairwise(run.seats)}


def beside(*sides: Sequence[Point]) -> set[Pair]:
    return {frozenset(pair) for side in sides for pair in pairwise(side)}


def table(seats_a_side: int, across: float) -> tuple[list[Point], list[Point]]:
    """Seats one apart on two sides."""
    return [(float(x), 0.0) for x in range(seats_a_side)], [(float(x), across) for x in range(seats_a_side)]


def numbered(near: Sequence[Point], far: Sequence[Point], how: str) -> list[Point]:
    match how:
        case "one side, then the other":
            return [*near, *far]
        case "around":
            return [*near, *reversed(far)]
        case "by turns":
            return [seat for pair in zip(near, far, strict=True) for seat in pair]
        case _:
            raise AssertionError(how)


HOW = ["one side, then the other", "around", "by turns"]


# Two a side and as far across are as square as a table for four with one a side: people sit around that.
TABLES = [
    (seats, across) for seats in (2, 3, 4, 9) for across in (1.0, 1.2, 1.5, 2.0, 4.0) if (seats, across) != (2, 1.0)
]


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize(("seats_a_side", "across"), TABLES)
def test_at_a_table_those_beside_each_other_are_neighbours_and_those_opposite_are_not(
    seats_a_side: int, across: float, how: str
) -> None:
    near, far = table(seats_a_side, across)
    assert neighbours(numbered(near, far, how)) == beside(near, far)


def turned(points: Sequence[Point], angle: float, scale: float) -> list[Point]:
    return [(scale * (x * cos(angle) - y * sin(angle)), scale * (x * sin(angle) + y * cos(angle))) for x, y in points]


@given(st.data())
def test_a_table_is_told_by_its_places_however_it_stands_and_is_numbered(data: st.DataObject) -> None:
    """Nearest to each other along a side: nothing else is asked of the plan."""
    angle, scale = data.draw(st.floats(0.0, pi)), data.draw(st.sampled_from([0.5, 1.0, 25.0]))
    sides = table(data.draw(st.integers(3, 8)), data.draw(st.floats(1.05, 3.0)))
    near, far = (turned(side, angle, scale) for side in sides)
    assert neighbours(data.draw(st.permutations([*near, *far]))) == beside(near, far)


def test_a_table_whose_sides_stand_half_a_seat_apart_is_one_too() -> None:
    near = [(float(x), 0.0) for x in range(4)]
    far = [(x + 0.5, 1.5) for x in range(4)]
    assert neighbours(numbered(near, far, "by turns")) == beside(near, far)


def test_a_table_along_an_arc_is_one_too() -> None:
    near, far = ([(r * sin(n / 10), r * cos(n / 10)) for n in range(-5, 6)] for r in (10.0, 11.5))
    assert neighbours(numbered(near, far, "by turns")) == beside(near, far)


def test_empty_places_at_a_table_part_those_at_either_side_of_them() -> None:
    near, far = table(5, 1.2)
    points = [*near[:2], *near[3:], *far]
    assert neighbours(points) == beside(near[:2], near[3:], far)


@pytest.mark.parametrize("across", [1.0, 1.2, 1.5])
def test_where_one_side_of_a_table_ends_the_other_does_not_go_on(across: float) -> None:
    near, far = [(float(x), 0.0) for x in range(2, 6)], [(float(x), across) for x in (0, 1, 4)]
    for listed in ([*near, *far], [*far, *near], sorted([*near, *far])):
        assert neighbours(listed) == beside(near, far[:2])


@pytest.mark.parametrize("seats", [3, 4, 5, 6, 8, 12])
def test_around_a_round_table_each_sits_beside_the_next(seats: int) -> None:
    circle = [(cos(2 * pi * n / seats), sin(2 * pi * n / seats)) for n in range(seats)]
    shuffled = [*circle[::2], *circle[1::2]]
    found = neighbours(shuffled)
    around = {frozenset((circle[n], circle[(n + 1) % seats])) for n in range(seats)}
    # A run has two ends, so that one pair of the ring is not known as neighbours.
    assert found < around
    assert len(found) == seats - 1


@pytest.mark.parametrize(("seats", "degrees"), [(5, 270), (6, 270), (5, 240), (7, 270)])
def test_around_a_table_that_is_open_to_the_stage_each_sits_beside_the_next(seats: int, degrees: int) -> None:
    steps = [(30 + degrees * n / (seats - 1)) * pi / 180 for n in range(seats)]
    arc = [(3 * cos(angle), 3 * sin(angle)) for angle in steps]
    for listed in (arc, arc[::-1], [*arc[::2], *arc[1::2]], [*arc[2:], *arc[:2]]):
        assert neighbours(listed) == beside(arc)


@pytest.mark.parametrize("aside", [0.1, 0.3, 0.5, 0.8])
def test_a_row_in_zigzag_is_one_line(aside: float) -> None:
    zigzag = [(0.5 * n, aside * (n % 2)) for n in range(9)]
    assert neighbours(zigzag) == beside(zigzag)
    assert neighbours([*zigzag[::2], *zigzag[1::2]]) == beside(zigzag)


@pytest.mark.parametrize("bend", [0.0, 0.05, 0.12])
def test_a_row_straight_or_curved_is_one_line_in_whatever_order_it_is_listed(bend: float) -> None:
    curved = [(float(x), bend * x * x) for x in range(-6, 7)]
    for listed in (curved, curved[::-1], [*curved[::2], *curved[1::2]], [*curved[6:], *curved[:6]]):
        assert neighbours(listed) == beside(curved)


def test_a_bench_around_a_corner_is_one_line() -> None:
    leg, other = [(float(x), 0.0) for x in range(5)], [(4.0, float(y)) for y in range(1, 4)]
    assert neighbours([*leg, *other]) == beside([*leg, *other])
    third = [(float(x), 4.0) for x in range(4, -1, -1)]
    assert neighbours([*leg, *other, *third]) == beside([*leg, *other, *third])


def test_rows_without_a_name_are_the_lines_that_are_nearest_to_each_other() -> None:
    """A block deeper than it is wide, and one whose rows are as far from each other as its seats."""
    deep = [[(0.5 * x, 0.9 * y) for x in range(4)] for y in range(12)]
    even = [[(float(x), float(y)) for x in range(4)] for y in range(12)]
    for block in (deep, even):
        listed = [point for line in block for point in line]
        assert neighbours(listed, name="") == beside(*block)
        there_and_back = [point for number, line in enumerate(block) for point in line[:: -1 if number % 2 else 1]]
        assert neighbours(there_and_back, name="") == beside(*block)


def dinner(*taken: int) -> Hall:
    """Four a side, numbered by turns: even numbers here, odd ones opposite; the stage is far above."""
    near, far = table(4, 1.2)
    return hall(places_of(numbered(near, far, "by turns")), taken=taken, focus=(1.5, -100.0))


def test_best_available_seats_two_beside_each_other_and_never_opposite() -> None:
    assert choose(dinner().free_seats(), [SeatGroup(2)], may_split=False) in {(0, 2), (4, 6)}
    opposite_are_free = dinner(0, 1, 4, 5, 6, 7).free_seats()
    assert choose(opposite_are_free, [SeatGroup(2)], may_split=False) == Alternatives(0, 1, ())
    beside_are_free = dinner(0, 2, 4, 6, 1, 7).free_seats()
    assert choose(beside_are_free, [SeatGroup(2)], may_split=False) == (3, 5)


def test_the_seat_opposite_is_no_company_for_a_single_one() -> None:
    decision = decide(dinner().seat_map(STRICT), c.HoldSeats("h1", "anna", (3, 5), ONLINE), 0)
    assert decision == OrphanLeft((1, 7))


def test_neighbours_are_no_further_apart_than_an_aisle() -> None:
    near, far = table(4, 6.0)
    assert max(dist(*pair) for pair in neighbours(numbered(near, far, "by turns"))) == 1.0
