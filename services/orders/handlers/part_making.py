"""Makes one part of an order ready: whether its hold is the buyer's and has exactly those seats, and their prices."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace

from services.contracts.reasons import Reason
from services.orders.domain.pricing import Listed, listed
from services.orders.domain.quote import KeptPart, QuotedPart
from services.orders.domain.refusals import (
    ChannelMismatch,
    HoldExpired,
    HoldForeign,
    HoldNotFound,
    NotOnSale,
    PartsRefused,
    PerformanceCancelled,
    PerformanceNotFound,
    QuoteDiffers,
    SeatsNotHeld,
)
from services.orders.domain.ticket_terms import pass_uses, passes_asked, refused_by_terms, refused_without_pass
from services.orders.domain.uses import CountedUse
from services.orders.handlers.order_pricing import ListedPart
from services.orders.handlers.order_request import OrderRequest, PartRequest
from services.orders.ports import Catalogue, Declined, HeldSeats, Offer, SeatInventory, Unanswered
from services.runtime.clock import Clock
from services.runtime.errors import FieldInvalid, Refusal, Violation, refused_fields


@dataclass(frozen=True, slots=True)
class ReadyPart(ListedPart):
    """A part that may be sold: its seats are held by the buyer, and each has a price in the list."""

    held: HeldSeats
    uses: tuple[CountedUse, ...]


class PartMaker:
    """Asks inventory for the hold, and the catalogue for prices, plan and passes."""

    def __init__(self, inventory: SeatInventory, catalogue: Catalogue, clock: Clock, *, hold_grace_ms: int) -> None:
        self._inventory = inventory
        self._catalogue = catalogue
        self._clock = clock
        self._hold_grace_ms = hold_grace_ms

    async def ready(
        self, request: OrderRequest, part: PartRequest, quoted: QuotedPart | None = None
    ) -> ReadyPart | Refusal:
        """The part, or why it cannot be sold; fields are named from the request on. Raises Unanswered.

        What was `quoted` is not looked up again: its price holds, whatever the list says by now.
        """
        found = await self._found(request, part, quoted)
        return within(part.field, found) if isinstance(found, FieldInvalid) else found

    async def _found(self, request: OrderRequest, part: PartRequest, quoted: QuotedPart | None) -> ReadyPart | Refusal:
        offer, held = await asyncio.gather(
            self._catalogue.offer(request.house_id, part.performance_id),
            self._inventory.held_seats(request.house_id, part.performance_id, part.hold_id),
        )
        if offer is None:
            return PerformanceNotFound(part.performance_id)
        if isinstance(held, Declined):
            return _without_hold(part, held)
        if refusal := refused_offer(part, offer) or self._refused(request, part, offer, held, quoted):
            return refusal
        lines = await self._listed(request, part, offer, held, quoted)
        if isinstance(lines, Refusal):
            return lines
        uses = () if isinstance(quoted, KeptPart) else await self._pass_uses(request, part, offer)
        return uses if isinstance(uses, Refusal) else ReadyPart(part, offer, lines, held, uses)

    async def _listed(
        self, request: OrderRequest, part: PartRequest, offer: Offer, held: HeldSeats, quoted: QuotedPart | None
    ) -> Listed | Refusal:
        if quoted is not None:
            if quoted.plan_version != held.plan_version:
                return QuoteDiffers((f"seating plan of {part.performance_id} is version {quoted.plan_version}",))
            return Listed(quoted.lines, ())
        seats = await self._catalogue.plan_seats(request.house_id, offer.hall_id, held.plan_version)
        return listed(part.seats, offer.prices, seats or {}, held.plan_version)

    def _refused(
        self, request: OrderRequest, part: PartRequest, offer: Offer, held: HeldSeats, quoted: QuotedPart | None
    ) -> Refusal | None:
        if held.holder_id != request.holder_id:
            return HoldForeign(part.hold_id)
        if held.hold_until_ms + self._hold_grace_ms <= self._clock.now_ms():
            return HoldExpired(part.hold_id)
        if refusal := refused_size(part, offer):
            return refusal
        if request.channel is not held.channel:
            return ChannelMismatch(request.channel.value, held.channel.value)
        is_sold_anew = not isinstance(quoted, KeptPart)
        if is_sold_anew and (refusal := refused_by_terms(part.seats, offer.terms, request.channel)):
            return refusal
        return not_held([choice.seat_id for choice in part.seats], held)

    async def _pass_uses(
        self, request: OrderRequest, part: PartRequest, offer: Offer
    ) -> tuple[CountedUse, ...] | Refusal:
        """No round trip where no ticket type asks for a pass."""
        asked = passes_asked(part.seats, offer.terms)
        if not asked:
            return ()
        if refusal := refused_without_pass(part.seats, [place for places in asked.values() for place in places]):
            return refusal
        uses: list[CountedUse] = []
        for kind, places in asked.items():
            numbers = [part.seats[place].pass_number for place in places]
            checked = await self._catalogue.check_passes(request.house_id, kind, numbers)
            if checked is None:
                raise Unanswered("CheckPasses")
            taken = pass_uses(kind, part.performance_id, places, checked)
            if isinstance(taken, Refusal):
                return taken
            uses += taken
        return tuple(uses)


def refused_offer(part: PartRequest, offer: Offer) -> Refusal | None:
    """The refusal of a performance that nobody can buy."""
    if offer.cancelled:
        return PerformanceCancelled(part.performance_id)
    return None if offer.on_sale else NotOnSale(part.performance_id)


def refused_size(part: PartRequest, offer: Offer) -> FieldInvalid | None:
    """The refusal of more seats than a holder may have."""
    if len(part.seats) <= offer.seats_per_holder:
        return None
    return FieldInvalid("seats", f"has {len(part.seats)} seats", f"at most {offer.seats_per_holder} an order")


def refused_parts(found: Sequence[object]) -> Refusal | None:
    """The refusal of an order of which some parts cannot be had, with the places of all of these; else None.

    Of one part it is that part's own; where only fields are wrong, those of all parts.
    """
    refused = [(place, one) for place, one in enumerate(found) if isinstance(one, Refusal)]
    if not refused or len(found) == 1:
        return refused[0][1] if refused else None
    faults = [one for _, one in refused if isinstance(one, FieldInvalid)]
    if len(faults) == len(refused):
        return refused_fields(faults)
    return PartsRefused(
        tuple(place for place, _ in refused),
        tuple(one.reason() for _, one in refused),
        tuple(one.message() for _, one in refused),
        tuple(
            violation
            for place, one in refused
            for violation in one.violations() or (Violation(f"parts[{place}]", one.message()),)
        ),
    )


def within(prefix: str, fault: FieldInvalid) -> FieldInvalid:
    """The fault, and those that are told with it, of fields that are inside of another."""
    others = tuple(replace(one, field=prefix + one.field) for one in fault.others)
    return replace(fault, field=prefix + fault.field, others=others)


def _without_hold(part: PartRequest, declined: Declined) -> Refusal:
    match declined.reason:
        case Reason.HOLD_NOT_FOUND | Reason.RESERVATION_NOT_FOUND:
            return HoldNotFound(part.hold_id)
        case Reason.HOLD_EXPIRED | Reason.HOLD_ENDED | Reason.RESERVATION_OVER:
            return HoldExpired(part.hold_id)
        case Reason.PERFORMANCE_NOT_FOUND:
            return PerformanceNotFound(part.performance_id)
        case Reason.NOT_ON_SALE:
            return NotOnSale(part.performance_id)
        case _:
            raise Unanswered("GetHold")


def not_held(wanted: Sequence[str], held: HeldSeats) -> SeatsNotHeld | None:
    """The refusal where the hold's seats are not exactly those that are wanted."""
    if set(wanted) == set(held.seat_ids):
        return None
    not_in_hold = tuple(sorted(set(wanted) - set(held.seat_ids)))
    left_out = tuple(sorted(set(held.seat_ids) - set(wanted)))
    return SeatsNotHeld(held.hold_id, not_in_hold, left_out)
