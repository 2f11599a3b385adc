"""Every no of allotments (R1), with its facts. `seats` are indexes inside and the plan's seat ids at the edge."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from services.contracts.instants import instant_text
from services.runtime.errors import ITEMS_NAMED, Kind, Refusal


def _named(items: Sequence[object]) -> str:
    """The first of them in words, and how many more."""
    more = len(items) - ITEMS_NAMED
    return ", ".join(map(str, items[:ITEMS_NAMED])) + (f" and {more} more" if more > 0 else "")


@dataclass(frozen=True, slots=True)
class SeatsNotPlaced(Refusal):
    """Nobody has told where the seats of plan version {plan_version} stand: name them by their ids."""

    kind = Kind.PRECONDITION
    plan_version: int


@dataclass(frozen=True, slots=True)
class AllotmentNotFound(Refusal):
    """The performance has no allotment {allotment_id}."""

    kind = Kind.NOT_FOUND
    allotment_id: str


@dataclass(frozen=True, slots=True)
class AllotmentClosed(Refusal):
    """Allotment {allotment_id} was closed."""

    kind = Kind.PRECONDITION
    allotment_id: str
    closed_at_ms: int

    def message(self) -> str:
        """Since when."""
        return f"Allotment {self.allotment_id} was closed at {instant_text(self.closed_at_ms)} and is final."


@dataclass(frozen=True, slots=True)
class ReturnTimePassed(Refusal):
    """What allotment {allotment_id} had not sold went back."""

    kind = Kind.PRECONDITION
    allotment_id: str
    return_due_at_ms: int

    def message(self) -> str:
        """Since when."""
        since = instant_text(self.return_due_at_ms)
        return (
            f"What allotment {self.allotment_id} had not sold went back at {since}; set another time of return first."
        )


@dataclass(frozen=True, slots=True)
class TooManyAllotments(Refusal):
    """The performance has {limit} allotments already, as many as there may be."""

    kind = Kind.PRECONDITION
    limit: int


@dataclass(frozen=True, slots=True)
class AllotmentTooLarge(Refusal):
    """Allotment {allotment_id} would have {seats} seats; at most {limit} are possible."""

    kind = Kind.PRECONDITION
    allotment_id: str
    seats: int
    limit: int


@dataclass(frozen=True, slots=True)
class SeatsAllotted(Refusal):
    """Seats {seats} are in allotments already: {allotment_ids}."""

    kind = Kind.CONFLICT
    seats: tuple[int, ...] | tuple[str, ...]
    # Which, for each of the seats.
    allotment_ids: tuple[str, ...]
    # What else of those asked for is not free.
    taken: tuple[int, ...] | tuple[str, ...] = ()

    def message(self) -> str:
        """Each allotment once, and the seats that are gone otherwise."""
        having = ", ".join(dict.fromkeys(self.allotment_ids))
        text = f"Seats {_named(self.seats)} are in allotments already: {having}."
        return f"{text} Seats {_named(self.taken)} are not free." if self.taken else text


@dataclass(frozen=True, slots=True)
class PoolExceeded(Refusal):
    """{asked} seats were asked for, and {left} are left there; the pool has {pool}."""

    kind = Kind.CONFLICT
    asked: int
    # Free where they were asked of.
    left: int
    # Not in the hands of offices, free or not.
    pool: int


@dataclass(frozen=True, slots=True)
class SeatsNotAllotted(Refusal):
    """Seats {seats} are not in allotment {allotment_id}."""

    kind = Kind.PRECONDITION
    allotment_id: str
    seats: tuple[int, ...] | tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SeatsReportedSold(Refusal):
    """The office of allotment {allotment_id} reported seats {seats} sold; they do not go back."""

    kind = Kind.PRECONDITION
    allotment_id: str
    seats: tuple[int, ...] | tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AllotmentExceeded(Refusal):
    """{asked} places were named, and allotment {allotment_id} has {left} such places."""

    kind = Kind.PRECONDITION
    allotment_id: str
    asked: int
    left: int


@dataclass(frozen=True, slots=True)
class ForeignAfterPublication(Refusal):
    """The public is shown the performance: a foreign allotment needs an override_reason."""

    kind = Kind.PRECONDITION
    published_at_ms: int
