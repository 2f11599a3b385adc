"""Tells what seats would cost, for minutes and signed; and finds what was told when it is ordered. Stores nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from services.orders.domain.packages import Package
from services.orders.domain.pricing import PricedParts, listed
from services.orders.domain.promotions import Promotion
from services.orders.domain.quote import Quote, QuotedPart
from services.orders.domain.refusals import PerformanceNotFound, QuoteExpired, QuoteInvalid
from services.orders.domain.ticket_terms import refused_by_terms
from services.orders.handlers.order_pricing import ListedPart, OrderPricing
from services.orders.handlers.order_request import OrderRequest, PartRequest, PriceRequest
from services.orders.handlers.part_making import refused_offer, refused_parts, refused_size, within
from services.orders.ports import Catalogue
from services.orders.ports.quotes import Quotes
from services.runtime.clock import Clock
from services.runtime.errors import FieldInvalid, Refusal


@dataclass(frozen=True, slots=True)
class SignedQuote:
    """A price, and the text that holds it."""

    quote: Quote
    text: str


class Quoter:
    """`lives_ms`: for how long a price holds."""

    def __init__(self, catalogue: Catalogue, quotes: Quotes, clock: Clock, *, lives_ms: int) -> None:
        self._catalogue = catalogue
        self._pricing = OrderPricing(catalogue, clock)
        self._quotes = quotes
        self._clock = clock
        self._lives_ms = lives_ms

    async def quote(self, request: PriceRequest) -> SignedQuote | Refusal:
        """The price of seats, whoever holds them. Raises Unanswered."""
        reduction, found = await asyncio.gather(
            self._pricing.reduction(request),
            asyncio.gather(*(self._listed(request, part) for part in request.parts)),
        )
        if refusal := refused_parts(found):
            return refusal
        parts = [part for part in found if isinstance(part, ListedPart)]
        priced = self._pricing.priced(request, parts, reduction)
        if isinstance(priced, Refusal):
            return priced
        quote = self._quote(request, parts, priced, reduction)
        return SignedQuote(quote, self._quotes.signed(quote))

    async def _listed(self, request: PriceRequest, part: PartRequest) -> ListedPart | Refusal:
        found = await self._at_list_price(request, part)
        return within(part.field, found) if isinstance(found, FieldInvalid) else found

    async def _at_list_price(self, request: PriceRequest, part: PartRequest) -> ListedPart | Refusal:
        offer = await self._catalogue.offer(request.house_id, part.performance_id)
        if offer is None:
            return PerformanceNotFound(part.performance_id)
        if refusal := refused_offer(part, offer) or refused_size(part, offer):
            return refusal
        if refusal := refused_by_terms(part.seats, offer.terms, request.channel):
            return refusal
        seats = await self._catalogue.plan_seats(request.house_id, offer.hall_id, offer.plan_version)
        lines = listed(part.seats, offer.prices, seats or {}, offer.plan_version)
        return lines if isinstance(lines, Refusal) else ListedPart(part, offer, lines)

    def _quote(
        self,
        request: PriceRequest,
        parts: Sequence[ListedPart],
        priced: PricedParts,
        reduction: Promotion | Package | None,
    ) -> Quote:
        return Quote(
            house_id=request.house_id,
            channel=request.channel,
            parts=tuple(
                QuotedPart(
                    part.asked.performance_id,
                    part.offer.plan_version,
                    lines,
                    tuple(tuple(sorted(one.extras, key=lambda kind: kind.value)) for one in part.asked.seats),
                )
                for part, lines in zip(parts, priced.lines, strict=True)
            ),
            currency=parts[0].offer.prices.currency,
            expires_at_ms=self._clock.now_ms() + self._lives_ms,
            uses=priced.uses,
            promotion_code=request.promotion_code,
            discount_id=request.discount_id,
            package_id=request.package_id,
            package_limit=reduction.max_per_customer if isinstance(reduction, Package) else 0,
        )

    def told(self, request: OrderRequest) -> Quote | Refusal | None:
        """What an order was quoted; None where it names no quote."""
        if not request.quote:
            return None
        quote = self._quotes.read(request.quote)
        if quote is None or quote.house_id != request.house_id:
            return QuoteInvalid()
        if quote.expires_at_ms <= self._clock.now_ms():
            return QuoteExpired(quote.expires_at_ms)
        reduced_by = (request.promotion_code, request.discount_id, request.package_id)
        return quote.refused(request.channel, reduced_by, [part.wanted for part in request.parts]) or quote
