"""Deciding what a turn has taken: pure but for its metrics, each command on what those before it have left."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from services.inventory.actors.mailbox import RETRY_AFTER_MS, Work
from services.inventory.actors.record_batch import RecordBatch
from services.inventory.domain.changes import Change
from services.inventory.domain.commands import Command, ExpireHold, ReadHold, ReleaseHold
from services.inventory.domain.decisions import Accepted, Decision, decide
from services.inventory.domain.draft import Draft
from services.inventory.domain.refusals import HoldEnded, HoldExpired, HoldNotFound
from services.inventory.domain.seat_map import SeatMap, apply
from services.runtime.errors import Overloaded, Refusal
from services.runtime.telemetry.metrics import COMMANDS, TURN_COMMANDS

# How often which command met which answer, by their classes.
Tally = Mapping[tuple[type[Command], type[Decision]], int]


def decide_all(
    state: SeatMap | Draft, works: Sequence[Work], now_ms: int, batch: RecordBatch | None
) -> tuple[list[list[Decision]], list[Change], Tally]:
    """A decision for each command, applied to `state`; what changes, in order; and the count of it all.

    Commands that `batch`, on its way into the record, stands in the way of are sent back.
    """
    changes: list[Change] = []
    decisions: list[list[Decision]] = []
    tally: Counter[tuple[type[Command], type[Decision]]] = Counter()
    for work in works:
        decided: list[Decision] = []
        for command in work.commands:
            decision: Decision
            if batch is not None and batch.stands_in_the_way_of(command):
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


def is_acted_upon(tally: Tally) -> bool:
    """Whether somebody charges, refunds or gives up because of the answers: a yes, any word on a release, or that a
    hold is no more. Out of memory alone that may be wrong, if a newer owner exists; seats that are not free only send
    their buyer elsewhere.
    """
    return any(
        decision in {Accepted, HoldNotFound, HoldEnded, HoldExpired} or command in {ReleaseHold, ReadHold}
        for command, decision in tally
        if command is not ExpireHold
    )
