"""Makes an order out of a hold: whose it is, whether it is exactly those seats, and what they cost. Stores nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from services.contracts.channels import Channel
from services.contracts.promotions import PromotionUnknown
from services.contracts.reasons import Reason
from services.orders.domain.order import Order, OrderPart
from services.orders.domain.pricing import SeatChoice, priced, total_of
from services.orders.domain.promotions import Promotion, refused_promotion
from services.orders.domain.refusals import (
    ChannelMismatch,
    HoldExpired,
    HoldForeign,
    HoldNotFound,
    NotOnSale,
    PerformanceCancelled,
    PerformanceNotFound,
    SeatsNotHeld,
)
from services.orders.domain.ticket_terms import pass_uses, passes_asked, refused_by_terms, refused_without_pass
from services.orders.domain.uses import CountedUse
from services.orders.ports import Buyer, Catalogue, Declined, HeldSeats, Offer, SeatInventory, Unanswered
from services.runtime.call_context import current_principal
from services.runtime.clock import Clock
from services.runtime.errors import FieldInvalid, Refusal
from services.runtime.ids import Ids


@dataclass(frozen=True, slots=True)
class OrderRequest:
    """What a buyer asks for; sizes and shapes are checked already."""

    house_id: str
    performance_id: str
    hold_id: str
    holder_id: str
    seats: tuple[SeatChoice, ...]
    buyer: Buyer
    channel: Channel
    promotion_code: str = ""
    discount_id: str = ""

    @property
    def wants_promotion(self) -> bool:
        """Whether the catalogue is asked for one."""
        return bool(self.promotion_code or self.discount_id)


class OrderMaker:
    """Asks inventory for the hold and the catalogue for the prices."""

    def __init__(
        self, inventory: SeatInventory, catalogue: Catalogue, clock: Clock, ids: Ids, *, hold_grace_ms: int
    ) -> None:
        self._inventory = inventory
        self._catalogue = catalogue
        self._clock = clock
        self._ids = ids
        self._hold_grace_ms = hold_grace_ms

    async def make(self, request: OrderRequest) -> Order | Refusal:
        """An open order, not stored yet. Raises Unanswered."""
        offer, held, promotion = await asyncio.gather(
            self._catalogue.offer(request.house_id, request.performance_id),
            self._inventory.held_seats(request.house_id, request.performance_id, request.hold_id),
            self._promotion(request),
        )
        if offer is None:
            return PerformanceNotFound(request.performance_id)
        if isinstance(held, Declined):
            return _without_hold(request, held)
        refusal = self._refused(request, offer, held) or self._refused_promotion(request, promotion)
        if refusal is not None:
            return refusal
        return await self._priced(request, offer, held, promotion)

    async def _promotion(self, request: OrderRequest) -> Promotion | None:
        """No round trip where none is asked for."""
        if not request.wants_promotion:
            return None
        return await self._catalogue.promotion(request.house_id, request.promotion_code, request.discount_id)

    def _refused_promotion(self, request: OrderRequest, promotion: Promotion | None) -> Refusal | None:
        if not request.wants_promotion:
            return None
        if promotion is None:
            return PromotionUnknown(request.promotion_code or request.discount_id)
        return refused_promotion(promotion, request.performance_id, request.channel, self._clock.now_ms())

    async def called_off(self, order: Order) -> PerformanceCancelled | None:
        """The refusal for an order of a performance that was cancelled, as far as the catalogue can be asked.

        A catalogue that is away keeps nobody from paying: what is paid then is given back as what was paid before.
        """
        with suppress(Unanswered):
            for performance_id in {part.performance_id: None for part in order.parts}:
                offer = await self._catalogue.offer(order.house_id, performance_id)
                if offer is not None and offer.cancelled:
                    return PerformanceCancelled(performance_id)
        return None

    def _refused(self, request: OrderRequest, offer: Offer, held: HeldSeats) -> Refusal | None:
        if offer.cancelled:
            return PerformanceCancelled(request.performance_id)
        if not offer.on_sale:
            return NotOnSale(request.performance_id)
        if held.holder_id != request.holder_id:
            return HoldForeign(request.hold_id)
        if held.hold_until_ms + self._hold_grace_ms <= self._clock.now_ms():
            return HoldExpired(request.hold_id)
        if len(request.seats) > offer.seats_per_holder:
            most = offer.seats_per_holder
            return FieldInvalid("seats", f"has {len(request.seats)} seats", f"at most {most} an order")
        if request.channel is not held.channel:
            return ChannelMismatch(request.channel.value, held.channel.value)
        if refusal := refused_by_terms(request.seats, offer.terms, request.channel):
            return refusal
        return not_held([choice.seat_id for choice in request.seats], held)

    async def _pass_uses(self, request: OrderRequest, offer: Offer) -> tuple[CountedUse, ...] | Refusal:
        """No round trip where no ticket type asks for a pass."""
        asked = passes_asked(request.seats, offer.terms)
        if not asked:
            return ()
        if refusal := refused_without_pass(request.seats, [place for places in asked.values() for place in places]):
            return refusal
        uses: list[CountedUse] = []
        for kind, places in asked.items():
            numbers = [request.seats[place].pass_number for place in places]
            checked = await self._catalogue.check_passes(request.house_id, kind, numbers)
            if checked is None:
                raise Unanswered("CheckPasses")
            taken = pass_uses(kind, request.performance_id, places, checked)
            if isinstance(taken, Refusal):
                return taken
            uses += taken
        return tuple(uses)

    async def _priced(
        self, request: OrderRequest, offer: Offer, held: HeldSeats, promotion: Promotion | None
    ) -> Order | Refusal:
        seats = await self._catalogue.plan_seats(request.house_id, offer.hall_id, held.plan_version)
        found = priced(request.seats, offer.prices, seats or {}, held.plan_version, promotion)
        if isinstance(found, Refusal):
            return found
        lines = found.lines
        of_passes = await self._pass_uses(request, offer)
        if isinstance(of_passes, Refusal):
            return of_passes
        now_ms = self._clock.now_ms()
        return Order(
            order_id=self._ids.new_id("ord"),
            house_id=request.house_id,
            holder_id=request.holder_id,
            channel=request.channel,
            parts=(OrderPart(request.performance_id, request.hold_id, held.plan_version, lines, held.hold_until_ms),),
            total=total_of(lines, offer.prices.currency),
            created_at_ms=now_ms,
            state_since_ms=now_ms,
            uses=(*found.uses, *of_passes),
            sold_by=current_principal(),
        )


def _without_hold(request: OrderRequest, declined: Declined) -> Refusal:
    match declined.reason:
        case Reason.HOLD_NOT_FOUND | Reason.RESERVATION_NOT_FOUND:
            return HoldNotFound(request.hold_id)
        case Reason.HOLD_EXPIRED | Reason.HOLD_ENDED | Reason.RESERVATION_OVER:
            return HoldExpired(request.hold_id)
        case Reason.PERFORMANCE_NOT_FOUND:
            return PerformanceNotFound(request.performance_id)
        case Reason.NOT_ON_SALE:
            return NotOnSale(request.performance_id)
        case _:
            raise Unanswered("GetHold")


def not_held(wanted: Sequence[str], held: HeldSeats) -> SeatsNotHeld | None:
    """The refusal where the hold's seats are not exactly those that are wanted."""
    if set(wanted) == set(held.seat_ids):
        return None
    not_in_hold = tuple(sorted(set(wanted) - set(held.seat_ids)))
    left_out = tuple(sorted(set(held.seat_ids) - set(wanted)))
    return SeatsNotHeld(held.hold_id, not_in_hold, left_out)
