"""Holds, claims and the rules of a performance. msgspec structs: the hot path makes many of them."""

from __future__ import annotations

import enum
from typing import Final

import msgspec

from services.contracts.bounds import HOLD_CAP_SECONDS, HOLD_GRACE_SECONDS
from services.contracts.quotas import QuotaPercentages, SalePhase

# What a hold came from, where its record is of a version that did not keep it.
ASKED_UNTOLD = "?"


# An end that no clock reaches.
NEVER_MS = 2**62

# balcon.types.v1.Channel: the shop. All others are staff's.
ONLINE: Final = 2


class BlockKind(enum.IntEnum):
    """Whom a block keeps out. The numbers are those of balcon.inventory.v1.BlockKind."""

    # Everybody.
    HARD = 1
    # The shop; staff who name the seats may hold and sell them.
    SOFT = 2


class SeatBlock(msgspec.Struct, frozen=True, gc=False):
    """A seat that is taken off sale, and why. A soft one stays while staff hold or claim the seat."""

    seat: int
    kind: BlockKind
    reason: str


class Hold(msgspec.Struct, frozen=True, gc=False):
    """Seats locked for a buyer. Seats are ascending indexes of the plan; times are unix ms by the store's clock."""

    hold_id: str
    holder_id: str
    seats: tuple[int, ...]
    channel: int
    acquired_ms: int
    hold_until_ms: int
    # What its first command asked for (see asked.py): the length; and the fingerprint of all of it, empty while
    # `seats` and `channel` are as a HoldSeats asked: the hot path computes none.
    asked_ttl_ms: int = 0
    asked: str = ""
    # One a seat, "" where nobody has told; empty: nobody has of any. They are past the second gate of R4.7.
    ticket_types: tuple[str, ...] = ()


class Claim(msgspec.Struct, frozen=True, gc=False):
    """Seats an order is paying for (`sold` False) or has paid (`sold` True)."""

    order_id: str
    holder_id: str
    # What they came from: a hold or a reservation; empty: free seats.
    hold_id: str
    seats: tuple[int, ...]
    channel: int
    sold: bool = False


class SalesWindow(msgspec.Struct, frozen=True, gc=False):
    """When a channel sells, once the sale is open, by the store's clock."""

    channel: int
    opens_at_ms: int = 0
    closes_at_ms: int = NEVER_MS


class QuotaTerms(msgspec.Struct, frozen=True, gc=False):
    """A quota (R4) of the performance, as balcon.types.v1.QuotaTerms: what of it decides."""

    quota_id: str
    name: str
    size: int
    # It covers the places of any of these categories, and those of any of these zones besides. Both empty: every place.
    categories: tuple[str, ...]
    zones: tuple[str, ...]
    anchor_ms: int
    presale_hours: int
    percentages: QuotaPercentages
    # (ticket type, channel, phase); empty: every ticket type, on every channel, in both phases.
    assignments: frozenset[tuple[str, int, SalePhase]] = frozenset()


class HoldRules(msgspec.Struct, frozen=True, gc=False):
    """How holds behave for one performance. INV-6: hold_until + grace never passes acquired + cap."""

    on_sale: bool
    seats_per_holder: int
    ttl_ms: int
    cap_ms: int = HOLD_CAP_SECONDS * 1000
    grace_ms: int = HOLD_GRACE_SECONDS * 1000
    # R5.2; staff's channels are exempt.
    refuses_orphans: bool = False
    # From then on nothing is held online, by the store's clock; staff's channels go on.
    sale_ends_at_ms: int = NEVER_MS
    # Of the channels that do not always sell.
    windows: tuple[SalesWindow, ...] = ()
    # It will not be shown: why it is not on sale.
    cancelled: bool = False
    # Of the pool's places; none in most halls.
    quotas: tuple[QuotaTerms, ...] = ()
    # Of the catalogue: grows with every change of these. 0: copied by a version that did not know.
    terms_version: int = 0
    # From then on the public is shown it.
    published_at_ms: int = NEVER_MS

    def is_published(self, now_ms: int) -> bool:
        """Whether the public is shown it."""
        return now_ms >= self.published_at_ms

    @property
    def longest_ttl_ms(self) -> int:
        """More may not be asked for: no hold ever shows a later end than this after it was made."""
        return self.cap_ms - self.grace_ms

    def hold_until(self, acquired_ms: int, now_ms: int, ttl_ms: int) -> int:
        """The end to show for a hold first acquired then and wanted for `ttl_ms` (0: the default) from now."""
        until = now_ms + (ttl_ms or self.ttl_ms)
        cap = self.shown_cap(acquired_ms)
        return min(cap, until)

    def shown_cap(self, acquired_ms: int) -> int:
        """The latest end a hold first acquired then may ever show."""
        return acquired_ms + self.longest_ttl_ms
