"""Makes an order out of holds: whether each part of it may be sold, and what all of it costs. Stores nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import repeat

from services.orders.domain.exchanging import taken_over
from services.orders.domain.order import Order, OrderPart
from services.orders.domain.packages import Package
from services.orders.domain.pricing import PricedParts, total_of
from services.orders.domain.quote import Quote
from services.orders.domain.refusals import PerformanceCancelled
from services.orders.domain.uses import customer_package_use, customer_use, package_of
from services.orders.handlers.order_pricing import OrderPricing
from services.orders.handlers.order_request import OrderRequest, PartRequest
from services.orders.handlers.part_making import PartMaker, ReadyPart, refused_parts
from services.orders.handlers.quoting import Quoter
from services.orders.ports import Catalogue, SeatInventory, Unanswered
from services.runtime.call_context import current_principal
from services.runtime.clock import Clock
from services.runtime.errors import Refusal
from services.runtime.ids import Ids

__all__ = ["OrderMaker", "OrderRequest", "PartRequest"]


@dataclass(frozen=True, slots=True)
class MadeOrder:
    """An order of nobody yet. How many tickets of its performances one customer may have, and of its package."""

    order: Order
    customer_limits: Mapping[str, int]
    package_limit: int = 0

    def sold_to(self, customer_id: str) -> Order:
        """The order, with what it takes of what this customer may have."""
        instead = taken_over(self.order)
        limited = tuple(
            customer_use(customer_id, part.performance_id, len(part.lines) - instead[part.performance_id], limit)
            for part in self.order.parts
            if (limit := self.customer_limits.get(part.performance_id, 0))
        )
        package_id = package_of(self.order.uses)
        if package_id and self.package_limit:
            count = len(self.order.first.lines)
            limited += (customer_package_use(customer_id, package_id, count, self.package_limit),)
        return replace(self.order, customer_id=customer_id, uses=(*self.order.uses, *limited))


class OrderMaker:
    """Asks inventory for the holds and the catalogue for the prices."""

    def __init__(
        self,
        inventory: SeatInventory,
        catalogue: Catalogue,
        quoter: Quoter,
        clock: Clock,
        ids: Ids,
        *,
        hold_grace_ms: int,
    ) -> None:
        self._parts = PartMaker(inventory, catalogue, clock, hold_grace_ms=hold_grace_ms)
        self._pricing = OrderPricing(catalogue, clock)
        self._quoter = quoter
        self._catalogue = catalogue
        self._clock = clock
        self._ids = ids

    async def make(self, request: OrderRequest, kept: Quote | None = None) -> MadeOrder | Refusal:
        """An open order, not stored yet, at the prices that are `kept` if any are. All parts or none.

        Raises Unanswered.
        """
        quote = kept or self._quoter.told(request)
        if isinstance(quote, Refusal):
            return quote
        quoted = quote.parts if quote else (None,) * len(request.parts)
        # What is taken off is in the quote already.
        wanted = replace(request, promotion_code="", discount_id="", package_id="") if quote else request
        reduction, found = await asyncio.gather(
            self._pricing.reduction(wanted),
            asyncio.gather(*map(self._parts.ready, repeat(request), request.parts, quoted)),
        )
        if refusal := refused_parts(found):
            return refusal
        parts = [part for part in found if isinstance(part, ReadyPart)]
        if quote is not None:
            priced: PricedParts | Refusal = PricedParts(tuple(part.lines for part in quote.parts), quote.uses)
        else:
            priced = self._pricing.priced(request, parts, reduction)
        if isinstance(priced, Refusal):
            return priced
        limits = {part.asked.performance_id: part.offer.customer_limit for part in parts if part.offer.customer_limit}
        package_limit = reduction.max_per_customer if isinstance(reduction, Package) else 0
        return MadeOrder(self._order(request, parts, priced), limits, quote.package_limit if quote else package_limit)

    def _order(self, request: OrderRequest, parts: Sequence[ReadyPart], priced: PricedParts) -> Order:
        now_ms = self._clock.now_ms()
        lines = [line for of_part in priced.lines for line in of_part]
        return Order(
            order_id=self._ids.new_id("ord"),
            house_id=request.house_id,
            holder_id=request.holder_id,
            channel=request.channel,
            parts=tuple(
                OrderPart(part.asked.performance_id, part.asked.hold_id, part.held.plan_version, of_part, until_ms)
                for part, of_part in zip(parts, priced.lines, strict=True)
                for until_ms in (part.held.hold_until_ms,)
            ),
            total=total_of(lines, lines[0].price.currency),
            created_at_ms=now_ms,
            state_since_ms=now_ms,
            uses=(*priced.uses, *(use for part in parts for use in part.uses)),
            sold_by=current_principal(),
            instrument_limits=tuple(
                (part.asked.performance_id, part.offer.instrument_limit)
                for part in parts
                if part.offer.instrument_limit
            ),
        )

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
