"""The orphan rule (R5.2): who may leave a single seat, and when."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from services.inventory.domain import commands as c
from services.inventory.domain.best_available import SeatGroup
from services.inventory.domain.decisions import Accepted
from services.inventory.domain.orphans import could_avoid, orphans_left
from services.inventory.domain.refusals import OrphanLeft
from tests.unit.inventory.builders import done, hold, obey
from tests.unit.inventory.halls import RULES, STRICT, Hall, all_windows, best, hall, halls, orphans, row, standing

BOX_OFFICE, BACKEND = 1, 3

# The machine may be busy; how long an example takes is no claim of these tests.
PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


def test_a_choice_that_leaves_a_single_seat_is_refused_and_the_seat_named() -> None:
    state = hall(row("aaaaaa")).seat_map(STRICT)
    assert obey(state, hold("h", 1, 2)) == OrphanLeft((0,))
    assert obey(state, hold("h", 0, 2)) == OrphanLeft((1,))
    assert obey(state, hold("h", 1, 4)) == OrphanLeft((0, 5))
    assert isinstance(obey(state, hold("h", 0, 1)), Accepted)


def test_a_performance_without_the_rule_takes_any_choice() -> None:
    assert isinstance(obey(hall(row("aaaaaa")).seat_map(RULES), hold("h", 1, 2)), Accepted)


@pytest.mark.parametrize("channel", [BOX_OFFICE, BACKEND])
def test_staff_are_exempt(channel: int) -> None:
    state = hall(row("aaaaaa")).seat_map(STRICT)
    assert isinstance(obey(state, c.HoldSeats("h", "anna", (1, 2), channel)), Accepted)
    assert isinstance(obey(state, c.MoveHold("h", "anna", (3, 4))), Accepted)


def test_a_single_seat_is_left_where_no_choice_of_that_size_avoids_it() -> None:
    state = hall(row("aaa"), row("aaa", name="2")).seat_map(STRICT)
    assert isinstance(obey(state, hold("h", 0, 1)), Accepted)
    other = hall(row("aaa"), row("aaaa", name="2")).seat_map(STRICT)
    assert isinstance(obey(other, hold("h", 0, 1)), OrphanLeft)


def test_a_choice_in_parts_is_refused_where_its_parts_could_stand_elsewhere() -> None:
    """No six stand side by side; but the pair in the middle of its row could be at the end of it."""
    state = hall(row("aaaa"), row("aaaa", name="2")).seat_map(STRICT)
    assert obey(state, hold("h", 1, 2, 4, 5, 6, 7)) == OrphanLeft((0, 3))
    assert isinstance(obey(state, hold("h", 0, 1, 4, 5, 6, 7)), Accepted)
    tight = hall(row("aaa"), row("aaaa", name="2")).seat_map(STRICT)
    assert isinstance(obey(tight, hold("h", 0, 1, 3, 4, 5, 6)), Accepted)


def test_the_rule_moves_nobody_to_another_category() -> None:
    state = hall(row("aaa"), row("bbbb", name="2")).seat_map(STRICT)
    assert isinstance(obey(state, hold("h", 0, 1)), Accepted)


def test_a_seat_that_was_single_before_is_no_reason() -> None:
    state = hall(row("aaaaaa"), taken=[1]).seat_map(STRICT)
    assert isinstance(obey(state, hold("h", 2, 3)), Accepted)


def test_a_single_seat_itself_may_be_taken() -> None:
    assert isinstance(obey(hall(row("aaaaaa"), taken=[1]).seat_map(STRICT), hold("h", 0)), Accepted)


def test_the_last_seats_of_a_hall_go_as_people_want_them() -> None:
    """Lenient below a twentieth of the seats."""
    rows = [row("a" * 20, name=str(number)) for number in range(5)]
    assert isinstance(obey(hall(*rows, taken=range(95)).seat_map(STRICT), hold("h", 96, 97)), OrphanLeft)
    assert isinstance(obey(hall(*rows, taken=range(96)).seat_map(STRICT), hold("h", 97, 98)), Accepted)
    crowd = [*rows, standing(1_000)]
    assert isinstance(obey(hall(*crowd, taken=range(96)).seat_map(STRICT), hold("h", 97, 98)), Accepted)


def test_an_aisle_ends_a_neighbourhood() -> None:
    state = hall(row("aaa   aaaa")).seat_map(STRICT)
    assert obey(state, hold("h", 3, 4, 5)) == OrphanLeft((6,))
    assert isinstance(obey(state, hold("h", 0, 1, 2)), Accepted)


def test_accessible_and_standing_places_are_neither_orphans_nor_company() -> None:
    state = hall(row("Aaaaa"), standing(3)).seat_map(STRICT)
    assert isinstance(obey(state, hold("h", 1, 2)), Accepted)
    assert obey(hall(row("aaaaaA")).seat_map(STRICT), hold("h", 2, 3)) == OrphanLeft((4,))
    assert isinstance(obey(state, hold("s", 6)), Accepted)


def test_a_moved_hold_obeys_the_rule_with_its_own_seats_as_free() -> None:
    state = done(hall(row("aaaaaa")).seat_map(STRICT), hold("h", 0, 1))
    assert obey(state, c.MoveHold("h", "anna", (1, 2))) == OrphanLeft((0,))
    assert isinstance(obey(state, c.MoveHold("h", "anna", (2, 3))), Accepted)
    assert isinstance(obey(state, c.MoveHold("h", "anna", (2, 3, 4, 5))), Accepted)
    assert isinstance(obey(state, c.MoveHold("h", "anna", (2, 3, 4, 5))), Accepted)


def test_best_available_leaves_an_orphan_only_where_its_wishes_leave_no_other_way() -> None:
    state = hall(row("aaa", zone="Y"), row("aaaa", name="2")).seat_map(STRICT)
    decision = obey(state, best("h", SeatGroup(2, zones=("Y",))))
    assert isinstance(decision, Accepted)
    clean = obey(state, best("h2", SeatGroup(2)))
    assert isinstance(clean, Accepted)
    assert clean.hold is not None
    assert clean.hold.seats in {(3, 4), (5, 6)}


@st.composite
def choices(draw: st.DrawFn) -> tuple[Hall, tuple[int, ...]]:
    drawn = draw(halls())
    seats = draw(st.sets(st.sampled_from(sorted(drawn.free)), min_size=1, max_size=4)) if drawn.free else set()
    return drawn, tuple(sorted(seats))


@PATIENT
@given(choices())
def test_the_seats_left_single_are_those_that_a_plain_count_finds(choice: tuple[Hall, tuple[int, ...]]) -> None:
    some, seats = choice
    found = orphans_left(some.free_seats(), some.layout.masks_of(seats))
    event(f"{min(len(found), 2)} orphans")
    assert sorted(found) == sorted(orphans(some, seats))


@PATIENT
@given(halls(), st.integers(1, 4))
def test_a_choice_side_by_side_is_refused_exactly_when_another_one_avoids_it(some: Hall, size: int) -> None:
    windows = list(all_windows(some, SeatGroup(size)))
    for window in windows:
        categories = tuple({some.places[seat].category for seat in window})
        same_price = list(all_windows(some, SeatGroup(size, categories=categories)))
        avoidable = any(not orphans(some, other) for other in same_price)
        assert could_avoid(some.free_seats(), some.layout.masks_of(window)) == avoidable
        event(f"avoidable: {avoidable}")


@PATIENT
@given(choices())
def test_a_choice_in_parts_is_refused_only_when_another_one_avoids_it(choice: tuple[Hall, tuple[int, ...]]) -> None:
    some, seats = choice
    regular = [seat for seat in seats if not some.places[seat].accessible and not some.places[seat].standing]
    if not orphans(some, seats) or not could_avoid(some.free_seats(), some.layout.masks_of(seats)):
        return
    categories = {some.places[seat].category for seat in regular}
    free = [seat for seat in some.free if some.places[seat].category in categories and not some.places[seat].accessible]
    event("refused")
    assert any(not orphans(some, other) for other in combinations(free, len(regular)))
