"""Allotments (R1): seats taken out of the pool and handed to an office. Plain records; allotting.py has the rules."""

from __future__ import annotations

from typing import Final

import msgspec

from services.runtime.principal import PrincipalRef

# The values of balcon.inventory.v1.AllotmentKind.
HARD: Final = 1
DIGITAL_HARD: Final = 2
FOREIGN: Final = 3
OFFER: Final = 4
KINDS: Final = (HARD, DIGITAL_HARD, FOREIGN, OFFER)

# The values of balcon.inventory.v1.AllotmentStep.
HANDED_OUT: Final = 1
SOLD_REPORTED: Final = 2
REPORT_TAKEN_BACK: Final = 3
RECALLED: Final = 4
RETURNED: Final = 5
CLOSED: Final = 6
CHANGED: Final = 7

# What one performance may have of them, closed ones too: offers to single persons are allotments as well.
ALLOTMENTS_A_PERFORMANCE: Final = 5_000
# Put into one by one command; and had by one, so that what returns them all fits into one event.
SEATS_A_STEP: Final = 5_000
SEATS_AN_ALLOTMENT: Final = 10_000


class Allotment(msgspec.Struct, frozen=True, gc=False):
    """As it stands after `version` steps. `open` and `sold` are ascending indexes of the plan; times are unix ms by the
    store's clock, 0 where there is none."""

    allotment_id: str
    kind: int
    office_id: str
    note: str
    created_at_ms: int
    version: int = 0
    # In it and not reported sold; in it and reported sold.
    open: tuple[int, ...] = ()
    sold: tuple[int, ...] = ()
    # Ever put into it, and ever given back: handed_out = open + sold + returned.
    handed_out: int = 0
    returned: int = 0
    return_due_at_ms: int = 0
    # The due time has still to do its work.
    return_pending: bool = False
    closed_at_ms: int = 0
    # Why a foreign one was made after publication all the same (R1.11).
    override_reason: str = ""

    @property
    def seats(self) -> tuple[int, ...]:
        """All that it has, in the plan's order."""
        return tuple(sorted((*self.open, *self.sold)))

    @property
    def size(self) -> int:
        """How many seats it has."""
        return len(self.open) + len(self.sold)


class Step(msgspec.Struct, frozen=True, gc=False):
    """What was done to an allotment, under the id that its caller gave it: a copy of the command finds it here."""

    step_id: str
    allotment_id: str
    kind: int
    # Fingerprint of all that was asked, empty for what the due time did.
    asked: str
    # The seats that it was done to.
    seats: tuple[int, ...]
    # The allotment's after it.
    version: int
    at_ms: int
    on_behalf_of: PrincipalRef | None = None
    # Why, where the house had to say.
    reason: str = ""


class SeatsAsked(msgspec.Struct, frozen=True, gc=False):
    """Seats of a command. `seats` ascending: all of them; with `only_fit` those that fit, with `count` so many of those
    that fit, the first of the plan's order."""

    seats: tuple[int, ...]
    only_fit: bool = False
    count: int = 0
