"""Reports of things other than sums: seats, free tickets, contingents, offices, the funnel."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from services.paper.tables import Amount, CellKind, ChartKind, Share
from services.reporting.domain.report import (
    ReportCell,
    ReportChart,
    ReportColumn,
    ReportRow,
    ReportSeries,
    ReportTotal,
    Told,
    rows_of,
)
from services.reporting.domain.report_kinds import Interval
from services.reporting.domain.report_words import Word
from services.reporting.handlers.reports.asked import HouseQuestion
from services.reporting.handlers.reports.dimensions import told
from services.reporting.handlers.reports.performances import SHOW_COLUMNS, show_cells
from services.reporting.handlers.reports.sums_table import totals_of
from services.reporting.ports.figures import AllotmentFigures, Dimension, PerformanceFigures, SumRow, Sums

_ALLOTTED: Final = tuple(
    ReportColumn(word, CellKind.NUMBER) for word in (Word.HANDED_OUT, Word.REPORTED_SOLD, Word.RETURNED, Word.OPEN)
)
_TICKETS: Final = ReportColumn(Word.TICKETS, CellKind.NUMBER)
_REVENUE: Final = ReportColumn(Word.REVENUE, CellKind.MONEY)
_FREE: Final = "free"
# In the order of a purchase (R3.15).
_STEPS: Final = ("START", "SEATS", "CUSTOMER", "PAYMENT", "DONE")


@dataclass(frozen=True, slots=True)
class Seats:
    """How often each seat of a hall was sold, of the performances there."""

    title: Word = Word.SEATS

    def columns(self, interval: Interval, *, for_promoter: bool) -> tuple[ReportColumn, ...]:
        """Hall, seat, tickets, performances, occupancy, revenue."""
        return (
            ReportColumn(Word.HALL),
            ReportColumn(Word.SEAT),
            _TICKETS,
            ReportColumn(Word.PERFORMANCES, CellKind.NUMBER),
            ReportColumn(Word.OCCUPANCY, CellKind.PERCENT),
            _REVENUE,
        )

    async def told(self, asked: HouseQuestion) -> Told:
        """Of one house. A seat that was never sold is in no movement, and not told."""
        sold, halls = await asked.sums(Dimension.HALL, Dimension.SEAT), await asked.names.halls(asked.sight.house_id)
        played = Counter(one.hall_id for one in await asked.performances() if not one.is_cancelled)

        def cells(row: SumRow) -> ReportRow:
            hall, seat = row.values
            count, money = played[hall], Amount(row.sums.revenue_minor, row.currency)
            return (halls.get(hall, hall), seat, row.sums.tickets, count, Share(row.sums.tickets, count), money)

        def total(sums: Sums, currency: str) -> ReportRow:
            return (None, None, sums.tickets, None, None, Amount(sums.revenue_minor, currency))

        in_order = sorted(sold, key=lambda row: (halls.get(row.values[0], row.values[0]), _by_number(row.values[1])))
        return Told(rows_of([cells(row) for row in in_order]), totals_of(sold, total))


@dataclass(frozen=True, slots=True)
class FreeTickets:
    """What cost nothing, told by performance and by what it is called."""

    title: Word = Word.FREE_TICKETS

    def columns(self, interval: Interval, *, for_promoter: bool) -> tuple[ReportColumn, ...]:
        """Title, start, ticket type, category, channel, tickets."""
        words = (Word.TICKET_TYPE, Word.CATEGORY, Word.CHANNEL)
        return (*SHOW_COLUMNS, *(ReportColumn(word) for word in words), _TICKETS)

    async def told(self, asked: HouseQuestion) -> Told:
        """Of one house."""
        by = (Dimension.PERFORMANCE, Dimension.TICKET_TYPE, Dimension.CATEGORY, Dimension.CHANNEL, Dimension.KIND)
        found = [row for row in await asked.sums(*by) if row.values[-1] == _FREE and row.sums.tickets]
        shows = _shows(await asked.performances(), asked.zone)
        rows = [
            (
                *shows.get(row.values[0], (row.values[0], None)),
                *(told(one, value, {}) for one, value in zip(by[1:4], row.values[1:4], strict=True)),
                row.sums.tickets,
            )
            for row in found
        ]
        count = sum(row.sums.tickets for row in found)
        return Told(rows_of(rows), [ReportTotal((None, None, None, None, None, count))] if rows else [])


@dataclass(frozen=True, slots=True)
class Contingents:
    """Each allotment: handed out is sold, returned and open together, always (R1)."""

    title: Word = Word.CONTINGENTS

    def columns(self, interval: Interval, *, for_promoter: bool) -> tuple[ReportColumn, ...]:
        """Title, start, office, kind, counts, closed."""
        words = (Word.OFFICE, Word.KIND)
        return (*SHOW_COLUMNS, *(ReportColumn(word) for word in words), *_ALLOTTED, ReportColumn(Word.CLOSED))

    async def told(self, asked: HouseQuestion) -> Told:
        """Of one house."""
        found = await asked.figures.allotments(asked.sight, asked.narrowing)
        shows = _shows(await asked.performances(), asked.zone)
        offices = await asked.names.offices(asked.sight.house_id)
        rows = [
            (
                *shows.get(one.performance_id, (one.performance_id, None)),
                told(Dimension.OFFICE, one.office_id, offices),
                _allotment_kind(one.kind),
                *_counts(one),
                Word.YES if one.is_closed else Word.NO,
            )
            for one in found
        ]
        totals = [ReportTotal((None, None, None, None, *_summed(found), None))] if found else []
        return Told(rows_of(rows), totals)


@dataclass(frozen=True, slots=True)
class Offices:
    """What each office was given and sold, and our own sales with its discounts (R0.13, R1.10)."""

    title: Word = Word.OFFICES

    def columns(self, interval: Interval, *, for_promoter: bool) -> tuple[ReportColumn, ...]:
        """Office, counts of its allotments, tickets and revenue of ours."""
        return (ReportColumn(Word.OFFICE), *_ALLOTTED, _TICKETS, _REVENUE)

    async def told(self, asked: HouseQuestion) -> Told:
        """Of one house."""
        allotments: dict[str, list[AllotmentFigures]] = defaultdict(list)
        for one in await asked.figures.allotments(asked.sight, asked.narrowing):
            allotments[one.office_id].append(one)
        sold: dict[str, list[SumRow]] = defaultdict(list)
        for row in await asked.sums(Dimension.OFFICE):
            sold[row.values[0]].append(row)
        names = await asked.names.offices(asked.sight.house_id)
        rows: list[ReportRow] = []
        for office_id in sorted((sold.keys() | allotments.keys()) - {""}, key=lambda one: (names.get(one, one), one)):
            counts = _summed(allotments[office_id])
            # A line for each currency that it was sold in; one where it sold nothing of ours.
            ours: list[tuple[ReportCell, ...]] = [
                (row.sums.tickets, Amount(row.sums.revenue_minor, row.currency)) for row in sold[office_id]
            ]
            for cells in ours or [(0, None)]:
                rows.append((told(Dimension.OFFICE, office_id, names), *counts, *cells))
                counts = (0, 0, 0, 0)
        every = [one for office_id, given in allotments.items() if office_id for one in given]
        ours_of = [row for office_id, found in sold.items() if office_id for row in found]
        return Told(rows_of(rows), _office_totals(every, ours_of) if rows else [])


def _office_totals(every: Sequence[AllotmentFigures], sold: Sequence[SumRow]) -> list[ReportTotal]:
    counts = _summed(every)

    def total(sums: Sums, currency: str) -> ReportRow:
        return (None, *counts, sums.tickets, Amount(sums.revenue_minor, currency))

    return totals_of(sold, total) or [ReportTotal((None, *counts, 0, None))]


@dataclass(frozen=True, slots=True)
class Funnel:
    """How far visits come, performance by performance."""

    title: Word = Word.FUNNEL

    def columns(self, interval: Interval, *, for_promoter: bool) -> tuple[ReportColumn, ...]:
        """Title, start, step, visits, of those that began."""
        return (
            *SHOW_COLUMNS,
            ReportColumn(Word.STEP),
            ReportColumn(Word.VISITS, CellKind.NUMBER),
            ReportColumn(Word.OF_START, CellKind.PERCENT),
        )

    async def told(self, asked: HouseQuestion) -> Told:
        """Of one house."""
        found = await asked.figures.funnel(asked.sight, asked.narrowing)
        shows = _shows(await asked.performances(), asked.zone)
        visits = {(one.performance_id, one.step.upper()): one.visits for one in found}
        order = {step: place for place, step in enumerate(_STEPS)}
        rows = [
            (
                *shows.get(one.performance_id, (one.performance_id, None)),
                _step(one.step),
                one.visits,
                Share(one.visits, visits.get((one.performance_id, _STEPS[0]), 0)),
            )
            for one in sorted(found, key=lambda one: (one.performance_id, order.get(one.step.upper(), len(order))))
        ]
        if not rows:
            return Told(rows_of([]))
        together: Counter[str] = Counter()
        for one in found:
            together[one.step.upper()] += one.visits
        values = tuple(together[step] for step in _STEPS)
        labels = tuple(_step(step) for step in _STEPS)
        chart = ReportChart(ChartKind.BARS, Word.VISITS, labels, (ReportSeries(Word.VISITS, values),))
        return Told(rows_of(rows), (), [chart])


def _by_number(seat: str) -> list[tuple[int, str]]:
    """A-2 before A-10."""
    parts = re.split(r"([0-9]+)", seat)
    return [(int(part), "") if place % 2 else (0, part) for place, part in enumerate(parts)]


def _shows(found: Sequence[PerformanceFigures], zone: str) -> Mapping[str, tuple[ReportCell, ReportCell]]:
    return {one.performance_id: show_cells(one, zone) for one in found}


def _counts(one: AllotmentFigures) -> tuple[int, int, int, int]:
    return (one.handed_out, one.reported_sold, one.returned, one.open)


def _summed(found: Sequence[AllotmentFigures]) -> tuple[int, int, int, int]:
    return (
        sum(one.handed_out for one in found),
        sum(one.reported_sold for one in found),
        sum(one.returned for one in found),
        sum(one.open for one in found),
    )


def _step(step: str) -> ReportCell:
    key = f"STEP_{step.upper()}"
    return Word[key] if key in Word.__members__ else step


def _allotment_kind(kind: str) -> ReportCell:
    return {"soft": Word.SOFT, "hard": Word.HARD}.get(kind.lower(), kind)
