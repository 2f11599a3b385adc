"""What an order costs whose seats are instead of others of their category: what was paid, whatever the list says."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from services.orders.domain.order import Order
from services.orders.domain.quote import KeptPart, Quote
from services.orders.domain.refunds import LineRef
from services.orders.domain.refusals import PerformanceNotFound
from services.orders.domain.reseating import reseated
from services.orders.domain.uses import discounts_to_take_over
from services.orders.handlers.order_request import OrderRequest, PartRequest
from services.orders.handlers.part_making import refused_parts
from services.orders.ports import Catalogue
from services.runtime.call_context import current_buyer
from services.runtime.errors import FieldInvalid, Refusal, refused_fields


async def kept_prices(
    catalogue: Catalogue, request: OrderRequest, old: Order, given: Sequence[LineRef]
) -> Quote | Refusal:
    """The prices of the given lines, on the new seats. Raises Unanswered."""
    if current_buyer():
        limit = "unset for buyers: only people of the house keep prices"
        return FieldInvalid("exchange.keep_prices", "is set", limit)
    wanted = {part.performance_id for part in request.parts}
    if fault := refused_fields(
        FieldInvalid(f"exchange.lines[{place}].performance_id", f"is {line.performance_id}", "one of the new seats'")
        for place, line in enumerate(given)
        if line.performance_id not in wanted
    ):
        return fault
    found = await asyncio.gather(*(_kept(catalogue, request.house_id, part, old, given) for part in request.parts))
    if refusal := refused_parts(found):
        return refusal
    parts = tuple(part for part in found if isinstance(part, KeptPart))
    # What is limited counts with the old order until its lines end.
    uses = discounts_to_take_over(old.uses)
    return Quote(request.house_id, request.channel, parts, old.total.currency, expires_at_ms=0, uses=uses)


async def _kept(
    catalogue: Catalogue, house_id: str, part: PartRequest, old: Order, given: Sequence[LineRef]
) -> KeptPart | Refusal:
    offer = await catalogue.offer(house_id, part.performance_id)
    if offer is None:
        return PerformanceNotFound(part.performance_id)
    seats = await catalogue.plan_seats(house_id, offer.hall_id, offer.plan_version)
    of_it = [line for line in given if line.performance_id == part.performance_id]
    wanted = [choice.seat_id for choice in part.seats]
    lines = reseated(old, of_it, wanted, (offer.plan_version, seats or {}), part.field)
    if isinstance(lines, Refusal):
        return lines
    return KeptPart(part.performance_id, offer.plan_version, lines, tuple(() for _ in lines))
