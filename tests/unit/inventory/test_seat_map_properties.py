"""All commands in all orders: the card deck holds (INV-5), and deciding in batches equals deciding one by one."""

from __future__ import annotations

from balcon.inventory.v1 import inventory_service_pb2 as pb
from hypothesis import given, settings
from hypothesis import strategies as st

from services.inventory.domain import commands as c
from services.inventory.domain.decisions import Accepted
from services.inventory.domain.restoration import restore
from services.inventory.domain.seat_map import SeatMap
from services.inventory.domain.seat_state import CLAIMED, FREE, HELD, RESERVED, SOLD, SeatCounts
from tests.unit.inventory.builders import RULES, obey, obey_as_owners_do, recorded, seat_map
from tests.unit.inventory.generated_commands import CAPACITY, COMMANDS, HOLDS

STEPS = st.lists(st.tuples(COMMANDS, st.integers(0, 40_000)), max_size=40)


def check_deck(state: SeatMap) -> None:
    """INV-1, INV-5: each seat in exactly one place, counts true, holders' counts true."""
    assert state.counts().capacity == CAPACITY
    held = [seat for hold in state.holds.values() for seat in hold.seats]
    claimed = [seat for claim in state.claims.values() for seat in claim.seats]
    assert len(set(held + claimed)) == len(held + claimed)
    assert all(state.status(seat) == HELD for seat in held)
    for claim in state.claims.values():
        assert all(state.status(seat) == (SOLD if claim.sold else CLAIMED) for seat in claim.seats)
    free = {seat for seat in range(CAPACITY) if state.status(seat) in {FREE, SOLD}}
    assert free.isdisjoint(state.soft_blocks)
    reserved = [seat for each in state.reservations.values() if each.stands for seat in each.seats]
    assert sorted(reserved) == [seat for seat in range(CAPACITY) if state.status(seat) == RESERVED]
    for holder in ("anna", "bert"):
        own = sum(len(hold.seats) for hold in state.holds.values() if hold.holder_id == holder)
        own += sum(len(k.seats) for k in state.claims.values() if k.holder_id == holder and not k.sold)
        assert state.seats_of(holder) == own
    if state.quotas is not None:
        assert state.quotas.used == state.quotas.limits.counted(state.statuses)


@given(STEPS)
@settings(max_examples=300)
def test_the_card_deck_holds_after_every_command(steps: list[tuple[c.Command, int]]) -> None:
    state = seat_map(CAPACITY)
    now = 0
    for command, passed in steps:
        now += passed
        before = bytes(state.statuses)
        decision = obey(state, command, now)
        if not isinstance(decision, Accepted):
            assert bytes(state.statuses) == before
        check_deck(state)
        for hold in state.holds.values():
            assert hold.hold_until_ms + RULES.grace_ms <= hold.acquired_ms + RULES.cap_ms


@given(STEPS, st.integers(1, 10))
@settings(max_examples=300)
def test_batches_of_the_record_on_a_draft_decide_as_one_by_one(steps: list[tuple[c.Command, int]], size: int) -> None:
    alone, batched = seat_map(CAPACITY), seat_map(CAPACITY)
    for start in range(0, len(steps), size):
        commands = [command for command, _ in steps[start : start + size]]
        expected = [obey(alone, command, start) for command in commands]
        assert obey_as_owners_do(batched, commands, start) == expected
        assert batched.statuses == alone.statuses
        assert (batched.holds, batched.claims) == (alone.holds, alone.claims)
        assert batched.soft_blocks == alone.soft_blocks


@given(STEPS)
def test_a_restored_map_equals_the_one_that_was(steps: list[tuple[c.Command, int]]) -> None:
    state = seat_map(CAPACITY)
    for command, passed in steps:
        obey(state, command, passed)
    restored, stale = restore(CAPACITY, RULES, recorded(state), state.holds.values())
    assert stale == []
    assert restored.soft_blocks == state.soft_blocks
    assert restored.statuses == state.statuses
    assert restored.counts() == state.counts()
    check_deck(restored)


@given(STEPS, st.sets(HOLDS))
def test_the_record_wins_over_holds_that_contradict_it(steps: list[tuple[c.Command, int]], lost: set[str]) -> None:
    """RULE 7: whatever the hold store forgot or kept too long, claims and blocks stand as recorded."""
    state = seat_map(CAPACITY)
    kept = {}
    for command, passed in steps:
        kept.update(state.holds)
        obey(state, command, passed)
    found = [hold for hold in kept.values() if hold.hold_id not in lost]
    restored, _ = restore(CAPACITY, RULES, recorded(state), found)
    check_deck(restored)
    for claim in state.claims.values():
        assert restored.claim(claim.order_id) == claim


def test_counts_have_the_names_that_messages_tell_them_by() -> None:
    counts = SeatCounts(free=1, held=2, claimed=3, sold=4, blocked=5)
    assert counts.by_name().keys() == {field.name for field in pb.SeatCounts.DESCRIPTOR.fields}
    assert counts.capacity == 15
