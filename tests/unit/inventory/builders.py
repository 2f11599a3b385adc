"""Seat maps and commands for the inventory's unit tests."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from services.inventory.domain import commands as c
from services.inventory.domain import seat_state
from services.inventory.domain.changes import apply_to_record
from services.inventory.domain.decisions import Accepted, Decision, RecordDecision
from services.inventory.domain.dispatch import decide, decide_for_the_record
from services.inventory.domain.draft import Draft
from services.inventory.domain.recorded import PerformanceRecord
from services.inventory.domain.records import HoldRules
from services.inventory.domain.seat_map import SeatMap, apply

BOX_OFFICE = 1
ONLINE = 2
RULES = HoldRules(on_sale=True, seats_per_holder=4, ttl_ms=60_000, cap_ms=300_000, grace_ms=5_000)


def seat_map(capacity: int = 10, rules: HoldRules = RULES) -> SeatMap:
    """An empty hall on sale."""
    return SeatMap(capacity, rules)


def hold(hold_id: str, *seats: int, holder: str = "anna", ttl_ms: int = 0, channel: int = ONLINE) -> c.HoldSeats:
    """A hold by anna unless said otherwise."""
    return c.HoldSeats(hold_id, holder, tuple(sorted(seats)), channel, ttl_ms)


def claim(order_id: str, hold_id: str, *seats: int, holder: str = "anna", channel: int = ONLINE) -> c.ClaimSeats:
    """A claim by anna unless said otherwise."""
    return c.ClaimSeats(order_id, holder, hold_id, tuple(sorted(seats)), channel)


def obey(state: SeatMap, command: c.Command, now_ms: int = 0) -> Decision:
    """Decides and, where the answer is yes, applies."""
    decision = decide(state, command, now_ms)
    if isinstance(decision, Accepted) and decision.change is not None:
        apply(state, decision.change)
    return decision


def obey_as_owners_do(state: SeatMap, commands: Sequence[c.Command], now_ms: int = 0) -> list[Decision]:
    """Decides holds on the map itself, and what is for the record in batches on a draft, applied afterwards."""
    decisions: list[Decision] = []
    for for_the_record, some in groupby(commands, lambda command: isinstance(command, c.RecordCommand)):
        if not for_the_record:
            decisions += [obey(state, command, now_ms) for command in some]
            continue
        draft = Draft(state)
        batch = [_decided_on(draft, command, now_ms) for command in some if isinstance(command, c.RecordCommand)]
        for decision in batch:
            if isinstance(decision, Accepted) and decision.change is not None:
                apply_to_record(state, decision.change)
        decisions += batch
    return decisions


def _decided_on(draft: Draft, command: c.RecordCommand, now_ms: int) -> RecordDecision:
    decision = decide_for_the_record(draft, command, now_ms)
    if isinstance(decision, Accepted) and decision.change is not None:
        apply_to_record(draft, decision.change)
    return decision


def done(state: SeatMap, *commands: c.Command, now_ms: int = 0) -> SeatMap:
    """Obeys commands that must all be accepted."""
    for command in commands:
        decision = obey(state, command, now_ms)
        assert isinstance(decision, Accepted), decision
    return state


def recorded(state: SeatMap) -> PerformanceRecord:
    """What the record has of it."""
    blocked = {seat for seat in range(state.capacity) if state.status(seat) == seat_state.BLOCKED}
    return PerformanceRecord(
        claims=list(state.claims.values()),
        blocked=sorted(blocked | state.soft_blocks),
        softly_blocked=sorted(state.soft_blocks),
        allotments=list(state.all_allotments()),
        reservations=list(state.reservations.values()),
    )
