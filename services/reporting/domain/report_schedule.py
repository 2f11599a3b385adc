"""A schedule: when a saved report is mailed, to whom, and how it stands (R3.10). Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

from services.contracts.texts import refused_email
from services.reporting.domain.rhythm import Rhythm
from services.runtime.errors import UNSET, FieldInvalid

MAX_RECEIVERS: Final = 50
MAX_SCHEDULES: Final = 500
# So many runs in a row of which nobody got anything, and it stops until somebody of the house has looked.
MOST_FAILURES: Final = 5
CHANGEABLE: Final = frozenset({"weekdays", "local_times", "receivers", "notice_email", "is_paused"})


class ScheduleState(Enum):
    """Names as in the protos."""

    ACTIVE = "ACTIVE"
    # By the house.
    PAUSED = "PAUSED"
    # By Balcon, after MOST_FAILURES failures in a row.
    STOPPED = "STOPPED"


@dataclass(frozen=True, slots=True)
class Receiver:
    """Somebody who is written to, and needs no account. `left_at_ms`: they have stopped it."""

    receiver_id: str
    email: str
    left_at_ms: int | None = None

    @property
    def key(self) -> str:
        """Two addresses with the same key are the same."""
        return self.email.casefold()


@dataclass(frozen=True, slots=True)
class ReportSchedule:
    """`planned_until_ms`: what was due by then has been planned. `next_due_ms` is in the zone as it was known last."""

    schedule_id: str
    saved_report_id: str
    rhythm: Rhythm
    receivers: tuple[Receiver, ...]
    notice_email: str
    state: ScheduleState
    failures_in_row: int
    planned_until_ms: int
    next_due_ms: int
    created_at_ms: int
    revision: int = 1
    archived_at_ms: int | None = None

    @property
    def active_receivers(self) -> tuple[Receiver, ...]:
        """Those who are still written to."""
        return tuple(one for one in self.receivers if one.left_at_ms is None)


def refused_receivers(field: str, emails: Sequence[str]) -> Iterator[FieldInvalid | None]:
    """All that is wrong with a list of addresses."""
    if not 1 <= len(emails) <= MAX_RECEIVERS:
        yield FieldInvalid(field, f"has {len(emails):,}" if emails else UNSET, f"1 to {MAX_RECEIVERS} addresses")
        return
    seen: set[str] = set()
    for at, email in enumerate(emails):
        yield refused_email(f"{field}[{at}]", email)
        if email.casefold() in seen:
            yield FieldInvalid(f"{field}[{at}]", "is there twice", "each address once")
        seen.add(email.casefold())


def refused_who_left(field: str, emails: Sequence[str], known: Sequence[Receiver]) -> Iterator[FieldInvalid]:
    """Whoever has stopped these mails is not written to again because somebody lists them again."""
    left = {one.key for one in known if one.left_at_ms is not None}
    for at, email in enumerate(emails):
        if email.casefold() in left:
            yield FieldInvalid(f"{field}[{at}]", "has stopped these mails", "an address that has not")
