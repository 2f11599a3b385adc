"""Seats of performances, and holds on them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from services.contracts.channels import Channel
from services.orders.domain.order import Order, OrderPart
from services.orders.ports.answer import Answer, Declined


@dataclass(frozen=True, slots=True)
class HeldSeats:
    """A hold as inventory tells it."""

    hold_id: str
    holder_id: str
    plan_version: int
    seat_ids: tuple[str, ...]
    channel: Channel
    hold_until_ms: int


class SeatInventory(Protocol):
    """Seats of performances. Every call may be repeated and gets its first answer. Raises Unanswered."""

    async def held_seats(self, house_id: str, performance_id: str, hold_id: str) -> HeldSeats | Declined:
        """The hold, while it stands."""
        ...

    async def release(self, order: Order, part: OrderPart) -> Answer:
        """Gives the part's hold back while it has the part's seats, and no others."""
        ...

    async def claim(self, order: Order, part: OrderPart, *, from_hold: bool) -> Answer:
        """Claims the part's seats out of its hold, or (a late payment) free ones."""
        ...

    async def confirm_claim(self, order: Order, part: OrderPart) -> Answer:
        """Claimed to sold."""
        ...

    async def cancel_claim(self, order: Order, part: OrderPart) -> Answer:
        """Claimed to free."""
        ...

    async def cancel_sale(self, order: Order, part: OrderPart) -> Answer:
        """Sold to free."""
        ...

    async def release_seats(self, order: Order, part: OrderPart) -> Answer:
        """Sold to free, of the part's seats those in `part.release_due`; the others stay sold."""
        ...
