"""The SeatInventory's twin in memory: one seat, one active claim or sale. Knows no time but hold ends, and no plans."""

from __future__ import annotations

from dataclasses import dataclass, replace

from services.contracts.bounds import HOLD_GRACE_SECONDS
from services.contracts.reasons import Reason
from services.orders.domain.order import Order
from services.orders.ports import Answer, Declined, Done, HeldSeats
from services.runtime.clock import Clock

HOLD_GRACE_MS = HOLD_GRACE_SECONDS * 1000


@dataclass(slots=True)
class _Claim:
    order_id: str
    seats: frozenset[tuple[str, str]]
    state: str = "claimed"


class MemorySeatInventory:
    """See SeatInventory. Seats are (performance id, seat id)."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._holds: dict[tuple[str, str], HeldSeats] = {}
        self._claims: dict[str, _Claim] = {}
        self._taken: dict[tuple[str, str], str] = {}
        self._ended: set[tuple[str, str]] = set()

    def hold(self, performance_id: str, held: HeldSeats) -> None:
        """Puts a hold there, as if a buyer had. Seats that are held, claimed or sold are refused with an assertion."""
        seats = {(performance_id, seat_id) for seat_id in held.seat_ids}
        assert not any(self._is_taken(seat) for seat in seats), f"taken: {seats}"
        self._holds[performance_id, held.hold_id] = held

    def move_hold(self, performance_id: str, hold_id: str, *seats: str) -> None:
        """The buyer exchanges the hold's seats."""
        held = self._holds.pop((performance_id, hold_id))
        self.hold(performance_id, replace(held, seat_ids=seats))

    def extend_hold(self, performance_id: str, hold_id: str, until_ms: int) -> None:
        """The buyer keeps the hold for longer."""
        self._holds[performance_id, hold_id] = replace(self._holds[performance_id, hold_id], hold_until_ms=until_ms)

    def end_hold(self, performance_id: str, hold_id: str) -> None:
        """Lets a hold go, for good."""
        if self._holds.pop((performance_id, hold_id), None) is not None:
            self._ended.add((performance_id, hold_id))

    def is_free(self, performance_id: str, seat_id: str) -> bool:
        """Whether a buyer could hold the seat."""
        return not self._is_taken((performance_id, seat_id))

    def holds_for(self, order: Order) -> bool:
        """Whether the order's hold stands with the order's seats."""
        held = self._holds.get((order.performance_id, order.hold_id))
        return held is not None and self._stands(held) and set(held.seat_ids) == set(order.seat_ids)

    def owner_of(self, performance_id: str, seat_id: str) -> tuple[str, str] | None:
        """(order id, claimed or sold) of the seat's active claim."""
        order_id = self._taken.get((performance_id, seat_id))
        return (order_id, self._claims[order_id].state) if order_id else None

    def _is_taken(self, seat: tuple[str, str]) -> bool:
        return seat in self._taken or self._holder_of(seat) is not None

    def _holder_of(self, seat: tuple[str, str]) -> HeldSeats | None:
        for (performance_id, _), held in self._holds.items():
            if performance_id == seat[0] and seat[1] in held.seat_ids and self._stands(held):
                return held
        return None

    def _stands(self, held: HeldSeats) -> bool:
        return self._clock.now_ms() < held.hold_until_ms + HOLD_GRACE_MS

    async def held_seats(self, house_id: str, performance_id: str, hold_id: str) -> HeldSeats | Declined:
        """See SeatInventory.held_seats."""
        held = self._holds.get((performance_id, hold_id))
        if held is None:
            ended = (performance_id, hold_id) in self._ended
            return Declined(Reason.HOLD_ENDED if ended else Reason.HOLD_NOT_FOUND, {"hold_id": hold_id})
        return held if self._stands(held) else Declined(Reason.HOLD_EXPIRED, {"hold_id": hold_id})

    async def release(self, order: Order) -> Answer:
        """See SeatInventory.release."""
        held = self._holds.get((order.performance_id, order.hold_id))
        if held is not None and held.holder_id != order.holder_id:
            return Declined(Reason.HOLD_FOREIGN)
        if held is not None and set(held.seat_ids) != set(order.seat_ids):
            return Declined(Reason.SEATS_NOT_HELD)
        self.end_hold(order.performance_id, order.hold_id)
        return Done()

    async def claim(self, order: Order, *, from_hold: bool) -> Answer:
        """See SeatInventory.claim."""
        known = self._claims.get(order.order_id)
        if known is not None and known.state != "ended":
            return Done() if known.state == "claimed" else Declined(Reason.CLAIM_ALREADY_SOLD)
        seats = frozenset((order.performance_id, seat_id) for seat_id in order.seat_ids)
        if from_hold:
            held = await self.held_seats(order.house_id, order.performance_id, order.hold_id)
            if isinstance(held, Declined):
                return held
            if held.holder_id != order.holder_id:
                return Declined(Reason.HOLD_FOREIGN)
            if set(held.seat_ids) != set(order.seat_ids):
                return Declined(Reason.CLAIM_MISMATCH)
            self.end_hold(order.performance_id, order.hold_id)
        elif any(self._is_taken(seat) for seat in seats):
            return Declined(Reason.SEATS_TAKEN)
        self._claims[order.order_id] = _Claim(order.order_id, seats)
        self._taken.update(dict.fromkeys(seats, order.order_id))
        return Done()

    async def confirm_claim(self, order: Order) -> Answer:
        """See SeatInventory.confirm_claim."""
        claim = self._claims.get(order.order_id)
        if claim is None or claim.state == "ended":
            return Declined(Reason.CLAIM_NOT_FOUND)
        claim.state = "sold"
        return Done()

    async def cancel_claim(self, order: Order) -> Answer:
        """See SeatInventory.cancel_claim."""
        return self._end(order, "claimed", Reason.CLAIM_ALREADY_SOLD)

    async def cancel_sale(self, order: Order) -> Answer:
        """See SeatInventory.cancel_sale."""
        return self._end(order, "sold", Reason.CLAIM_NOT_SOLD)

    def _end(self, order: Order, state: str, otherwise: Reason) -> Answer:
        claim = self._claims.get(order.order_id)
        if claim is None:
            return Declined(Reason.CLAIM_NOT_FOUND)
        if claim.state == "ended":
            return Done()
        if claim.state != state:
            return Declined(otherwise)
        claim.state = "ended"
        for seat in claim.seats:
            del self._taken[seat]
        return Done()
