"""The Catalogue's twin in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from services.orders.domain.order_form import FormField
from services.orders.domain.packages import Package
from services.orders.domain.pricing import PlanSeat
from services.orders.domain.promotions import Promotion
from services.orders.domain.ticket_terms import CheckedPasses
from services.orders.ports import Offer


class MemoryCatalogue:
    """See Catalogue. Counts how often it was asked."""

    def __init__(self) -> None:
        self._offers: dict[tuple[str, str], Offer] = {}
        self._plans: dict[tuple[str, str, int], Mapping[str, PlanSeat]] = {}
        self._promotions: dict[tuple[str, str, str], Promotion] = {}
        self._passes: dict[tuple[str, str], tuple[frozenset[str], int]] = {}
        self._packages: dict[tuple[str, str], Package] = {}
        self._forms: dict[str, Sequence[FormField]] = {}
        self.asked = 0

    def put(self, house_id: str, offer: Offer, seats: Mapping[str, PlanSeat]) -> None:
        """Puts a performance on offer, with the seats of its plan."""
        self._offers[house_id, offer.performance_id] = offer
        self._plans[house_id, offer.hall_id, offer.plan_version] = dict(seats)

    async def offer(self, house_id: str, performance_id: str) -> Offer | None:
        self.asked += 1
        return self._offers.get((house_id, performance_id))

    def promote(self, house_id: str, promotion: Promotion) -> None:
        """Lets a promotion be had, by its code or without one."""
        self._promotions[house_id, promotion.code, promotion.discount_id] = promotion

    async def promotion(self, house_id: str, code: str, discount_id: str) -> Promotion | None:
        self.asked += 1
        return next(
            (
                promotion
                for (house, known, discount), promotion in self._promotions.items()
                if (house, known) == (house_id, code) and discount_id in {"", discount}
            ),
            None,
        )

    def ask(self, house_id: str, *form: FormField) -> None:
        """What the house asks its buyers from now on."""
        self._forms[house_id] = form

    async def order_form(self, house_id: str) -> Sequence[FormField]:
        self.asked += 1
        return self._forms.get(house_id, ())

    def sell(self, house_id: str, package: Package) -> None:
        """Lets a package be had."""
        self._packages[house_id, package.package_id] = package

    async def package(self, house_id: str, package_id: str) -> Package | None:
        self.asked += 1
        return self._packages.get((house_id, package_id))

    def accept_passes(self, house_id: str, pass_kind_id: str, numbers: Sequence[str], max_uses: int) -> None:
        """Lets these numbers be right, each so often a performance."""
        self._passes[house_id, pass_kind_id] = frozenset(numbers), max_uses

    async def check_passes(self, house_id: str, pass_kind_id: str, numbers: Sequence[str]) -> CheckedPasses | None:
        self.asked += 1
        known = self._passes.get((house_id, pass_kind_id))
        if known is None:
            return None
        right, max_uses = known
        return CheckedPasses(tuple(f"key-{number}" if number in right else "" for number in numbers), max_uses)

    async def plan_seats(self, house_id: str, hall_id: str, plan_version: int) -> Mapping[str, PlanSeat] | None:
        self.asked += 1
        return self._plans.get((house_id, hall_id, plan_version))
