"""Deciding what a turn has taken: pure but for its metrics, each command on what those before it have left."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import TypeVar, assert_never, get_args

from services.inventory.actors.mailbox import RETRY_AFTER_MS, CommandT, Work
from services.inventory.domain.changes import (
    Change,
    HoldChange,
    HoldExpired,
    HoldExtended,
    HoldMoved,
    HoldReleased,
    RecordChange,
    SaleTermsChanged,
    SeatsHeld,
    apply_to_holds,
    apply_to_record,
)
from services.inventory.domain.commands import Command, EndingCommand, HoldCommand, ProposedCommand, RecordCommand
from services.inventory.domain.decisions import Accepted, Decision
from services.inventory.domain.dispatch import decide_for_the_record
from services.inventory.domain.draft import Draft
from services.inventory.domain.holding import decide_holding
from services.inventory.domain.records import Hold
from services.inventory.domain.refusals import HoldGone
from services.inventory.domain.seat_map import SeatMap
from services.inventory.ports import HoldWrites
from services.runtime.errors import Overloaded, Refusal
from services.runtime.telemetry.metrics import COMMANDS, TURN_COMMANDS

# How often which command met which answer, by their classes.
Tally = Mapping[tuple[type[Command], type[Decision]], int]

_PROPOSED = frozenset(get_args(ProposedCommand))
_ALWAYS_ACTED_UPON = frozenset(get_args(EndingCommand))
_ACTED_UPON = frozenset({Accepted, *get_args(HoldGone)})

StateT = TypeVar("StateT")
ChangeT = TypeVar("ChangeT", bound=Change)

# A decision for each command of each work; what changes, in order; and the count of it all.
Decided = tuple[list[list[Decision]], list[ChangeT], Tally]


def decide_holds(
    seat_map: SeatMap,
    works: Sequence[Work[HoldCommand]],
    now_ms: int,
    must_come_back: Callable[[HoldCommand], bool] | None,
) -> Decided[HoldChange]:
    """Decides on the map itself. Commands that `must_come_back`, because their hold is on its way into the record, are
    sent back."""
    return _decide_all(seat_map, works, now_ms, decide_holding, apply_to_holds, must_come_back)


def decide_for_record(seat_map: SeatMap, works: Sequence[Work[RecordCommand]], now_ms: int) -> Decided[RecordChange]:
    """Decides on a draft: the map changes when the record has answered."""
    return _decide_all(Draft(seat_map), works, now_ms, decide_for_the_record, apply_to_record, None)


def _decide_all(
    state: StateT,
    works: Sequence[Work[CommandT]],
    now_ms: int,
    decide: Callable[[StateT, CommandT, int], Accepted[ChangeT] | Refusal],
    apply: Callable[[StateT, ChangeT], None],
    must_come_back: Callable[[CommandT], bool] | None,
) -> Decided[ChangeT]:
    changes: list[ChangeT] = []
    decisions: list[list[Decision]] = []
    tally: Counter[tuple[type[Command], type[Decision]]] = Counter()
    for work in works:
        decided: list[Decision] = []
        for command in work.commands:
            decision: Accepted[ChangeT] | Refusal
            if must_come_back is not None and must_come_back(command):
                decision = Overloaded(RETRY_AFTER_MS)
            else:
                decision = decide(state, command, now_ms)
            if isinstance(decision, Accepted) and decision.change is not None:
                apply(state, decision.change)
                changes.append(decision.change)
            decided.append(decision)
        decisions.append(decided)
        tally.update(zip(map(type, work.commands), map(type, decided), strict=True))
    _count(tally)
    return decisions, changes, tally


def _count(tally: Tally) -> None:
    TURN_COMMANDS.observe(sum(tally.values()))
    for (command, decision), count in tally.items():
        outcome = decision.reason() if issubclass(decision, Refusal) else "accepted"
        COMMANDS.labels(command.__name__, outcome).inc(count)


def hold_writes(changes: Iterable[HoldChange], claimed: Iterable[str] = ()) -> HoldWrites:
    """What a turn leaves to write among the holds: the last word on each; `claimed` have ended in the record."""
    put: dict[str, Hold] = {}
    ended: dict[str, None] = dict.fromkeys(claimed)
    for change in changes:
        match change:
            case SeatsHeld() | HoldExtended() | HoldMoved():
                put[change.hold.hold_id] = change.hold
            case HoldReleased() | HoldExpired():
                # Put and ended in one batch: nothing of it was ever in the store, and ending it twice is harmless.
                put.pop(change.hold.hold_id, None)
                ended[change.hold.hold_id] = None
            case SaleTermsChanged():
                pass  # came from where they are kept
            case _:
                assert_never(change)
    return HoldWrites(list(put.values()), list(ended))


def with_new_ends(changes: Iterable[HoldChange], living: Collection[Hold]) -> list[Hold]:
    """The holds whose ends have to be watched from now on, some perhaps more than once; `living` are all there are."""
    holds: list[Hold] = []
    for change in changes:
        match change:
            case SeatsHeld() | HoldExtended():
                holds.append(change.hold)
            case HoldMoved() | HoldReleased() | HoldExpired():
                pass  # keeps its end, or has none any more
            case SaleTermsChanged():
                if change.rules.grace_ms != change.before.grace_ms:
                    holds += living
            case _:
                assert_never(change)
    return holds


def needs_ownership_check(tally: Tally) -> bool:
    """Whether somebody charges, refunds or gives up because of the answers: a yes, any word on a release, or that a
    hold is no more. Out of memory alone that may be wrong, if a newer owner exists; seats that are not free only send
    their buyer elsewhere.
    """
    return any(
        decision in _ACTED_UPON or command in _ALWAYS_ACTED_UPON
        for command, decision in tally
        if command not in _PROPOSED
    )
