"""Remembers the catalogue: performances for seconds, plans for ever (they never change). Bounded; asks once."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from typing import Generic, TypeVar

from services.orders.domain.order_form import FormField
from services.orders.domain.packages import Package
from services.orders.domain.pricing import PlanSeat
from services.orders.domain.promotions import Promotion
from services.orders.domain.ticket_terms import CheckedPasses
from services.orders.ports import Catalogue, Offer
from services.runtime.call_context import own_account
from services.runtime.clock import Clock

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

MAX_PERFORMANCES = 2_000
MAX_PLANS = 64


class CachedCatalogue:
    """A Catalogue in front of a Catalogue. Absence and faults are not remembered."""

    def __init__(self, behind: Catalogue, clock: Clock, *, ttl_seconds: float) -> None:
        self._behind = behind
        self._offers: _Memory[tuple[str, str], Offer] = _Memory(clock, MAX_PERFORMANCES, ttl_seconds)
        self._forms: _Memory[str, Sequence[FormField]] = _Memory(clock, MAX_PERFORMANCES, ttl_seconds)
        self._plans: _Memory[tuple[str, str, int], Mapping[str, PlanSeat]] = _Memory(clock, MAX_PLANS, float("inf"))

    async def offer(self, house_id: str, performance_id: str) -> Offer | None:
        """See Catalogue.offer; at most `ttl_seconds` old."""
        key = (house_id, performance_id)
        return await self._offers.get(key, lambda: self._behind.offer(house_id, performance_id))

    async def promotion(self, house_id: str, code: str, discount_id: str) -> Promotion | None:
        """See Catalogue.promotion; never remembered, for few ask and a house may end one at once."""
        # Buyers have no say in what the catalogue tells of a promotion.
        with own_account():
            return await self._behind.promotion(house_id, code, discount_id)

    async def order_form(self, house_id: str) -> Sequence[FormField]:
        """See Catalogue.order_form; at most `ttl_seconds` old."""
        return await self._forms.get(house_id, lambda: self._behind.order_form(house_id)) or ()

    async def package(self, house_id: str, package_id: str) -> Package | None:
        """See Catalogue.package; never remembered, as promotions."""
        with own_account():
            return await self._behind.package(house_id, package_id)

    async def check_passes(self, house_id: str, pass_kind_id: str, numbers: Sequence[str]) -> CheckedPasses | None:
        """See Catalogue.check_passes; never remembered, for numbers are people's."""
        with own_account():
            return await self._behind.check_passes(house_id, pass_kind_id, numbers)

    async def plan_seats(self, house_id: str, hall_id: str, plan_version: int) -> Mapping[str, PlanSeat] | None:
        """See Catalogue.plan_seats."""
        key = (house_id, hall_id, plan_version)
        return await self._plans.get(key, lambda: self._behind.plan_seats(house_id, hall_id, plan_version))


class _Memory(Generic[K, V]):
    """Least recently used goes first. Those who ask for the same thing at the same time share one question."""

    def __init__(self, clock: Clock, size: int, ttl_seconds: float) -> None:
        self._clock = clock
        self._size = size
        self._ttl_seconds = ttl_seconds
        self._known: OrderedDict[K, tuple[float, V]] = OrderedDict()
        self._asking: dict[K, asyncio.Lock] = {}

    async def get(self, key: K, ask: Callable[[], Awaitable[V | None]]) -> V | None:
        if (value := self._fresh(key)) is not None:
            return value
        lock = self._asking.setdefault(key, asyncio.Lock())
        try:
            async with lock:
                if (value := self._fresh(key)) is not None:
                    return value
                # What all will be told must not depend on what the first one may see.
                with own_account():
                    value = await ask()
                if value is not None:
                    self._keep(key, value)
                return value
        finally:
            if not lock.locked():
                self._asking.pop(key, None)

    def _fresh(self, key: K) -> V | None:
        known = self._known.get(key)
        if known is None or known[0] + self._ttl_seconds <= self._clock.monotonic():
            return None
        self._known.move_to_end(key)
        return known[1]

    def _keep(self, key: K, value: V) -> None:
        self._known[key] = (self._clock.monotonic(), value)
        self._known.move_to_end(key)
        while len(self._known) > self._size:
            self._known.popitem(last=False)
