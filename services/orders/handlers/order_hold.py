"""How the hold of an order stands at inventory, and giving it back. Decides nothing about the order."""

from __future__ import annotations

from services.contracts.reasons import Reason
from services.orders.domain.commands import HoldGone, HoldLetGo, HoldSeen
from services.orders.domain.order import Order, OrderPart
from services.orders.domain.refusals import HoldExpired, SeatsNotHeld
from services.orders.handlers.part_making import not_held
from services.orders.ports import Declined, HeldSeats, SeatInventory

# There is no such hold, and never will be again: holds do not come back.
_ENDED = frozenset({
    Reason.HOLD_ENDED, Reason.HOLD_EXPIRED, Reason.HOLD_NOT_FOUND,
    Reason.RESERVATION_NOT_FOUND, Reason.RESERVATION_OVER,
})  # fmt: skip

# The hold is another's, or its buyer has moved it to other seats, perhaps of another plan.
_NOT_OURS = frozenset({Reason.HOLD_FOREIGN, Reason.PLAN_VERSION_MISMATCH, Reason.SEATS_NOT_HELD, Reason.SEAT_UNKNOWN})


class OrderHold:
    """Asks inventory. Every method raises Unanswered, and returns Declined for a no that proves nothing here."""

    def __init__(self, inventory: SeatInventory) -> None:
        self._inventory = inventory

    async def look(self, order: Order, place: int) -> HoldSeen | HoldGone | Declined:
        """The buyer may have extended the part's hold; if not, its end is the order's (R2.7). No seat is touched."""
        held = await self._held(order, order.parts[place])
        if isinstance(held, HeldSeats):
            return HoldSeen(held.hold_until_ms, place)
        return HoldGone(place) if held is None else held

    async def let_go(self, order: Order, place: int) -> HoldLetGo | Declined:
        """Gives the part's hold back while it is this order's: a buyer who moved it keeps the seats it has now."""
        answer = await self._inventory.release(order, order.parts[place])
        if isinstance(answer, Declined) and answer.reason not in _NOT_OURS:
            return answer
        return HoldLetGo(place)

    async def why_not(self, order: Order) -> SeatsNotHeld | HoldExpired | Declined:
        """What a buyer is told whose check-out found a hold moved: of the first part that is not as it was."""
        for part in order.parts:
            held = await self._held(order, part)
            if held is None:
                return HoldExpired(part.hold_id)
            if isinstance(held, Declined):
                return held
            if refusal := not_held(part.seat_ids, held):
                return refusal
        return SeatsNotHeld(order.first.hold_id, (), ())

    async def _held(self, order: Order, part: OrderPart) -> HeldSeats | Declined | None:
        """None when the order's buyer has no such hold (any more)."""
        held = await self._inventory.held_seats(order.house_id, part.performance_id, part.hold_id)
        if isinstance(held, Declined):
            return None if held.reason in _ENDED else held
        return held if held.holder_id == order.holder_id else None
