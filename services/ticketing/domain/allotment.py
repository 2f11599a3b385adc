"""An allotment as its owner tells it, as far as its paper needs it (R1)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class AllotmentKind(Enum):
    """How an office has its seats; names as in balcon.inventory.v1.AllotmentKind."""

    HARD = "HARD"
    DIGITAL_HARD = "DIGITAL_HARD"
    FOREIGN = "FOREIGN"
    OFFER = "OFFER"


# For these the house prints; others have another system's codes, or none.
PRINTED = frozenset({AllotmentKind.HARD, AllotmentKind.DIGITAL_HARD})


@dataclass(frozen=True, slots=True)
class Allotment:
    """Its seats in the plan's order: open ones, and those that the office reported sold. Times are unix milliseconds.

    `returned`: how many went back into the pool. `closed_at_ms`, `return_due_at_ms` None: not closed, no due time.
    """

    allotment_id: str
    performance_id: str
    kind: AllotmentKind
    office_id: str
    note: str
    version: int
    plan_version: int
    open_seats: tuple[str, ...]
    sold_seats: tuple[str, ...]
    returned: int
    created_at_ms: int
    return_due_at_ms: int | None = None
    closed_at_ms: int | None = None

    @property
    def seats(self) -> tuple[str, ...]:
        """All that it has."""
        return self.open_seats + self.sold_seats


@dataclass(frozen=True, slots=True)
class Departure:
    """A seat that has left an allotment, and the version that it left in: tickets of versions before it are void."""

    seat_id: str
    version: int
