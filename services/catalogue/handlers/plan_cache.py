"""Plans in memory, least recently used out first. Plans never change, so nothing here ever goes stale."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

from services.catalogue.domain.seating_plan import SeatingPlan


@dataclass(frozen=True, slots=True)
class PlanKey:
    """A plan's name. The house is part of it, so that nobody is answered out of another house's plans (INV-8)."""

    house_id: str
    hall_id: str
    plan_version: int


class PlanCache:
    """Holds plans of at most `max_seats` seats together; a larger plan is not kept at all."""

    def __init__(self, max_seats: int) -> None:
        self._max_seats = max_seats
        self._seats = 0
        self._plans: OrderedDict[PlanKey, SeatingPlan] = OrderedDict()

    def get(self, key: PlanKey) -> SeatingPlan | None:
        """The plan, if it is here."""
        plan = self._plans.get(key)
        if plan is not None:
            self._plans.move_to_end(key)
        return plan

    def put(self, key: PlanKey, plan: SeatingPlan) -> None:
        """Keeps the plan and lets the least recently used ones go."""
        if key in self._plans or len(plan.seats) > self._max_seats:
            return
        self._plans[key] = plan
        self._seats += len(plan.seats)
        while self._seats > self._max_seats:
            _, oldest = self._plans.popitem(last=False)
            self._seats -= len(oldest.seats)
