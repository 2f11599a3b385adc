"""Where seats stand in their plans' order, which the inventory's stream counts by. Learned from the catalogue."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.orders.ports import Catalogue
from services.runtime.call_context import outside_call
from services.runtime.errors import Retryable

MAX_PERFORMANCES = 2_000
MAX_PLANS = 64
# Of performances at a time: there is no hurry.
MAX_LEARNING = 8

_Plan = tuple[str, str, int]


@dataclass(frozen=True, slots=True)
class PlanPlaces:
    """One version of a plan; it never changes."""

    plan_version: int
    seat_ids: Sequence[str]
    places: Mapping[str, int]


class SeatPlaces:
    """Asks in the background and keeps nobody waiting: what is not known yet goes another way meanwhile."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._plans: OrderedDict[_Plan, PlanPlaces] = OrderedDict()
        self._known: OrderedDict[tuple[str, str], dict[int, PlanPlaces]] = OrderedDict()
        self._learning: dict[tuple[str, str, int], asyncio.Task[None]] = {}

    def of(self, house_id: str, performance_id: str, plan_version: int) -> PlanPlaces | None:
        """Of the version of the performance's plan, where it is known."""
        found = self._known.get((house_id, performance_id), {}).get(plan_version)
        if found is None:
            self._learn(house_id, performance_id, plan_version)
        return found

    def newest(self, house_id: str, performance_id: str) -> PlanPlaces | None:
        """Of the newest version that is known."""
        known = self._known.get((house_id, performance_id))
        if not known:
            self._learn(house_id, performance_id, 0)
            return None
        return known[max(known)]

    def forget(self, house_id: str, performance_id: str) -> None:
        """It has another plan by now, and that is to be learned."""
        self._known.pop((house_id, performance_id), None)

    def _learn(self, house_id: str, performance_id: str, plan_version: int) -> None:
        asked = (house_id, performance_id, plan_version)
        if asked in self._learning or len(self._learning) >= MAX_LEARNING:
            return
        task = asyncio.create_task(self._ask(*asked), name="seat places", context=outside_call())
        self._learning[asked] = task
        task.add_done_callback(lambda _: self._learning.pop(asked, None))

    async def _ask(self, house_id: str, performance_id: str, plan_version: int) -> None:
        """Version 0 is the performance's own."""
        try:
            offer = await self._catalogue.offer(house_id, performance_id)
            if offer is None:
                return
            plan = await self._plan((house_id, offer.hall_id, plan_version or offer.plan_version))
        except Retryable:
            return
        if plan is None:
            return
        self._known.setdefault((house_id, performance_id), {})[plan.plan_version] = plan
        self._known.move_to_end((house_id, performance_id))
        while len(self._known) > MAX_PERFORMANCES:
            self._known.popitem(last=False)

    async def _plan(self, name: _Plan) -> PlanPlaces | None:
        plan = self._plans.get(name)
        if plan is None:
            seats = await self._catalogue.plan_seats(*name)
            if seats is None:
                return None
            seat_ids = tuple(seats)
            plan = PlanPlaces(name[2], seat_ids, {seat_id: place for place, seat_id in enumerate(seat_ids)})
            self._plans[name] = plan
            while len(self._plans) > MAX_PLANS:
                self._plans.popitem(last=False)
        return plan
