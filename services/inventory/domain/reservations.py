"""Seats that the house has promised without payment (R4.8), and how a promise ends. Nothing is decided here."""

from __future__ import annotations

from typing import Final

import msgspec

# How a reservation stands. The numbers are those of balcon.inventory.v1.ReservationState.
STANDING: Final = 1
RELEASED: Final = 2
EXPIRED: Final = 3
CLAIMED: Final = 4
# As people say them.
ENDINGS: Final = {RELEASED: "was released", EXPIRED: "reached its deadline", CLAIMED: "became an order"}


class Reservation(msgspec.Struct, frozen=True, gc=False):
    """Seats are ascending indexes of the plan; times are unix ms by the store's clock."""

    reservation_id: str
    holder_id: str
    seats: tuple[int, ...]
    channel: int
    # The house's own.
    reference: str
    # 0: none.
    deadline_ms: int
    reserved_at_ms: int
    # Fingerprint of what its first command asked for.
    asked: str
    state: int = STANDING

    @property
    def stands(self) -> bool:
        """Whether its seats are still reserved."""
        return self.state == STANDING

    def is_due(self, now_ms: int) -> bool:
        """Whether its deadline, if it has one, has come."""
        return 0 < self.deadline_ms <= now_ms
