"""Plans in memory, least recently used out first. Plans never change, so nothing here ever goes stale."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Generic, TypeVar

Form = TypeVar("Form")


@dataclass(frozen=True, slots=True)
class PlanKey:
    """A plan's name. The house is part of it, so that nobody is answered out of another house's plans (INV-8)."""

    house_id: str
    hall_id: str
    plan_version: int


class PlanCache(Generic[Form]):
    """Plans of at most `max_seats` seats together, in the form they are given out in; a larger plan is not kept."""

    def __init__(self, max_seats: int) -> None:
        self._max_seats = max_seats
        self._seats = 0
        self._forms: OrderedDict[PlanKey, tuple[Form, int]] = OrderedDict()

    def get(self, key: PlanKey) -> Form | None:
        """The plan, if it is here."""
        kept = self._forms.get(key)
        if kept is None:
            return None
        self._forms.move_to_end(key)
        return kept[0]

    def put(self, key: PlanKey, form: Form, seats: int) -> None:
        """Keeps the plan and lets the least recently used ones go."""
        if key in self._forms or seats > self._max_seats:
            return
        self._forms[key] = (form, seats)
        self._seats += seats
        while self._seats > self._max_seats:
            _, (_, released) = self._forms.popitem(last=False)
            self._seats -= released
