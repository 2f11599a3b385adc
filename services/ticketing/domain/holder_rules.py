"""What a house lets whoever holds a ticket do with it, as orders tells of its policy (docs/decisions/0055). Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from services.contracts.instants import instant_text
from services.ticketing.domain.sold_ticket_refusals import HolderMayNot, HolderTimePassed

USUAL_TRANSFERS: Final = 1
USUAL_LETTERS_A_DAY: Final = 3
_HOUR_MS: Final = 3_600_000


@dataclass(frozen=True, slots=True)
class HolderRules:
    """Until so many hours before the performance; how often a seat's ticket changes hands, and letters go a day."""

    may_transfer: bool
    may_rename: bool
    until_hours_before: int
    most_transfers: int
    most_letters_a_day: int

    def refused(
        self, performance_id: str, act: str, *, may: bool, starts_at_ms: int, now_ms: int
    ) -> HolderMayNot | HolderTimePassed | None:
        """Why a ticket of that performance is not passed on or renamed now by whoever holds it."""
        if not may:
            return HolderMayNot(act, performance_id)
        until_ms = starts_at_ms - self.until_hours_before * _HOUR_MS
        return HolderTimePassed(act, instant_text(until_ms)) if now_ms >= until_ms else None
