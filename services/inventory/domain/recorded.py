"""All that the record knows of a performance's seats, as a new owner reads it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from services.inventory.domain.allotments import Allotment, Step
from services.inventory.domain.records import Claim
from services.inventory.domain.reservations import Reservation


@dataclass(frozen=True, slots=True)
class PerformanceRecord:
    """What the record knows of a performance's seats."""

    claims: Sequence[Claim] = ()
    # Of either kind, whoever has the seat.
    blocked: Sequence[int] = ()
    # Orders that claimed seats without a hold and whose claim has ended.
    given_back: Sequence[str] = ()
    # Whose indexes these are; 0: nobody has told.
    plan_version: int = 0
    # In the order of their making, closed ones too, and all that was done to them.
    allotments: Sequence[Allotment] = ()
    steps: Sequence[Step] = ()
    # Those of the blocked whose block is a soft one.
    softly_blocked: Sequence[int] = ()
    # Ended ones too.
    reservations: Sequence[Reservation] = ()
