"""Sales along the house's clock: day by day with what it comes to, and by minute, hour, day, week or month."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from services.contracts.house_time import local_of
from services.paper.tables import Amount, AxisKind, CellKind, ChartKind
from services.reporting.domain.report import (
    ReportCell,
    ReportChart,
    ReportColumn,
    ReportRow,
    ReportSeries,
    Told,
    rows_of,
)
from services.reporting.domain.report_kinds import Interval
from services.reporting.domain.report_words import Word
from services.reporting.domain.time_axis import cell_kind, cell_of, point_at, point_of, points
from services.reporting.handlers.reports.asked import HouseQuestion, added
from services.reporting.handlers.reports.sums_table import (
    MONEY_COLUMNS,
    TICKET_COLUMNS,
    money_cells,
    ticket_cells,
    totals_of,
)
from services.reporting.ports.figures import Dimension, Sums

_DIMENSIONS: Final = {
    Interval.MINUTE: Dimension.MINUTE,
    Interval.HOUR: Dimension.HOUR,
    Interval.DAY: Dimension.DAY,
    Interval.WEEK: Dimension.WEEK,
    Interval.MONTH: Dimension.MONTH,
}
# What a chart is drawn by where the report has too many points for one.
_COARSER: Final = (Interval.HOUR, Interval.DAY, Interval.WEEK, Interval.MONTH)
_SO_FAR: Final = (
    ReportColumn(Word.TICKETS_SO_FAR, CellKind.NUMBER),
    ReportColumn(Word.REVENUE_SO_FAR, CellKind.MONEY),
)
Line = list[tuple[datetime, Sums]]


@dataclass(frozen=True, slots=True)
class OverTime:
    """`by_day`: always by day, and with running sums."""

    title: Word
    by_day: bool

    def columns(self, interval: Interval, *, for_promoter: bool) -> tuple[ReportColumn, ...]:
        """The time, tickets, money."""
        interval = self._interval(interval)
        time = ReportColumn(Word[interval.name], cell_kind(interval))
        return (time, *TICKET_COLUMNS, *MONEY_COLUMNS, *(_SO_FAR if self.by_day else ()))

    async def told(self, asked: HouseQuestion) -> Told:
        """Each point between the first and the last, where they are not too many; else those with movements."""
        interval = self._interval(asked.interval)
        found = await asked.sums(_DIMENSIONS[interval])
        rows: list[ReportRow] = []
        charts: list[ReportChart] = []
        for currency in sorted({row.currency for row in found}):
            line = [(point_of(interval, row.values[0]), row.sums) for row in found if row.currency == currency]
            filled = _filled(interval, asked, line)
            rows += self._rows(interval, filled or line, currency)
            charts += self._charts(asked, interval, line, currency)

        def total(sums: Sums, currency: str) -> ReportRow:
            cells = (None, *ticket_cells(sums), *money_cells(sums, currency))
            return (*cells, sums.tickets, Amount(sums.revenue_minor, currency)) if self.by_day else cells

        return Told(rows_of(rows), totals_of(found, total), charts)

    def _interval(self, interval: Interval) -> Interval:
        return Interval.DAY if self.by_day else interval

    def _rows(self, interval: Interval, line: Line, currency: str) -> list[ReportRow]:
        rows: list[ReportRow] = []
        so_far = Sums()
        for point, sums in line:
            so_far = added((so_far, sums))
            cells: tuple[ReportCell, ...] = (
                cell_of(interval, point),
                *ticket_cells(sums),
                *money_cells(sums, currency),
            )
            running = (so_far.tickets, Amount(so_far.revenue_minor, currency)) if self.by_day else ()
            rows.append((*cells, *running))
        return rows

    def _charts(self, asked: HouseQuestion, interval: Interval, line: Line, currency: str) -> list[ReportChart]:
        drawn = _drawable(asked, interval, line)
        if drawn is None:
            return []
        by, filled = drawn
        labels = tuple(cell_of(by, point) for point, _ in filled)
        charts = []
        if self.by_day:
            running, total = [], 0
            for _, sums in filled:
                total += sums.revenue_minor
                running.append(total)
            series = (ReportSeries(Word.REVENUE_SO_FAR, tuple(running)),)
            charts.append(ReportChart(ChartKind.LINE, Word.REVENUE_SO_FAR, labels, series, AxisKind.MONEY, currency))
        else:
            series = (ReportSeries(Word.REVENUE, tuple(sums.revenue_minor for _, sums in filled)),)
            charts.append(ReportChart(ChartKind.COLUMNS, Word.REVENUE, labels, series, AxisKind.MONEY, currency))
        tickets = (ReportSeries(Word.TICKETS, tuple(sums.tickets for _, sums in filled)),)
        return [*charts, ReportChart(ChartKind.COLUMNS, Word.TICKETS, labels, tickets)]


def _filled(interval: Interval, asked: HouseQuestion, line: Line) -> Line | None:
    """With the points at which nothing moved, from where the question begins to where it ends, or to now."""
    first, last = line[0][0], line[-1][0]
    narrowing = asked.narrowing
    if narrowing.moved_from_ms is not None:
        first = min(first, point_at(interval, local_of(asked.zone, narrowing.moved_from_ms)))
    if narrowing.moved_until_ms is not None:
        until_ms = min(narrowing.moved_until_ms - 1, asked.now_ms)
        last = max(last, point_at(interval, local_of(asked.zone, until_ms)))
    every = points(interval, asked.zone, first, last)
    if every is None:
        return None
    known = dict(line)
    # What moved in an hour that the clock never showed would be lost: nothing can, and nothing is.
    return [(point, known.get(point, Sums())) for point in sorted({*every, *known})]


def _drawable(asked: HouseQuestion, interval: Interval, line: Line) -> tuple[Interval, Line] | None:
    """The finest interval at which all points have room."""
    coarser = _COARSER[_COARSER.index(interval) + 1 :] if interval in _COARSER else _COARSER
    for by in (interval, *coarser):
        filled = _filled(by, asked, _gathered(by, line))
        if filled is not None:
            return by, filled
    return None


def _gathered(by: Interval, line: Line) -> Line:
    gathered: dict[datetime, list[Sums]] = {}
    for point, sums in line:
        gathered.setdefault(point_at(by, point), []).append(sums)
    return [(point, added(sums)) for point, sums in gathered.items()]


SALES_OVER_TIME: Final = OverTime(Word.SALES_OVER_TIME, by_day=True)
BY_INTERVAL: Final = OverTime(Word.BY_INTERVAL, by_day=False)
