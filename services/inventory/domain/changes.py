"""What a decision changes. Applied in memory and written to the stores from the same values."""

from __future__ import annotations

import msgspec

from services.inventory.domain.records import Claim, Hold, HoldRules


class SeatsHeld(msgspec.Struct, frozen=True, gc=False):
    """A new hold."""

    hold: Hold


class HoldExtended(msgspec.Struct, frozen=True, gc=False):
    """The hold with its new end."""

    hold: Hold


class HoldMoved(msgspec.Struct, frozen=True, gc=False):
    """The hold with its new seats, and the one it was."""

    hold: Hold
    before: Hold


class HoldReleased(msgspec.Struct, frozen=True, gc=False):
    """Let go by its holder."""

    hold: Hold


class HoldExpired(msgspec.Struct, frozen=True, gc=False):
    """Past its end and grace."""

    hold: Hold


class HoldRulesChanged(msgspec.Struct, frozen=True, gc=False):
    """The rules from here on, and those before. Every owner reads them where they are kept: no store of holds does."""

    rules: HoldRules
    before: HoldRules


class SeatsClaimed(msgspec.Struct, frozen=True, gc=False):
    """A new claim, and the hold it came from (None: claimed again from free seats)."""

    claim: Claim
    hold: Hold | None


class ClaimConfirmed(msgspec.Struct, frozen=True, gc=False):
    """The claim, now sold."""

    claim: Claim


class ClaimCancelled(msgspec.Struct, frozen=True, gc=False):
    """The claim that was."""

    claim: Claim


class SaleCancelled(msgspec.Struct, frozen=True, gc=False):
    """The sale that was."""

    claim: Claim


class SeatsBlocked(msgspec.Struct, frozen=True, gc=False):
    """Seats that were free."""

    seats: tuple[int, ...]
    reason: str


class SeatsUnblocked(msgspec.Struct, frozen=True, gc=False):
    """Seats that were blocked."""

    seats: tuple[int, ...]


HoldChange = SeatsHeld | HoldExtended | HoldMoved | HoldReleased | HoldExpired | HoldRulesChanged
RecordChange = SeatsClaimed | ClaimConfirmed | ClaimCancelled | SaleCancelled | SeatsBlocked | SeatsUnblocked
Change = HoldChange | RecordChange
