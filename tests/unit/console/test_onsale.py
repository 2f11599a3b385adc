"""The crowd of `balcon onsale`: when it comes, what it sees of the hall, and when its figures hold."""

from __future__ import annotations

import itertools

import pytest
from balcon.inventory.v1 import inventory_service_pb2 as pb
from balcon.types.v1.seating_pb2 import SEAT_STATE_FREE, SEAT_STATE_HELD

from services.console.onsale.arrivals import arrivals
from services.console.onsale.figures import Figures
from services.console.onsale.seat_view import SeatView
from services.runtime.ids import seeded_random

FREE, HELD = bytes([SEAT_STATE_FREE]), bytes([SEAT_STATE_HELD])


def a_view(states: bytes) -> SeatView:
    """What a watcher was told."""
    view = SeatView(len(states))
    view.take(pb.WatchSeatsResponse(snapshot=pb.SeatMapSnapshot(seat_states=states)))
    return view


def figures_of(granted: int = 1, gave_up: int = 1) -> Figures:
    """Two buyers came; each granted one has two seats."""
    figures = Figures(buyers=2, capacity=10, per_second=1.0)
    for _ in range(granted):
        figures.buyer_granted(2, 0.01)
    for _ in range(gave_up):
        figures.buyer_gave_up(0.02)
    return figures


def test_arrivals_keep_to_their_rate_whatever_is_answered() -> None:
    crowd = list(arrivals(20_000, 1_000.0, seeded_random(1)))
    assert crowd[-1].at_seconds == pytest.approx(20.0, rel=0.05)
    assert all(earlier.at_seconds <= later.at_seconds for earlier, later in itertools.pairwise(crowd))


def test_the_same_seed_brings_the_same_crowd() -> None:
    assert list(arrivals(100, 10.0, seeded_random(7))) == list(arrivals(100, 10.0, seeded_random(7)))


def test_a_buyer_takes_the_first_free_seats_from_the_wished_place_on() -> None:
    assert a_view(FREE * 10).choose(0.3, 0.0, 2) == (3, 4)
    assert a_view(FREE * 4 + HELD + FREE * 5).choose(0.3, 0.0, 2) == (5, 6)


def test_a_buyer_looks_elsewhere_when_nothing_is_free_near_the_wish() -> None:
    states = FREE * 100 + HELD * 900
    assert a_view(states).choose(0.3, 0.05, 3) == (50, 51, 52)


def test_a_buyer_who_looks_elsewhere_goes_round_the_end() -> None:
    states = HELD * 400 + FREE * 2 + HELD * 598
    assert a_view(states).choose(0.5, 0.401, 2) == (400, 401)
    assert a_view(states).choose(0.5, 0.9, 2) == (400, 401)


def test_seats_that_are_not_side_by_side_are_no_choice() -> None:
    view = a_view((FREE + HELD) * 50)
    assert view.choose(0.0, 0.5, 2) is None
    assert view.choose(0.0, 0.5, 1) == (0,)


def test_seats_that_come_free_are_seen_with_the_next_update() -> None:
    view = a_view(HELD * 10)
    assert view.choose(0.0, 0.0, 2) is None
    delta = pb.SeatMapDelta(seat_indexes=[6, 7], seat_states=FREE * 2)
    view.take(pb.WatchSeatsResponse(delta=delta))
    assert view.choose(0.0, 0.0, 2) == (6, 7)


def test_a_run_holds_when_everybody_had_a_last_word_and_the_owner_knows_every_grant() -> None:
    figures = figures_of()
    assert figures.holds
    figures.held_by_owner = 2
    assert figures.holds


@pytest.mark.parametrize("held_by_owner", [1, 3])
def test_a_run_whose_grants_the_owner_tells_otherwise_does_not_hold(held_by_owner: int) -> None:
    figures = figures_of()
    figures.held_by_owner = held_by_owner
    assert not figures.holds


def test_a_run_that_leaves_somebody_without_a_word_does_not_hold() -> None:
    assert not figures_of(granted=1, gave_up=0).holds


def test_a_run_in_which_a_seat_was_granted_twice_does_not_hold() -> None:
    figures = figures_of()
    figures.double_holds = 1
    assert not figures.holds


def test_those_who_gave_up_are_not_among_the_latencies_of_grants() -> None:
    figures = figures_of()
    assert figures.latency.get_total_count() == figures.given_up_after.get_total_count() == 1
