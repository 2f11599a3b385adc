"""What parts cost together: promotion and tax are worked out over all of an order, for it is one bill."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from services.contracts.prices import VatRounding
from services.contracts.promotions import PromotionUnknown
from services.orders.domain.packages import Package, packaged
from services.orders.domain.pricing import Listed, PricedParts, priced_parts
from services.orders.domain.promotions import Promotion, refused_promotion
from services.orders.domain.refusals import PackageUnknown
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

    async def reduction(self, request: PriceRequest) -> Promotion | Package | None:
        """What lowers the price, or None where there is no such thing; no round trip where none is asked for.

        Raises Unanswered.
        """
        if request.package_id:
            return await self._catalogue.package(request.house_id, request.package_id)
        if request.wants_promotion:
            return await self._catalogue.promotion(request.house_id, request.promotion_code, request.discount_id)
        return None

    def priced(
        self, request: PriceRequest, parts: Sequence[ListedPart], reduction: Promotion | Package | None
    ) -> PricedParts | Refusal:
        """The lines of all parts, with their tax."""
        if refusal := _refused_currencies(parts):
            return refusal
        rounding = parts[0].offer.prices.rounding
        if isinstance(reduction, Package):
            return self._packaged(request, parts, reduction, rounding)
        if request.package_id:
            return PackageUnknown(request.package_id)
        if not request.wants_promotion:
            return priced_parts([part.listed for part in parts], None, rounding)
        if reduction is None:
            return PromotionUnknown(request.promotion_code or request.discount_id)
        return self._promoted(request, parts, reduction, rounding)

    def _packaged(
        self, request: PriceRequest, parts: Sequence[ListedPart], package: Package, rounding: VatRounding
    ) -> PricedParts | Refusal:
        lists = {part.asked.performance_id: part.listed for part in parts}
        lower = packaged(package, lists, request.channel, self._clock.now_ms(), rounding)
        if isinstance(lower, Refusal):
            return lower
        priced = priced_parts(lower.parts, None, rounding)
        return priced if isinstance(priced, Refusal) else replace(priced, uses=lower.uses)

    def _promoted(
        self, request: PriceRequest, parts: Sequence[ListedPart], promotion: Promotion, rounding: VatRounding
    ) -> PricedParts | Refusal:
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
