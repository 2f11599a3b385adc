"""Dashboards: figures of one house, and of several merged. Amounts of different currencies are never added up.

Every house counts its own days: its today, its Monday. What is merged are those days, not one clock's.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from operator import attrgetter
from typing import TypeVar

from services.contracts.channels import Channel
from services.contracts.prices import WHOLE_BASIS_POINTS

# The line that promoters look at (R3.20), and the days that are over which the daily average is of.
LINE_DAYS = 14
AVERAGE_DAYS = 28
# Told one by one; the sums are over all.
MAX_PERFORMANCES = 1_000


@dataclass(frozen=True, slots=True)
class Revenue:
    """Minor units of one currency: R0.13's, and all that was charged."""

    recette_minor: int = 0
    charged_minor: int = 0


_Name = TypeVar("_Name")
# By currency.
Revenues = Mapping[str, Revenue]


@dataclass(frozen=True, slots=True)
class Sold:
    """Tickets and what they brought; both may be below nothing, where more came back in a time than was sold."""

    tickets: int = 0
    revenues: Revenues = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Average:
    """Tickets over whole days that are over: since the first ticket, at most AVERAGE_DAYS."""

    tickets: int = 0
    days: int = 0


@dataclass(frozen=True, slots=True)
class Seats:
    """As of now (R0.3). `sold` are tickets that have not come back, by orders; the others are inventory's counts."""

    capacity: int = 0
    blocked: int = 0
    free: int = 0
    held: int = 0
    reserved: int = 0
    allotted: int = 0
    reported_sold: int = 0
    sold: int = 0

    @property
    def occupancy_basis_points(self) -> int:
        """What is sold, by whomever, of what can be sold; rounded down, so that only a full hall is full."""
        can_be_sold = self.capacity - self.blocked
        return WHOLE_BASIS_POINTS * (self.sold + self.reported_sold) // can_be_sold if can_be_sold > 0 else 0


@dataclass(frozen=True, slots=True)
class PerformanceRow:
    """One performance. Its line has LINE_DAYS, the last one is its house's today. `starts_at_ms` 0: nobody has said."""

    house_id: str
    performance_id: str
    production_id: str
    title: str
    hall_id: str
    starts_at_ms: int
    is_cancelled: bool
    currency: str
    seats: Seats
    revenue: Revenue
    line: tuple[int, ...]
    this_week: int
    average: Average
    updated_at_ms: int
    in_days: Sold | None = None

    @property
    def today(self) -> int:
        """Tickets."""
        return self.line[-1]

    @property
    def yesterday(self) -> int:
        """Tickets."""
        return self.line[-2]


@dataclass(frozen=True, slots=True)
class HouseFigures:
    """What one house has for a dashboard: its rows, and the sums that rows do not tell. `line` is by its own days."""

    house_id: str
    zone: str
    today: date
    rows: Sequence[PerformanceRow] = ()
    line: Mapping[date, Sold] = field(default_factory=dict)
    average: Average = Average()
    ticket_types: Mapping[str, Sold] = field(default_factory=dict)
    channels: Mapping[Channel, Sold] = field(default_factory=dict)
    in_days: Sold | None = None


@dataclass(frozen=True, slots=True)
class Sum:
    """Over all rows of all houses."""

    performances: int
    seats: Seats
    sold: Sold
    today: Sold
    yesterday: Sold
    this_week: Sold
    average: Average
    line: Mapping[date, Sold]
    ticket_types: Mapping[str, Sold]
    channels: Mapping[Channel, Sold]
    in_days: Sold | None


@dataclass(frozen=True, slots=True)
class Merged:
    """The figures of a dashboard; `left_out` rows are in the sum and not told one by one."""

    sum: Sum
    rows: Sequence[PerformanceRow]
    left_out: int


def line_of(today: date) -> list[date]:
    """The days of the line, today last."""
    return [today - timedelta(days=before) for before in reversed(range(LINE_DAYS))]


def monday_of(day: date) -> date:
    """The first day of its week."""
    return day - timedelta(days=day.weekday())


def days_needed(today: date) -> list[date]:
    """The days that a dashboard counts one by one, today last."""
    return [today - timedelta(days=before) for before in reversed(range(AVERAGE_DAYS + 1))]


def averaged(lately: Sequence[int], *, sold_before: bool) -> Average:
    """`lately`: tickets of days_needed. `sold_before`: something was sold before the first of them."""
    over = lately[:-1]
    since = 0 if sold_before else next((place for place, tickets in enumerate(over) if tickets), None)
    return Average() if since is None else Average(sum(over), len(over) - since)


def added(parts: Iterable[Sold]) -> Sold:
    """Their sum, by currency."""
    tickets, recette, charged = 0, defaultdict[str, int](int), defaultdict[str, int](int)
    for part in parts:
        tickets += part.tickets
        for currency, revenue in part.revenues.items():
            recette[currency] += revenue.recette_minor
            charged[currency] += revenue.charged_minor
    return Sold(tickets, {currency: Revenue(recette[currency], charged[currency]) for currency in sorted(charged)})


def merged(houses: Sequence[HouseFigures], now_ms: int) -> Merged:
    """One dashboard of several houses (R3.4)."""
    rows = [row for house in houses for row in house.rows]
    told = heapq.nsmallest(MAX_PERFORMANCES, rows, key=lambda row: _place(row, now_ms))
    days = line_of(max(house.today for house in houses)) if houses else []
    total = Sum(
        performances=len(rows),
        seats=_seats(rows),
        sold=_sold(rows),
        today=added(house.line.get(house.today, Sold()) for house in houses),
        yesterday=added(house.line.get(house.today - timedelta(days=1), Sold()) for house in houses),
        this_week=added(
            sold for house in houses for day, sold in house.line.items() if monday_of(house.today) <= day <= house.today
        ),
        average=Average(
            sum(house.average.tickets for house in houses), max((house.average.days for house in houses), default=0)
        ),
        line={day: added(house.line.get(day, Sold()) for house in houses) for day in days},
        ticket_types=_by_name([house.ticket_types for house in houses]),
        channels=_by_name([house.channels for house in houses]),
        in_days=added(house.in_days for house in houses if house.in_days is not None)
        if any(house.in_days is not None for house in houses)
        else None,
    )
    return Merged(total, told, len(rows) - len(told))


def _place(row: PerformanceRow, now_ms: int) -> tuple[int, int, str, str]:
    """Those to come by their start, then those that nobody has given one, then those that have begun, latest first."""
    if row.starts_at_ms > now_ms:
        return 0, row.starts_at_ms, row.house_id, row.performance_id
    if row.starts_at_ms == 0:
        return 1, 0, row.house_id, row.performance_id
    return 2, -row.starts_at_ms, row.house_id, row.performance_id


def _sold(rows: Iterable[PerformanceRow]) -> Sold:
    tickets, recette, charged = 0, defaultdict[str, int](int), defaultdict[str, int](int)
    for row in rows:
        tickets += row.seats.sold
        if row.currency:
            recette[row.currency] += row.revenue.recette_minor
            charged[row.currency] += row.revenue.charged_minor
    return Sold(tickets, {currency: Revenue(recette[currency], charged[currency]) for currency in sorted(charged)})


_SEATS = attrgetter("capacity", "blocked", "free", "held", "reserved", "allotted", "reported_sold", "sold")


def _seats(rows: Iterable[PerformanceRow]) -> Seats:
    """Of performances that take place: an empty hall of a cancelled one is no unsold hall."""
    columns = zip(*(_SEATS(row.seats) for row in rows if not row.is_cancelled), strict=True)
    return Seats(*map(sum, columns))


def _by_name(parts: Sequence[Mapping[_Name, Sold]]) -> dict[_Name, Sold]:
    names = {name for part in parts for name in part}
    return {name: added(part[name] for part in parts if name in part) for name in sorted(names, key=str)}
