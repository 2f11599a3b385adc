"""The ledger of mailed reports: one run per moment that came due, one line per receiver. Pure.

A line says before a mail leaves that it is about to, so that whoever comes after a fault knows what may have happened.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

# A mail whose fate is not known is sent again once, under the same Message-ID: at most two copies, and the same one.
MOST_COPIES: Final = 2
# A run that has not ended by then is given up, what is left of it has failed.
GIVE_UP_MS: Final = 6 * 3_600_000


class SendState(Enum):
    """Names as in the protos."""

    DUE = "DUE"
    # A mail is about to leave, or has left.
    SENDING = "SENDING"
    SENT = "SENT"
    # It may have arrived, once or twice; nobody told.
    UNKNOWN = "UNKNOWN"
    FAILED = "FAILED"
    # Its moment was missed.
    SKIPPED = "SKIPPED"
    # Nobody wants it any more: the receiver has left, the schedule was stopped.
    STOPPED = "STOPPED"


OPEN: Final = frozenset({SendState.DUE, SendState.SENDING})


@dataclass(frozen=True, slots=True)
class Line:
    """What became of one receiver's mail. `attempts` counts how often one was about to leave, `unknown` how often
    nobody knows whether it did. `reason` is a few words for people, never an address.
    """

    receiver_id: str
    state: SendState
    attempts: int = 0
    unknown: int = 0
    reason: str = ""
    ended_at_ms: int | None = None

    @property
    def is_open(self) -> bool:
        """Whether something is to be done about it."""
        return self.state in OPEN


class RunOutcome(Enum):
    """Names as in the protos."""

    # Somebody got it.
    SENT = "SENT"
    # Nobody got it.
    FAILED = "FAILED"
    # Its moment was missed.
    SKIPPED = "SKIPPED"
    # There was nobody to send it to.
    STOPPED = "STOPPED"


@dataclass(frozen=True, slots=True)
class ReportRun:
    """One moment of one schedule; `schedule_id` '': somebody asked for it now. `outcome` None: it goes on.

    `email` is where a run goes that somebody asked for, until it has ended.
    """

    run_id: str
    schedule_id: str
    saved_report_id: str
    due_at_ms: int
    lines: tuple[Line, ...]
    created_at_ms: int
    email: str = ""
    outcome: RunOutcome | None = None

    @property
    def open_lines(self) -> tuple[Line, ...]:
        """Those with something left to do."""
        return tuple(line for line in self.lines if line.is_open)


def found(line: Line) -> Line:
    """A line as whoever takes the run up finds it: one about to leave was cut off, and may have left."""
    return dataclasses.replace(line, unknown=line.unknown + 1) if line.state is SendState.SENDING else line


def may_leave(line: Line) -> bool:
    """Whether one more copy may be sent."""
    return line.unknown < MOST_COPIES


def begun(line: Line) -> Line:
    """It is about to leave."""
    return dataclasses.replace(line, state=SendState.SENDING, attempts=line.attempts + 1)


def again(line: Line, reason: str, *, is_unknown: bool) -> Line:
    """It is to be tried again; `is_unknown`: it may have left all the same."""
    return dataclasses.replace(line, state=SendState.DUE, reason=reason, unknown=line.unknown + is_unknown)


def ended(line: Line, state: SendState, now_ms: int, reason: str = "") -> Line:
    """Nothing more happens to it."""
    return dataclasses.replace(line, state=state, reason=reason, ended_at_ms=now_ms)


def outcome_of(lines: Sequence[Line]) -> RunOutcome | None:
    """What a run has come to; None while a line is open. One dead address is no failure of the others' report."""
    states = {line.state for line in lines}
    if states & OPEN:
        return None
    for state, outcome in _IN_THIS_ORDER:
        if state in states:
            return outcome
    return RunOutcome.STOPPED


_IN_THIS_ORDER: Final = (
    (SendState.SENT, RunOutcome.SENT),
    (SendState.UNKNOWN, RunOutcome.SENT),
    (SendState.FAILED, RunOutcome.FAILED),
    (SendState.SKIPPED, RunOutcome.SKIPPED),
)
