"""What sits side by side, and what is near."""

from __future__ import annotations

import zlib
from math import cos, sin

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.inventory.adapters.plan_places import pack_places, unpack_layout
from services.inventory.domain.seat_layout import MAX_RUN, SeatPlace, lay_out, one_row
from tests.unit.inventory.halls import Hall, halls, row, standing

# The machine may be busy; how long an example takes is no claim of these tests.
PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


def runs_of(*rows: list[SeatPlace]) -> set[tuple[int, ...]]:
    return {run.seats for run in lay_out([place for row in rows for place in row]).runs}


def test_seats_of_one_row_are_one_run_until_there_is_an_aisle() -> None:
    assert runs_of(row("aaaa")) == {(0, 1, 2, 3)}
    assert runs_of(row("aaa  aaa")) == {(0, 1, 2), (3, 4, 5)}


def test_rows_and_zones_are_apart() -> None:
    assert runs_of(row("aa"), row("aa", name="2")) == {(0, 1), (2, 3)}
    assert runs_of(row("aa"), row("aa", zone="Y")) == {(0, 1), (2, 3)}


def test_two_lone_seats_on_either_side_of_an_aisle_are_not_neighbours() -> None:
    """Measured by their zone: the row itself knows no other distance."""
    assert runs_of(row("aaaaa"), row("a   a", name="2")) == {(0, 1, 2, 3, 4), (5,), (6,)}


def test_a_row_keeps_its_order_whatever_the_plans() -> None:
    places = [SeatPlace("Z", "1", "a", float(x), 0.0) for x in (3, 1, 2, 0)]
    assert runs_of(places) == {(3, 1, 2, 0)}


def test_a_row_along_the_side_of_a_hall_stands_by_its_own_axis() -> None:
    places = [SeatPlace("Z", "1", "a", 0.1 * (y % 2), float(y)) for y in range(6)]
    assert runs_of(places) == {(0, 1, 2, 3, 4, 5)}


def test_a_row_around_a_stage_stands_as_the_plan_has_it() -> None:
    """Three quarters of a circle: by x alone its two ends would meet."""
    places = [SeatPlace("Z", "1", "a", 10 * cos(angle / 4), 10 * sin(angle / 4)) for angle in range(19)]
    assert runs_of(places) == {tuple(range(19))}


def test_rows_without_a_name_are_not_mixed() -> None:
    first = [SeatPlace("Z", "", "a", float(x), 0.0) for x in range(5)]
    second = [SeatPlace("Z", "", "a", float(x), 1.0) for x in range(5)]
    third = [SeatPlace("Z", "", "a", float(x), 2.0) for x in range(5)]
    assert runs_of(first, second) == {(0, 1, 2, 3, 4), (5, 6, 7, 8, 9)}
    assert runs_of(first, second, third) == {(0, 1, 2, 3, 4), (5, 6, 7, 8, 9), (10, 11, 12, 13, 14)}


def test_a_row_given_block_by_block_or_odd_numbers_first_stands_as_people_sit() -> None:
    blocks = [SeatPlace("Z", "1", "a", float(x), 0.0) for x in (9, 10, 11, 0, 1, 2)]
    odd_first = [SeatPlace("Z", "1", "a", float(x), 0.0) for x in (0, 2, 4, 1, 3, 5)]
    assert runs_of(blocks) == {(3, 4, 5), (0, 1, 2)}
    assert runs_of(odd_first) == {(0, 3, 1, 4, 2, 5)}


def test_seats_on_one_point_are_a_run() -> None:
    assert runs_of([SeatPlace("Z", "1", "a", 0.0, 0.0)] * 3) == {(0, 1, 2)}


def test_runs_come_nearest_first_to_the_focal_point_or_the_middle_of_the_upper_edge() -> None:
    places = [*row("aa", y=10), *row("aa", name="2", y=20)]
    assert [run.seats for run in lay_out(places).runs] == [(0, 1), (2, 3)]
    assert [run.seats for run in lay_out(places, (0.0, 30.0)).runs] == [(2, 3), (0, 1)]


def test_standing_places_have_no_part_in_rows() -> None:
    layout = lay_out([*row("aa"), *standing(3)])
    assert {run.seats: run.standing for run in layout.runs} == {(0, 1): False, (2, 3, 4): True}
    assert layout.regular_seats == 2
    assert layout.seated_runs_for((), ()).bit_count() == 1
    assert layout.seated_runs_for((), ("Pit",)) == 0


def test_long_runs_are_cut_so_that_masks_stay_short() -> None:
    layout = one_row(100_000)
    assert max(len(run.seats) for run in layout.runs) == MAX_RUN
    assert sum(len(run.seats) for run in layout.runs) == 100_000


@PATIENT
@given(halls())
def test_each_seat_has_one_place_and_a_packed_plan_has_the_same(hall: Hall) -> None:
    layout = hall.layout
    for seat, place in enumerate(hall.places):
        run = layout.runs[layout.run_of[seat]]
        assert run.seats[layout.bit_of[seat]] == seat
        assert (run.zone, run.standing) == (place.zone, place.standing)
        assert run.masks[place.category] >> layout.bit_of[seat] & 1
        assert (run.regular >> layout.bit_of[seat] & 1) == (not place.standing and not place.accessible)
    assert sum(len(run.seats) for run in layout.runs) == len(hall.places)
    assert unpack_layout(pack_places(hall.places, hall.focus)) == layout


@PATIENT
@given(halls(), st.integers(1, 4))
def test_in_a_valley_windows_only_get_dearer_away_from_the_cheapest(hall: Hall, size: int) -> None:
    for run in hall.layout.runs:
        if run.is_valley and len(run.seats) >= size:
            costs = [run.cost(start, size) for start in range(len(run.seats) - size + 1)]
            ideal = run.cheapest_start(size)
            assert costs[: ideal + 1] == sorted(costs[: ideal + 1], reverse=True)
            assert costs[ideal:] == sorted(costs[ideal:])


def test_a_plan_that_was_packed_by_the_version_before_is_read_as_it_was() -> None:
    """It kept nothing of categories that no seat has."""
    places = row("aab")
    *before, seatless = msgspec.msgpack.decode(zlib.decompress(pack_places(places, None, ["c"])))
    assert seatless == ["c"]
    assert unpack_layout(zlib.compress(msgspec.msgpack.encode(before))) == lay_out(places)
