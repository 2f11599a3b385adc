"""What parts cost together: promotion and tax are worked out over all of an order, for it is one bill."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from services.contracts.promotions import PromotionUnknown
from services.orders.domain.pricing import Listed, PricedParts, priced_parts
from services.orders.domain.promotions import Promotion, refused_promotion
from services.orders.handlers.order_request import PartRequest, PriceRequest
from services.orders.ports import Catalogue, Offer
from services.runtime.clock import Clock
from services.runtime.errors import FieldInvalid, Refusal, refused_fields


@dataclass(frozen=True, slots=True)
class ListedPart:
    """A part at the prices of the list."""

    asked: PartRequest
    offer: Offer
    listed: Listed


class OrderPricing:
    """Asks the catalogue for what is taken off."""

    def __init__(self, catalogue: Catalogue, clock: Clock) -> None:
        self._catalogue = catalogue
        self._clock = clock

    async def promotion(self, request: PriceRequest) -> Promotion | None:
        """No round trip where none is asked for. Raises Unanswered."""
        if not request.wants_promotion:
            return None
        return await self._catalogue.promotion(request.house_id, request.promotion_code, request.discount_id)

    def priced(
        self, request: PriceRequest, parts: Sequence[ListedPart], promotion: Promotion | None
    ) -> PricedParts | Refusal:
        """The lines of all parts, with their tax."""
        if refusal := _refused_currencies(parts):
            return refusal
        rounding = parts[0].offer.prices.rounding
        if not request.wants_promotion:
            return priced_parts([part.listed for part in parts], None, rounding)
        if promotion is None:
            return PromotionUnknown(request.promotion_code or request.discount_id)
        # Of several performances it is for those that it names; it must be for one of them.
        now_ms = self._clock.now_ms()
        refused = [refused_promotion(promotion, part.asked.performance_id, request.channel, now_ms) for part in parts]
        why = next(filter(None, refused), None)
        if why is not None and all(refused):
            return why
        lists = [replace(part.listed, open_to_promotion=not no) for part, no in zip(parts, refused, strict=True)]
        return priced_parts(lists, promotion, rounding)


def _refused_currencies(parts: Sequence[ListedPart]) -> FieldInvalid | None:
    """One currency an order: it is paid once."""
    first = parts[0].offer.prices.currency
    return refused_fields(
        FieldInvalid(f"{part.asked.field}performance_id", f"is sold in {other}", f"{first}, as the first part")
        for part in parts
        if (other := part.offer.prices.currency) != first
    )
