"""What reporting learns from events of other services. Facts only: nothing here counts."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from services.contracts.channels import Channel


@dataclass(frozen=True, slots=True)
class PerformanceDescribed:
    """The catalogue's word on a performance; of two, the one with the higher `sequence` of its key holds."""

    house_id: str
    performance_id: str
    sequence: int
    title: str
    capacity: int
    currency: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class SeatsCounted:
    """Inventory's counts of seats; of two, the one with the higher (epoch, version) holds."""

    house_id: str
    performance_id: str
    epoch: int
    version: int
    free: int
    held: int
    claimed: int
    sold: int
    blocked: int
    capacity: int
    at_ms: int
    reserved: int = 0
    allotted: int = 0
    reported_sold: int = 0


@dataclass(frozen=True, slots=True)
class TicketsSold:
    """So many tickets of one price category in one order, and what they cost together, in minor units."""

    category: str
    tickets: int
    revenue_minor: int


@dataclass(frozen=True, slots=True)
class SaleConfirmed:
    """An order was paid and its tickets issued. One line per category."""

    house_id: str
    performance_id: str
    order_id: str
    channel: Channel
    currency: str
    lines: tuple[TicketsSold, ...]
    at_ms: int


class BackPart(NamedTuple):
    """What has gone back of one component of a line in all, and the tax in it."""

    component: str
    amount_minor: int
    vat_minor: int


class LineBack(NamedTuple):
    """What has gone back of one line in all. `category`: empty where a release before has told it."""

    seat_id: str
    parts: tuple[BackPart, ...]
    category: str = ""


@dataclass(frozen=True, slots=True)
class LinesCancelled:
    """Tickets of some lines let nobody in any more, each with its category. Their money has words of its own."""

    house_id: str
    performance_id: str
    order_id: str
    seats: tuple[tuple[str, str], ...]
    at_ms: int


@dataclass(frozen=True, slots=True)
class SalePartlyRefunded:
    """Part of an order's money went back: `refunded_minor` of it in all, never a delta. Its tickets stay sold.

    `lines`: of which lines; none where nobody has said, as in releases before.
    """

    house_id: str
    performance_id: str
    order_id: str
    refunded_minor: int
    at_ms: int
    lines: tuple[LineBack, ...] = ()

    @property
    def by_category(self) -> tuple[tuple[str, int], ...]:
        """How much of what has gone back was taken of which categories; none where not all of it is told."""
        if not all(line.category for line in self.lines):
            return ()
        back: Counter[str] = Counter()
        for line in self.lines:
            back[line.category] += sum(part.amount_minor for part in line.parts)
        return tuple(sorted(back.items()))


@dataclass(frozen=True, slots=True)
class SaleRefunded:
    """An order's money went back, whether or not the order was ever confirmed."""

    house_id: str
    performance_id: str
    order_id: str
    at_ms: int


Fact: TypeAlias = (
    PerformanceDescribed | SeatsCounted | SaleConfirmed | LinesCancelled | SalePartlyRefunded | SaleRefunded
)
