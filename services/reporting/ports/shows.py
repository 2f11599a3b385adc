"""What a settlement asks of other services at its moment: the performance, and what is under way of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from services.contracts.prices import Component, VatRounding
from services.runtime.errors import Refusal


@dataclass(frozen=True, slots=True)
class Show:
    """A performance with its house. `prices`: what a seat costs, by category and ticket type. Times None: not said."""

    house_id: str
    house_name: str
    time_zone: str
    performance_id: str
    production_id: str
    title: str
    subtitle: str
    hall_id: str
    hall: str
    hall_address: tuple[str, ...]
    plan_version: int
    capacity: int
    starts_at_ms: int
    ends_at_ms: int | None
    is_cancelled: bool
    prices: Mapping[tuple[str, str], tuple[Component, ...]]
    vat_rounding: VatRounding


@dataclass(frozen=True, slots=True)
class ReportedSales:
    """Seats that an office reported sold out of one allotment, by category; and how many it has open."""

    allotment_id: str
    office_id: str
    sold_by_category: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class OrdersSeen:
    """A performance's orders as orders itself has them. `under_way`: being paid, cancelled or refunded; `tickets` and
    `left_minor` of those that are confirmed. None: what went back of an order was of several performances."""

    under_way: int = 0
    tickets: int = 0
    left_minor: int | None = 0


class Shows(Protocol):
    """Every call raises NeighbourSilent where somebody does not answer."""

    async def show(self, house_id: str, performance_id: str, /) -> Show | Refusal:
        """Refusals: PerformanceNotFound."""
        ...

    async def reported(self, show: Show, allotment_ids: Collection[str], /) -> Sequence[ReportedSales]:
        """Of these allotments, as the owner of the seats has them now; one that it does not know is left out."""
        ...

    async def orders(self, house_id: str, performance_id: str, /) -> OrdersSeen:
        """All of them, as of this moment."""
        ...

    async def names(
        self, house_id: str, office_ids: Collection[str], discount_ids: Collection[str], /
    ) -> tuple[dict[str, str], dict[str, str]]:
        """What offices and discounts are called, by id; what nobody knows has no name."""
        ...
