"""Performances one by one: what they sold, how full they are, what came back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from services.contracts.house_time import local_of
from services.paper.tables import AxisKind, CellKind, ChartKind, Share
from services.reporting.domain.report import (
    ReportCell,
    ReportChart,
    ReportColumn,
    ReportRow,
    ReportSeries,
    ReportTotal,
    ShowLabel,
    Told,
    rows_of,
)
from services.reporting.domain.report_kinds import Interval
from services.reporting.domain.report_words import Word
from services.reporting.handlers.reports.asked import HouseQuestion
from services.reporting.handlers.reports.sums_table import (
    MONEY_COLUMNS,
    TICKET_COLUMNS,
    money_cells,
    revenue_bars,
    ticket_cells,
    totals_of,
)
from services.reporting.ports.figures import PerformanceFigures, SumRow, Sums

SHOW_COLUMNS: Final = (
    ReportColumn(Word.PERFORMANCE),
    ReportColumn(Word.STARTS, CellKind.MOMENT),
)
_OCCUPANCY: Final = ReportColumn(Word.OCCUPANCY, CellKind.PERCENT)
_COUNTS: Final = (
    Word.CAPACITY, Word.TICKETS, Word.REPORTED_SOLD, Word.RESERVED, Word.ALLOTTED, Word.HELD, Word.BLOCKED, Word.FREE,
)  # fmt: skip
_HUNDREDTHS: Final = 10_000
_BARS: Final = 20


def show_cells(performance: PerformanceFigures, zone: str) -> tuple[str, datetime | None]:
    """Of SHOW_COLUMNS. The title, or the id while nobody has told it; when it begins, by the house's clock."""
    starts = local_of(zone, performance.starts_at_ms) if performance.starts_at_ms else None
    return performance.title or performance.performance_id, starts


def occupancy(performance: PerformanceFigures) -> Share:
    """As dashboards tell it: sold, by offices too, of what can be sold; what is promised is not sold (R0.12)."""
    can_be_sold = max(0, performance.capacity - performance.blocked)
    return Share(performance.sums.tickets + performance.reported_sold, can_be_sold)


@dataclass(frozen=True, slots=True)
class ByPerformance:
    """Every performance, also those that have sold nothing."""

    title: Word = Word.BY_PERFORMANCE

    def columns(self, interval: Interval, *, for_promoter: bool) -> tuple[ReportColumn, ...]:
        """Title, start, hall, tickets, money, occupancy."""
        return (*SHOW_COLUMNS, ReportColumn(Word.HALL), *TICKET_COLUMNS, *MONEY_COLUMNS, _OCCUPANCY)

    async def told(self, asked: HouseQuestion) -> Told:
        """Of one house."""
        found, halls = await asked.performances(), await asked.names.halls(asked.sight.house_id)

        def cells(one: PerformanceFigures) -> ReportRow:
            hall = halls.get(one.hall_id, one.hall_id)
            sums = (*ticket_cells(one.sums), *money_cells(one.sums, one.currency))
            return (*show_cells(one, asked.zone), hall, *sums, occupancy(one))

        def total(sums: Sums, currency: str) -> ReportRow:
            return (None, None, None, *ticket_cells(sums), *money_cells(sums, currency), _whole_occupancy(found))

        rows, labels = as_sums(found), {one.performance_id: show_label(one, asked.zone) for one in found}
        charts = revenue_bars(rows, lambda row: labels[row.values[0]])
        return Told(rows_of([cells(one) for one in found]), totals_of(rows, total), charts)


@dataclass(frozen=True, slots=True)
class Occupancy:
    """How full, and where the other seats are."""

    title: Word = Word.OCCUPANCY_REPORT

    def columns(self, interval: Interval, *, for_promoter: bool) -> tuple[ReportColumn, ...]:
        """Title, start, counts of seats, occupancy."""
        return (*SHOW_COLUMNS, *(ReportColumn(word, CellKind.NUMBER) for word in _COUNTS), _OCCUPANCY)

    async def told(self, asked: HouseQuestion) -> Told:
        """Of one house."""
        found = await asked.performances()
        rows = [(*show_cells(one, asked.zone), *_counts(one), occupancy(one)) for one in found]
        sums = [sum(counts) for counts in zip(*(_counts(one) for one in found), strict=True)]
        totals = [ReportTotal((None, None, *sums, _whole_occupancy(found)))] if found else []
        fullest = sorted(found, key=lambda one: occupancy(one).ratio or 0.0, reverse=True)[:_BARS]
        values = tuple(round((occupancy(one).ratio or 0.0) * _HUNDREDTHS) for one in fullest)
        labels = tuple(show_label(one, asked.zone) for one in fullest)
        series = (ReportSeries(Word.OCCUPANCY, values),)
        chart = ReportChart(ChartKind.BARS, Word.OCCUPANCY, labels, series, AxisKind.PERCENT)
        return Told(rows_of(rows), totals, [chart] if len(fullest) > 1 else [])


@dataclass(frozen=True, slots=True)
class Refunds:
    """Performances of which tickets or money came back."""

    title: Word = Word.REFUNDS

    def columns(self, interval: Interval, *, for_promoter: bool) -> tuple[ReportColumn, ...]:
        """Title, start, tickets, money, how much of what was sold came back."""
        return (*SHOW_COLUMNS, *TICKET_COLUMNS, *MONEY_COLUMNS, ReportColumn(Word.SHARE_BACK, CellKind.PERCENT))

    async def told(self, asked: HouseQuestion) -> Told:
        """Of one house."""
        found = [one for one in await asked.performances() if one.sums.tickets_back or one.sums.back_minor]

        def cells(sums: Sums, currency: str) -> tuple[ReportCell, ...]:
            return (*ticket_cells(sums), *money_cells(sums, currency), Share(sums.back_minor, sums.sold_minor))

        def total(sums: Sums, currency: str) -> ReportRow:
            return (None, None, *cells(sums, currency))

        rows = [(*show_cells(one, asked.zone), *cells(one.sums, one.currency)) for one in found]
        return Told(rows_of(rows), totals_of(as_sums(found), total))


def as_sums(found: Sequence[PerformanceFigures]) -> list[SumRow]:
    """As rows of sums by performance; one that has sold nothing may have no currency yet."""
    return [SumRow((one.performance_id,), one.currency, one.sums) for one in found if one.currency]


def _counts(one: PerformanceFigures) -> tuple[int, ...]:
    return (
        one.capacity, one.sums.tickets, one.reported_sold, one.reserved, one.allotted, one.held, one.blocked, one.free,
    )  # fmt: skip


def _whole_occupancy(found: Sequence[PerformanceFigures]) -> Share:
    """Of performances that take place."""
    shares = [occupancy(one) for one in found if not one.is_cancelled]
    return Share(sum(share.part for share in shares), sum(share.whole for share in shares))


def show_label(one: PerformanceFigures, zone: str) -> ShowLabel:
    """Of a chart."""
    return ShowLabel(*show_cells(one, zone))
