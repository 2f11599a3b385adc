"""Makes an order out of holds: whether each part of it may be sold, and what all of it costs. Stores nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from services.contracts.promotions import PromotionUnknown
from services.orders.domain.order import Order, OrderPart
from services.orders.domain.pricing import PricedParts, priced_parts, total_of
from services.orders.domain.promotions import Promotion, refused_promotion
from services.orders.domain.refusals import PerformanceCancelled
from services.orders.domain.uses import customer_use
from services.orders.handlers.order_request import OrderRequest, PartRequest
from services.orders.handlers.part_making import PartMaker, ReadyPart, refused_parts
from services.orders.ports import Catalogue, SeatInventory, Unanswered
from services.runtime.call_context import current_principal
from services.runtime.clock import Clock
from services.runtime.errors import FieldInvalid, Refusal, refused_fields
from services.runtime.ids import Ids

__all__ = ["OrderMaker", "OrderRequest", "PartRequest"]


@dataclass(frozen=True, slots=True)
class MadeOrder:
    """An order of nobody yet; `customer_limits`: of its performances, how many tickets one customer may have."""

    order: Order
    customer_limits: Mapping[str, int]

    def sold_to(self, customer_id: str) -> Order:
        """The order, with what it takes of what this customer may have."""
        limited = tuple(
            customer_use(customer_id, part.performance_id, len(part.lines), limit)
            for part in self.order.parts
            if (limit := self.customer_limits.get(part.performance_id, 0))
        )
        return replace(self.order, customer_id=customer_id, uses=(*self.order.uses, *limited))


class OrderMaker:
    """Asks inventory for the holds and the catalogue for the prices."""

    def __init__(
        self, inventory: SeatInventory, catalogue: Catalogue, clock: Clock, ids: Ids, *, hold_grace_ms: int
    ) -> None:
        self._parts = PartMaker(inventory, catalogue, clock, hold_grace_ms=hold_grace_ms)
        self._catalogue = catalogue
        self._clock = clock
        self._ids = ids

    async def make(self, request: OrderRequest) -> MadeOrder | Refusal:
        """An open order, not stored yet. All parts or none. Raises Unanswered."""
        promotion, found = await asyncio.gather(
            self._promotion(request), asyncio.gather(*(self._parts.ready(request, part) for part in request.parts))
        )
        if refusal := refused_parts(found):
            return refusal
        parts = [part for part in found if isinstance(part, ReadyPart)]
        if refusal := _refused_currencies(parts):
            return refusal
        priced = self._priced(request, parts, promotion)
        if isinstance(priced, Refusal):
            return priced
        limits = {part.asked.performance_id: part.offer.customer_limit for part in parts if part.offer.customer_limit}
        return MadeOrder(self._order(request, parts, priced), limits)

    async def _promotion(self, request: OrderRequest) -> Promotion | None:
        """No round trip where none is asked for."""
        if not request.wants_promotion:
            return None
        return await self._catalogue.promotion(request.house_id, request.promotion_code, request.discount_id)

    def _priced(
        self, request: OrderRequest, parts: Sequence[ReadyPart], promotion: Promotion | None
    ) -> PricedParts | Refusal:
        rounding = parts[0].offer.prices.rounding
        if not request.wants_promotion:
            return priced_parts([part.listed for part in parts], None, rounding)
        if promotion is None:
            return PromotionUnknown(request.promotion_code or request.discount_id)
        # Of several performances it is for those that it names; it must be for one of them.
        now_ms = self._clock.now_ms()
        refused = [refused_promotion(promotion, part.asked.performance_id, request.channel, now_ms) for part in parts]
        if all(refused):
            return next(filter(None, refused))
        lists = [replace(part.listed, open_to_promotion=why is None) for part, why in zip(parts, refused, strict=True)]
        return priced_parts(lists, promotion, rounding)

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
            total=total_of(lines, parts[0].offer.prices.currency),
            created_at_ms=now_ms,
            state_since_ms=now_ms,
            uses=(*priced.uses, *(use for part in parts for use in part.uses)),
            sold_by=current_principal(),
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


def _refused_currencies(parts: Sequence[ReadyPart]) -> FieldInvalid | None:
    """One currency an order: it is paid once."""
    first = parts[0].offer.prices.currency
    return refused_fields(
        FieldInvalid(f"{part.asked.field}performance_id", f"is sold in {other}", f"{first}, as the first part")
        for part in parts
        if (other := part.offer.prices.currency) != first
    )
