"""Best available against a plain search of every choice: same tier, same cost, and no word that is not true."""

from __future__ import annotations

import msgspec
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from services.inventory.domain import commands as c
from services.inventory.domain.best_available import Alternatives, SeatGroup, choose
from services.inventory.domain.decisions import Accepted
from services.inventory.domain.refusals import SeatsNotTogether
from services.inventory.domain.seat_state import FREE
from tests.unit.inventory.builders import ONLINE, obey, obey_as_owners_do
from tests.unit.inventory.halls import (
    GROUPS,
    STRICT,
    Hall,
    all_windows,
    cost,
    crooked_halls,
    halls,
    is_allowed,
    orphans,
)

# The machine may be busy; how long an example takes is no claim of these tests.
PATIENT = settings(deadline=None, max_examples=200, suppress_health_check=[HealthCheck.too_slow])


def accessible_of(hall: Hall, seats: tuple[int, ...]) -> int:
    return sum(hall.places[seat].accessible for seat in seats)


def side_by_side(hall: Hall, seats: tuple[int, ...]) -> bool:
    run = hall.layout.runs[hall.layout.run_of[seats[0]]]
    at = sorted(run.seats.index(seat) for seat in seats if seat in run.seats)
    return len(at) == len(seats) and at == list(range(at[0], at[0] + len(at)))


@PATIENT
@given(halls(), GROUPS)
def test_the_seats_found_are_of_the_best_tier_there_is_and_the_cheapest_of_it(hall: Hall, group: SeatGroup) -> None:
    chosen = choose(hall.free_seats(), [group], may_split=False)
    if "Pit" in group.zones:
        event("standing")
        places = [seat for seat in hall.free if is_allowed(hall, group, seat)]
        assert isinstance(chosen, tuple) == (len(places) >= group.size and not group.accessible)
        assert isinstance(chosen, Alternatives) or set(chosen) <= set(places)
        return
    everything = list(all_windows(hall, group))
    clean = [window for window in everything if not orphans(hall, window)]
    best_tier = clean or everything
    event("clean" if clean else "orphan" if everything else "none")
    if not best_tier:
        assert isinstance(chosen, Alternatives)
        return
    assert isinstance(chosen, tuple)
    assert set(chosen) in [set(window) for window in best_tier]
    assert cost(hall, chosen) == min(cost(hall, window) for window in best_tier)


@PATIENT
@given(crooked_halls(), st.integers(1, 5))
def test_the_cheapest_seats_are_found_in_rows_of_any_shape(hall: Hall, size: int) -> None:
    everything = list(all_windows(hall, SeatGroup(size)))
    best_tier = [window for window in everything if not orphans(hall, window)] or everything
    chosen = choose(hall.free_seats(), [SeatGroup(size)], may_split=False)
    assert isinstance(chosen, tuple) == bool(best_tier)
    if isinstance(chosen, tuple):
        assert cost(hall, chosen) == min(cost(hall, window) for window in best_tier)
        event(f"valley: {hall.layout.runs[hall.layout.run_of[chosen[0]]].is_valley}")


@PATIENT
@given(halls(), GROUPS)
def test_a_group_that_may_split_is_seated_whenever_there_are_seats_enough(hall: Hall, group: SeatGroup) -> None:
    chosen = choose(hall.free_seats(), [group], may_split=True)
    allowed = [seat for seat in hall.free if is_allowed(hall, group, seat)]
    accessible = [seat for seat in allowed if hall.places[seat].accessible]
    regular = len(allowed) - len(accessible)
    if "Pit" in group.zones:
        enough = len(allowed) >= group.size and not group.accessible
    else:
        enough = len(accessible) >= group.accessible and regular >= group.size - group.accessible
    assert isinstance(chosen, tuple) == enough
    if isinstance(chosen, tuple):
        assert len(set(chosen)) == group.size
        assert set(chosen) <= set(allowed)
        assert accessible_of(hall, chosen) == group.accessible
        whole = choose(hall.free_seats(), [group], may_split=False)
        event("whole" if isinstance(whole, tuple) else "split")
        assert chosen == whole or isinstance(whole, Alternatives)


@PATIENT
@given(halls(), GROUPS, st.booleans())
def test_a_refusal_tells_only_what_works_and_the_most_of_it(hall: Hall, group: SeatGroup, may_split: bool) -> None:
    told = choose(hall.free_seats(), [group], may_split=may_split)
    if not isinstance(told, Alternatives):
        return
    assert told.position == 0

    def works(wanted: SeatGroup, *, split: bool) -> bool:
        return isinstance(choose(hall.free_seats(), [wanted], may_split=split), tuple)

    for size in range(1, group.size):
        smaller = msgspec.structs.replace(group, size=size, accessible=min(group.accessible, size))
        if size == told.largest_group:
            assert works(smaller, split=may_split)
        if size > told.largest_group:
            assert not works(smaller, split=False)
    for category in hall.layout.categories:
        other = msgspec.structs.replace(group, categories=(category,))
        assert works(other, split=may_split) == (category in told.categories)
        event(f"another category works: {category in told.categories}")


@PATIENT
@given(halls(), st.lists(GROUPS, min_size=2, max_size=4), st.booleans())
def test_several_groups_get_their_seats_in_one_hold_or_none(
    hall: Hall, groups: list[SeatGroup], may_split: bool
) -> None:
    chosen = choose(hall.free_seats(), groups, may_split=may_split)
    if isinstance(chosen, Alternatives):
        before = groups[: chosen.position]
        assert isinstance(choose(hall.free_seats(), before, may_split=may_split), tuple) or not before
        group = groups[chosen.position]
        if chosen.largest_group:
            size = chosen.largest_group
            smaller = msgspec.structs.replace(group, size=size, accessible=min(group.accessible, size))
            assert isinstance(choose(hall.free_seats(), [*before, smaller], may_split=may_split), tuple)
        return
    assert len(set(chosen)) == sum(group.size for group in groups)
    assert set(chosen) <= hall.free
    assert accessible_of(hall, chosen) == sum(group.accessible for group in groups)


BEST = st.builds(
    lambda hold, holder, groups, channel, split: c.HoldBestAvailable(hold, holder, tuple(groups), channel, split),
    st.sampled_from(["h1", "h2", "h3", "h4", "h5", "h6"]),
    st.sampled_from(["anna", "bert", "cleo"]),
    st.lists(GROUPS, min_size=1, max_size=2),
    st.sampled_from([1, ONLINE]),
    st.booleans(),
)


@st.composite
def sales(draw: st.DrawFn) -> tuple[Hall, list[c.Command]]:
    """A hall and what is asked of it, best available and chosen seats mixed."""
    hall = draw(halls())
    seats = st.sets(st.integers(0, len(hall.places) - 1), min_size=1, max_size=3).map(lambda s: tuple(sorted(s)))
    holds = st.sampled_from(["h1", "h2", "h3", "h4", "h5", "h6"])
    holders = st.sampled_from(["anna", "bert", "cleo"])
    others: st.SearchStrategy[c.Command] = st.one_of(
        st.builds(c.HoldSeats, holds, holders, seats, st.sampled_from([1, ONLINE])),
        st.builds(c.MoveHold, holds, holders, seats),
        st.builds(c.ReleaseHold, holds, holders),
        st.builds(c.UnblockSeats, seats),
    )
    return hall, draw(st.lists(st.one_of(BEST, others), min_size=1, max_size=25))


@PATIENT
@given(sales(), st.integers(1, 10))
def test_a_batch_with_best_available_decides_as_one_by_one(sale: tuple[Hall, list[c.Command]], size: int) -> None:
    hall, commands = sale
    alone, batched = hall.seat_map(STRICT), hall.seat_map(STRICT)
    for start in range(0, len(commands), size):
        some = commands[start : start + size]
        expected = [obey(alone, command) for command in some]
        assert obey_as_owners_do(batched, some) == expected
        for command, decision in zip(some, expected, strict=True):
            event(type(decision).__name__ + " " + type(command).__name__)
        assert batched.statuses == alone.statuses
        held = [seat for hold in batched.holds.values() for seat in hold.seats]
        assert len(held) == len(set(held))


@PATIENT
@given(sales())
def test_what_best_available_gives_was_free_and_was_wanted(sale: tuple[Hall, list[c.Command]]) -> None:
    hall, commands = sale
    state = hall.seat_map(STRICT)
    for command in commands:
        free = {seat for seat in range(len(hall.places)) if state.status(seat) == FREE}
        fresh = isinstance(command, c.HoldBestAvailable) and state.hold(command.hold_id) is None
        decision = obey(state, command)
        if isinstance(command, c.HoldBestAvailable) and isinstance(decision, Accepted):
            assert decision.hold is not None
            assert len(decision.hold.seats) == sum(group.size for group in command.groups)
            assert not fresh or set(decision.hold.seats) <= free
        elif isinstance(decision, SeatsNotTogether):
            assert isinstance(command, c.HoldBestAvailable)
            assert decision.asked == command.groups[decision.group].size
