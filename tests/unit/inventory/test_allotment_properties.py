"""All commands in all orders: the deck of R1.1 always adds up, and what an office reported sold goes by no side way."""

from __future__ import annotations

from balcon.inventory.v1 import allotments_pb2 as pb
from hypothesis import given, settings
from hypothesis import strategies as st

from services.inventory.domain import allotments as kinds
from services.inventory.domain import commands as c
from services.inventory.domain.allotments import Step
from services.inventory.domain.changes import AllotmentStepped
from services.inventory.domain.decisions import Accepted
from services.inventory.domain.recorded import PerformanceRecord
from services.inventory.domain.restoration import restore
from services.inventory.domain.seat_map import SeatMap
from services.inventory.domain.seat_state import ALLOTTED, BLOCKED, FREE, HANDED_OUT, REPORTED_SOLD
from tests.unit.inventory.builders import RULES, obey, obey_as_owners_do, seat_map
from tests.unit.inventory.generated_commands import ALLOTTING, CAPACITY, COMMANDS

# Allotments are rare among all commands: half of them here.
STEPS = st.lists(st.tuples(st.one_of(COMMANDS, ALLOTTING), st.integers(0, 40_000)), max_size=40)


def check_allotments(state: SeatMap) -> None:
    """R1.1, INV-5: sets disjoint, counts true, and every seat is as its allotment says."""
    counts, every = state.counts(), list(state.all_allotments())
    seats = [seat for allotment in every for seat in allotment.seats]
    assert len(set(seats)) == len(seats) == counts.allotted + counts.reported_sold
    assert counts.pool + len(seats) == counts.capacity == CAPACITY
    for allotment in every:
        assert all(state.status(seat) == ALLOTTED for seat in allotment.open)
        assert all(state.status(seat) == REPORTED_SOLD for seat in allotment.sold)
        assert allotment.handed_out == len(allotment.open) + len(allotment.sold) + allotment.returned
        assert not (allotment.closed_at_ms and allotment.open)
        assert list(allotment.open) == sorted(allotment.open)
        assert list(allotment.sold) == sorted(allotment.sold)


def of_offices(state: SeatMap) -> bytes:
    """The seats that offices have, and how."""
    return bytes(status if status in HANDED_OUT else 0 for status in state.statuses)


@given(STEPS)
@settings(max_examples=300)
def test_inv_5_pool_and_allotments_are_the_capacity_after_every_command(steps: list[tuple[c.Command, int]]) -> None:
    state, now = seat_map(CAPACITY), 0
    for command, passed in steps:
        now += passed
        obey(state, command, now)
        check_allotments(state)


@given(STEPS)
@settings(max_examples=300)
def test_what_is_reported_sold_is_freed_by_taking_the_report_back_alone(steps: list[tuple[c.Command, int]]) -> None:
    state, now = seat_map(CAPACITY), 0
    for command, passed in steps:
        now += passed
        before = bytes(state.statuses)
        obey(state, command, now)
        for seat, (was, is_now) in enumerate(zip(before, state.statuses, strict=True)):
            if was == REPORTED_SOLD and is_now != REPORTED_SOLD:
                assert is_now == ALLOTTED, seat
                assert isinstance(command, c.TakeBackReport)


@given(STEPS)
@settings(max_examples=200)
def test_only_commands_of_allotments_touch_what_offices_have(steps: list[tuple[c.Command, int]]) -> None:
    state, now = seat_map(CAPACITY), 0
    for command, passed in steps:
        now += passed
        before = of_offices(state), dict(state.allotments)
        obey(state, command, now)
        if not isinstance(command, c.AllottingCommand):
            assert (of_offices(state), dict(state.allotments)) == before


@given(STEPS, st.integers(1, 10))
@settings(max_examples=200)
def test_batches_on_a_draft_decide_as_one_by_one(steps: list[tuple[c.Command, int]], size: int) -> None:
    alone, batched = seat_map(CAPACITY), seat_map(CAPACITY)
    for start in range(0, len(steps), size):
        commands = [command for command, _ in steps[start : start + size]]
        expected = [obey(alone, command, start) for command in commands]
        assert obey_as_owners_do(batched, commands, start) == expected
        assert (batched.allotments, batched.statuses) == (alone.allotments, alone.statuses)


@given(STEPS, STEPS)
@settings(max_examples=200)
def test_a_restored_owner_decides_as_the_one_that_was(
    before: list[tuple[c.Command, int]], after: list[tuple[c.Command, int]]
) -> None:
    """Steps and allotments are all that a failover needs: copies find their first answer there too."""
    state, now, told = seat_map(CAPACITY), 0, dict[str, Step]()
    for command, passed in before:
        now += passed
        decision = obey(state, command, now)
        if isinstance(decision, Accepted) and isinstance(decision.change, AllotmentStepped):
            told[decision.change.step.step_id] = decision.change.step
    record = PerformanceRecord(
        claims=list(state.claims.values()),
        blocked=[seat for seat in range(CAPACITY) if state.status(seat) == BLOCKED],
        allotments=list(state.all_allotments()),
        steps=list(told.values()),
        reservations=list(state.reservations.values()),
    )
    restored, stale = restore(CAPACITY, RULES, record, state.holds.values())
    assert stale == []
    allotting = [command for command, _ in (*before, *after) if isinstance(command, c.AllottingCommand)]
    for command in allotting:
        same = obey(restored, command, now) == obey(state, command, now)
        assert same
    assert of_offices(restored) == of_offices(state)
    check_allotments(restored)


@given(STEPS)
@settings(max_examples=200)
def test_a_copy_of_any_step_changes_nothing_whatever_came_between(steps: list[tuple[c.Command, int]]) -> None:
    state, now, accepted = seat_map(CAPACITY), 0, list[c.Command]()
    for command, passed in steps:
        now += passed
        decision = obey(state, command, now)
        if isinstance(decision, Accepted) and isinstance(command, c.AllottingCommand):
            accepted.append(command)
    before = bytes(state.statuses), dict(state.allotments)
    for command in accepted:
        if not isinstance(command, c.ReturnDue):
            decision = obey(state, command, now)
            assert isinstance(decision, Accepted)
            assert decision.change is None
    assert (bytes(state.statuses), dict(state.allotments)) == before


@given(STEPS)
@settings(max_examples=200)
def test_a_return_gives_back_all_that_is_open_and_a_closing_leaves_nothing_open(
    steps: list[tuple[c.Command, int]],
) -> None:
    state, now = seat_map(CAPACITY), 0
    for command, passed in steps:
        now += passed
        obey(state, command, now)
    for number, allotment in enumerate(list(state.all_allotments())):
        if allotment.closed_at_ms:
            continue
        kind = c.CloseAllotment if number % 2 else c.ReturnUnsold
        command = kind(step_id=f"end_{number}", asked="", allotment_id=allotment.allotment_id)
        assert isinstance(obey(state, command, now), Accepted)
        after = state.allotments[allotment.allotment_id]
        assert (after.open, after.sold) == ((), allotment.sold)
        assert all(state.status(seat) == FREE for seat in allotment.open)
    check_allotments(state)


def test_the_kinds_and_steps_are_those_of_the_protos() -> None:
    named = {name.removeprefix("ALLOTMENT_KIND_"): value for name, value in pb.AllotmentKind.items() if value}
    assert named == {"HARD": 1, "DIGITAL_HARD": 2, "FOREIGN": 3, "OFFER": 4}
    assert tuple(named.values()) == kinds.KINDS
    steps = (
        kinds.HANDED_OUT,
        kinds.SOLD_REPORTED,
        kinds.REPORT_TAKEN_BACK,
        kinds.RECALLED,
        kinds.RETURNED,
        kinds.CLOSED,
        kinds.CHANGED,
    )
    assert tuple(value for value in pb.AllotmentStep.values() if value) == steps
