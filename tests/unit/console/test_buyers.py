"""What buyers choose and who they are: pure, and the same for the same seed."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from services.console.sale.hall import FREE, Hall, Place, adjacent_choices, choose_seats, hall_of
from services.console.sale.script import Ending, Pace, write_script
from services.console.sale.tally import (
    HoldAnswered,
    Tally,
    TicketSeen,
    busiest_second,
    doubled_seats,
    merge,
    percentile,
)
from services.runtime.ids import seeded_random

HELD = 2


def small_hall() -> Hall:
    """Two rows of eight, each with an aisle in the middle; seats 0..7 and 8..15 in the plan's order."""
    places = []
    for row in range(2):
        for number in range(8):
            x = number * 25 + (50 if number >= 4 else 0)
            places.append(Place(f"{row}-{number}", "Zaal", str(row), float(x), row * 30.0))
    return hall_of(places)


def test_an_aisle_parts_neighbours() -> None:
    assert sorted(small_hall().runs) == [(0, 1, 2, 3), (4, 5, 6, 7), (8, 9, 10, 11), (12, 13, 14, 15)]


def test_rows_of_one_seat_are_rows() -> None:
    assert hall_of([Place("a", "Loge", "1", 5.0, 5.0)]).runs == ((0,),)


def test_seats_are_chosen_side_by_side_where_there_are_any() -> None:
    states = bytearray([HELD] * 16)
    for seat in (1, 2, 6, 9):
        states[seat] = FREE
    assert choose_seats(small_hall(), states, 2, (0.5, 0.5), seeded_random(1)) == (1, 2)


def test_scattered_seats_are_chosen_when_nothing_else_is_free() -> None:
    states = bytearray([HELD] * 16)
    for seat in (0, 3, 15):
        states[seat] = FREE
    assert choose_seats(small_hall(), states, 2, (0.0, 0.0), seeded_random(1)) == (0, 3)


def test_too_few_free_seats_are_no_choice() -> None:
    assert choose_seats(small_hall(), bytearray([HELD] * 15 + [FREE]), 2, (0.5, 0.5), seeded_random(1)) == ()


@given(
    states=st.lists(st.sampled_from([FREE, HELD]), min_size=16, max_size=16),
    size=st.integers(1, 6),
    seed=st.integers(0, 1000),
)
def test_a_choice_is_free_distinct_and_complete(states: list[int], size: int, seed: int) -> None:
    seats = choose_seats(small_hall(), states, size, (0.3, 0.7), seeded_random(seed))
    assert len(seats) == (size if states.count(FREE) >= size else 0)
    assert len(set(seats)) == len(seats)
    assert all(states[seat] == FREE for seat in seats)


@given(states=st.lists(st.sampled_from([FREE, HELD]), min_size=16, max_size=16), size=st.integers(1, 4))
def test_adjacent_choices_are_all_the_free_windows_of_a_run(states: list[int], size: int) -> None:
    windows = {
        run[start : start + size]
        for run in small_hall().runs
        for start in range(len(run) - size + 1)
        if all(states[seat] == FREE for seat in run[start : start + size])
    }
    assert set(adjacent_choices(small_hall(), states, size)) == windows


def test_a_seed_writes_the_same_scripts() -> None:
    assert [write_script(7, buyer, Pace()) for buyer in range(50)] == [
        write_script(7, buyer, Pace()) for buyer in range(50)
    ]
    assert write_script(7, 0, Pace()) != write_script(8, 0, Pace())


def test_every_ending_occurs_among_a_thousand_buyers() -> None:
    endings = Counter(write_script(1, buyer, Pace()).ending for buyer in range(1000))
    assert set(endings) == set(Ending)
    assert endings[Ending.PAYS] > 500


def test_a_quarter_of_the_buyers_take_what_is_best() -> None:
    assert sum(write_script(1, buyer, Pace()).takes_the_best for buyer in range(1000)) == 250


@given(seed=st.integers(0, 10_000), buyer=st.integers(0, 100_000))
def test_a_script_stays_within_its_pace(seed: int, buyer: int) -> None:
    pace = Pace(2.0, 5.0, 9.0)
    script = write_script(seed, buyer, pace)
    assert 1 <= script.size <= 6
    assert 0 <= script.arrives_at_seconds <= 2.0
    assert 5.0 <= script.leaves_at_seconds - script.arrives_at_seconds <= 9.0


def test_two_tickets_for_a_seat_are_counted() -> None:
    tickets = [TicketSeen("A1", "t1", "o1", 1), TicketSeen("A2", "t2", "o1", 1), TicketSeen("A1", "t3", "o2", 2)]
    assert doubled_seats(tickets) == {"A1": ["o1", "o2"]}


def test_tallies_add_up() -> None:
    one, other = Tally(), Tally()
    one.ended("tickets")
    other.ended("tickets")
    other.refused("SEATS_TAKEN")
    other.failed("broken")
    total = merge([one, other])
    assert (total.left, total.outcomes, total.refusals) == (2, {"tickets": 2}, {"SEATS_TAKEN": 1})
    assert (total.error_count, total.errors) == (1, ["broken"])


def test_a_percentile_is_a_value_that_was_seen() -> None:
    values = [float(value) for value in range(1, 101)]
    assert [percentile(values, percent) for percent in (0, 50, 99, 100)] == [1.0, 50.0, 99.0, 100.0]
    assert percentile([], 50) == 0.0


def test_the_busiest_second_counts_every_answer() -> None:
    holds = [HoldAnswered(at, 1.0, at < 1) for at in (0.1, 0.9, 1.0, 1.5, 1.9, 2.0)]
    assert busiest_second(holds) == 3
