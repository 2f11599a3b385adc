"""Holds, claims and the rules of a performance. msgspec structs: the hot path makes many of them."""

from __future__ import annotations

import msgspec

from services.contracts.bounds import HOLD_CAP_SECONDS, HOLD_GRACE_SECONDS


class Hold(msgspec.Struct, frozen=True, gc=False):
    """Seats locked for a buyer. Seats are ascending indexes of the plan; times are unix ms by the store's clock."""

    hold_id: str
    holder_id: str
    seats: tuple[int, ...]
    channel: int
    acquired_ms: int
    hold_until_ms: int


class Claim(msgspec.Struct, frozen=True, gc=False):
    """Seats an order is paying for (`sold` False) or has paid (`sold` True)."""

    order_id: str
    holder_id: str
    hold_id: str
    seats: tuple[int, ...]
    channel: int
    sold: bool = False


class HoldRules(msgspec.Struct, frozen=True, gc=False):
    """How holds behave for one performance. INV-6: hold_until + grace never passes acquired + cap."""

    on_sale: bool
    seats_per_holder: int
    ttl_ms: int
    cap_ms: int = HOLD_CAP_SECONDS * 1000
    grace_ms: int = HOLD_GRACE_SECONDS * 1000
    # R5.2; staff's channels are exempt.
    refuses_orphans: bool = False

    def hold_until(self, acquired_ms: int, now_ms: int, ttl_ms: int) -> int:
        """The end to show for a hold first acquired then and wanted for `ttl_ms` (0: the default) from now."""
        until = now_ms + (ttl_ms or self.ttl_ms)
        cap = self.shown_cap(acquired_ms)
        return min(cap, until)

    def shown_cap(self, acquired_ms: int) -> int:
        """The latest end a hold first acquired then may ever show."""
        return acquired_ms + self.cap_ms - self.grace_ms
