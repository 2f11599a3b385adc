"""Day by day and performance by performance, for lines: one short row each, however many days."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from services.reporting.ports.figures import Narrowing, Sight


@dataclass(frozen=True, slots=True)
class DailyRow:
    """What moved of one performance in one currency. `days`: places of those days on which something did, in any order.

    `tickets` and `revenue_minor` are what is left of each of them; `tickets_sold` is what was sold on all together.
    """

    performance_id: str
    currency: str
    days: Sequence[int]
    tickets: Sequence[int]
    revenue_minor: Sequence[int]
    tickets_sold: int


class DailyFigures(Protocol):
    """Out of the served read models, as Figures."""

    async def daily(self, sight: Sight, narrowing: Narrowing, bounds_ms: Sequence[int]) -> Sequence[DailyRow]:
        """Day 0 is from the first of the bounds until the second; they are whole minutes, and two at least.

        Of the narrowing only performances count.
        """
        ...
