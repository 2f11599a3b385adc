"""The SeatInventory's twin in memory: one seat, one active claim or sale. Knows no houses and no plans."""

from __future__ import annotations

from dataclasses import dataclass, replace

from services.contracts.bounds import HOLD_GRACE_SECONDS
from services.contracts.reasons import Reason
from services.orders.domain.order import Order, OrderPart, reservation_of
from services.orders.ports import Answer, Declined, Done, HeldSeats, Unanswered
from services.runtime.clock import Clock

HOLD_GRACE_MS = HOLD_GRACE_SECONDS * 1000


@dataclass(frozen=True, slots=True)
class _Claim:
    """`hold_id` is empty where free seats were claimed."""

    holder_id: str
    hold_id: str
    seats: frozenset[tuple[str, str]]
    sold: bool = False


class MemorySeatInventory:
    """See SeatInventory. Seats are (performance id, seat id), claims (performance id, order id). Holds end on the dot,
    `grace_ms` late.
    """

    def __init__(self, clock: Clock, *, grace_ms: int = HOLD_GRACE_MS) -> None:
        self._clock = clock
        self._grace_ms = grace_ms
        self._holds: dict[tuple[str, str], HeldSeats] = {}
        self._claims: dict[tuple[str, str], _Claim] = {}
        self._taken: dict[tuple[str, str], str] = {}
        self._ended: set[tuple[str, str]] = set()
        self._given_back: set[tuple[str, str]] = set()

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
        """Whether a hold of the order stands with the order's seats."""
        return any(self._holds_for(part) for part in order.parts)

    def _holds_for(self, part: OrderPart) -> bool:
        held = self._living(part.performance_id, part.hold_id)
        return held is not None and set(held.seat_ids) == set(part.seat_ids)

    def owner_of(self, performance_id: str, seat_id: str) -> tuple[str, str] | None:
        """(order id, claimed or sold) of the seat's active claim."""
        order_id = self._taken.get((performance_id, seat_id))
        return (order_id, "sold" if self._claims[performance_id, order_id].sold else "claimed") if order_id else None

    def _is_taken(self, seat: tuple[str, str]) -> bool:
        return seat in self._taken or self._holder_of(seat) is not None

    def _holder_of(self, seat: tuple[str, str]) -> HeldSeats | None:
        for (performance_id, _), held in self._holds.items():
            if performance_id == seat[0] and seat[1] in held.seat_ids and self._stands(held):
                return held
        return None

    def _stands(self, held: HeldSeats) -> bool:
        return self._clock.now_ms() < held.hold_until_ms + self._grace_ms

    def _living(self, performance_id: str, hold_id: str) -> HeldSeats | None:
        held = self._holds.get((performance_id, hold_id))
        return held if held is not None and self._stands(held) else None

    async def held_seats(self, house_id: str, performance_id: str, hold_id: str) -> HeldSeats | Declined:
        held = self._living(performance_id, hold_id)
        if held is not None:
            return held
        place = (performance_id, hold_id)
        was_there = place in self._ended or place in self._holds
        if (reservation_id := reservation_of(hold_id)) is not None:
            reason = Reason.RESERVATION_OVER if was_there else Reason.RESERVATION_NOT_FOUND
            return Declined(reason, {"reservation_id": reservation_id})
        return Declined(Reason.HOLD_ENDED if was_there else Reason.HOLD_NOT_FOUND, {"hold_id": hold_id})

    async def release(self, order: Order, part: OrderPart) -> Answer:
        held = self._living(part.performance_id, part.hold_id)
        if held is not None and held.holder_id != order.holder_id:
            return Declined(Reason.HOLD_FOREIGN)
        if held is not None and set(held.seat_ids) != set(part.seat_ids):
            return Declined(Reason.SEATS_NOT_HELD)
        if reservation_of(part.hold_id) is None:
            self.end_hold(part.performance_id, part.hold_id)
        return Done()

    async def claim(self, order: Order, part: OrderPart, *, from_hold: bool) -> Answer:
        """See SeatInventory.claim. Another claim under the same order id is refused in words that prove nothing."""
        seats = frozenset((part.performance_id, seat_id) for seat_id in part.seat_ids)
        wanted, claim = _Claim(order.holder_id, part.hold_id if from_hold else "", seats), _claim_of(order, part)
        known = self._claims.get(claim)
        if known is not None:
            asked = wanted if from_hold else replace(wanted, hold_id=known.hold_id)
            if replace(known, sold=False) != asked:
                raise Unanswered("ClaimSeats")
            return Done()
        refused = await self._not_in_hold(order, part) if from_hold else self._not_free(claim, seats)
        if refused is not None:
            return refused
        if from_hold:
            self.end_hold(part.performance_id, part.hold_id)
        self._claims[_claim_of(order, part)] = wanted
        self._taken.update(dict.fromkeys(seats, order.order_id))
        return Done()

    async def _not_in_hold(self, order: Order, part: OrderPart) -> Declined | None:
        held = await self.held_seats(order.house_id, part.performance_id, part.hold_id)
        if isinstance(held, Declined):
            return held
        if held.holder_id != order.holder_id:
            return Declined(Reason.HOLD_FOREIGN if reservation_of(part.hold_id) is None else Reason.RESERVATION_FOREIGN)
        return None if set(held.seat_ids) == set(part.seat_ids) else Declined(Reason.CLAIM_MISMATCH)

    def _not_free(self, claim: tuple[str, str], seats: frozenset[tuple[str, str]]) -> Declined | None:
        if claim in self._given_back:
            return Declined(Reason.CLAIM_ENDED)
        return Declined(Reason.SEATS_TAKEN) if any(self._is_taken(seat) for seat in seats) else None

    async def confirm_claim(self, order: Order, part: OrderPart) -> Answer:
        claim = self._claims.get(_claim_of(order, part))
        if claim is None:
            return Declined(Reason.CLAIM_NOT_FOUND)
        self._claims[_claim_of(order, part)] = replace(claim, sold=True)
        return Done()

    async def cancel_claim(self, order: Order, part: OrderPart) -> Answer:
        return self._give_back(order, part, sold=False, otherwise=Reason.CLAIM_ALREADY_SOLD)

    async def cancel_sale(self, order: Order, part: OrderPart) -> Answer:
        return self._give_back(order, part, sold=True, otherwise=Reason.CLAIM_NOT_SOLD)

    async def release_seats(self, order: Order, part: OrderPart) -> Answer:
        """See SeatInventory.release_seats."""
        name = _claim_of(order, part)
        claim = self._claims.get(name)
        if claim is None:
            return Done()
        if not claim.sold:
            return Declined(Reason.CLAIM_NOT_SOLD)
        freed = claim.seats & {(part.performance_id, seat_id) for seat_id in part.release_due}
        if freed == claim.seats:
            return self._give_back(order, part, sold=True, otherwise=Reason.CLAIM_NOT_SOLD)
        self._claims[name] = replace(claim, seats=claim.seats - freed)
        for seat in freed:
            del self._taken[seat]
        return Done()

    def _give_back(self, order: Order, part: OrderPart, *, sold: bool, otherwise: Reason) -> Answer:
        claim = self._claims.get(_claim_of(order, part))
        if claim is None:
            return Done()
        if claim.sold is not sold:
            return Declined(otherwise)
        del self._claims[_claim_of(order, part)]
        for seat in claim.seats:
            del self._taken[seat]
        if not claim.hold_id:
            self._given_back.add(_claim_of(order, part))
        return Done()


def _claim_of(order: Order, part: OrderPart) -> tuple[str, str]:
    """What names a claim."""
    return part.performance_id, order.order_id
