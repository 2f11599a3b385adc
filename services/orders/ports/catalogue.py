"""Performances, their plans and prices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from services.orders.domain.order_form import FormField
from services.orders.domain.packages import Package
from services.orders.domain.pricing import PlanSeat, PriceList
from services.orders.domain.promotions import Promotion
from services.orders.domain.ticket_terms import CheckedPasses, TicketTerms


@dataclass(frozen=True, slots=True)
class Offer:
    """A performance as it is sold."""

    performance_id: str
    hall_id: str
    plan_version: int
    on_sale: bool
    seats_per_holder: int
    prices: PriceList
    # Of the ticket types that have any.
    terms: Mapping[str, TicketTerms] = field(default_factory=dict)
    # It will not be shown.
    cancelled: bool = False
    # Tickets that one customer may have in all orders; 0: no bound.
    customer_limit: int = 0
    # Tickets that may be paid for with one card; 0: no bound.
    instrument_limit: int = 0
    # Unix milliseconds, 0 where it is not so: when it begins, when it was cancelled, and until when who cannot come on
    # its new date may ask for the money (R2.10).
    starts_at_ms: int = 0
    cancelled_at_ms: int = 0
    refund_until_ms: int = 0


class Catalogue(Protocol):
    """Performances and their prices. Raises Unanswered."""

    async def offer(self, house_id: str, performance_id: str) -> Offer | None:
        """None when the house has no such performance."""
        ...

    async def promotion(self, house_id: str, code: str, discount_id: str) -> Promotion | None:
        """What a code gives, or a discount without one; None when there is no such thing to be had."""
        ...

    async def package(self, house_id: str, package_id: str) -> Package | None:
        """None when the house sells no such thing."""
        ...

    async def order_form(self, house_id: str) -> Sequence[FormField]:
        """All that the house asks its buyers (R2.11), in the order of the form."""
        ...

    async def check_passes(self, house_id: str, pass_kind_id: str, numbers: Sequence[str]) -> CheckedPasses | None:
        """Which numbers of a kind of pass are right; None when there is no such kind."""
        ...

    async def plan_seats(self, house_id: str, hall_id: str, plan_version: int) -> Mapping[str, PlanSeat] | None:
        """The seats of a plan, which never changes, by seat id; None when there is no such plan."""
        ...
