"""How fast a performance sells, by days before it, beside the same title's earlier performances at that distance."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from services.contracts.house_time import local_of
from services.paper.tables import Amount, CellKind, ChartKind
from services.reporting.domain.report import ReportChart, ReportColumn, ReportRow, ReportSeries, Told, rows_of
from services.reporting.domain.report_kinds import Interval
from services.reporting.domain.report_words import Word
from services.reporting.handlers.reports.asked import HouseQuestion
from services.reporting.handlers.reports.performances import SHOW_COLUMNS, show_cells, show_label
from services.reporting.ports.figures import Dimension, PerformanceFigures, Sums

# Performances that are drawn, each in a chart of its own, and days that such a chart goes back.
_CHARTS: Final = 6
_CHART_DAYS: Final = 180
# Days that are told one by one; of what sold for longer, only those at which it sold.
_EVERY_DAY: Final = 60
Sold = Mapping[int, Sums]


@dataclass(frozen=True, slots=True)
class Pace:
    """Running counts, from the first sale to the day itself or to today."""

    title: Word = Word.PACE

    def columns(self, interval: Interval, *, for_promoter: bool) -> tuple[ReportColumn, ...]:
        """Title, start, days before, that day, so far, earlier ones' average, ahead by."""
        return (
            *SHOW_COLUMNS,
            ReportColumn(Word.DAYS_BEFORE, CellKind.NUMBER),
            ReportColumn(Word.TICKETS, CellKind.NUMBER),
            ReportColumn(Word.TICKETS_SO_FAR, CellKind.NUMBER),
            ReportColumn(Word.REVENUE_SO_FAR, CellKind.MONEY),
            ReportColumn(Word.EARLIER, CellKind.NUMBER),
            ReportColumn(Word.AHEAD, CellKind.NUMBER),
        )

    async def told(self, asked: HouseQuestion) -> Told:
        """Of one house. Earlier ones are those that the asker may see; when they sold is not narrowed."""
        wanted = [one for one in await asked.performances() if one.starts_at_ms]
        titles = frozenset(one.title for one in wanted if one.title)
        likes = replace(
            asked.narrowing,
            performance_ids=frozenset(),
            production_ids=frozenset(),
            hall_ids=frozenset(),
            titles=titles,
            moved_from_ms=None,
            moved_until_ms=None,
            starts_from_ms=None,
            starts_until_ms=None,
        )
        of_title = replace(asked, narrowing=likes)
        every = [one for one in await of_title.performances() if one.starts_at_ms] if titles else []
        sold = await _sold(of_title if titles else asked)
        rows: list[ReportRow] = []
        charts: list[ReportChart] = []
        for one in wanted:
            earlier = [sold.get(other.performance_id, {}) for other in _earlier(one, every)]
            line = _line(one, sold.get(one.performance_id, {}), earlier, asked)
            rows += [row for _, row in line]
            if len(charts) < _CHARTS and len(line) > 1:
                charts.append(_chart(one, line, asked.zone))
        return Told(rows_of(rows), (), charts)


async def _sold(asked: HouseQuestion) -> Mapping[str, Sold]:
    found: dict[str, dict[int, Sums]] = defaultdict(dict)
    for row in await asked.sums(Dimension.PERFORMANCE, Dimension.DAYS_BEFORE):
        # A performance of which nobody has said when it begins has no days before.
        if row.values[1]:
            found[row.values[0]][int(row.values[1])] = row.sums
    return found


def _earlier(one: PerformanceFigures, every: Sequence[PerformanceFigures]) -> list[PerformanceFigures]:
    return [
        other
        for other in every
        if other.title == one.title and other.starts_at_ms < one.starts_at_ms and not other.is_cancelled
    ]


def _line(
    one: PerformanceFigures, sold: Sold, earlier: Sequence[Sold], asked: HouseQuestion
) -> list[tuple[int, ReportRow]]:
    """Rows with their days before, the farthest first."""
    if not sold:
        return []
    show = show_cells(one, asked.zone)
    left = (local_of(asked.zone, one.starts_at_ms).date() - local_of(asked.zone, asked.now_ms).date()).days
    # What moves after the performance counts on its last day.
    nearest, farthest = min(max(left, 0), *sold), max(sold)
    tells_all = farthest - nearest <= _EVERY_DAY
    rows: list[tuple[int, ReportRow]] = []
    tickets = revenue_minor = 0
    averages = _averages(earlier, farthest, nearest)
    for days in range(farthest, nearest - 1, -1):
        that_day = sold.get(days, Sums())
        tickets += that_day.tickets
        revenue_minor += that_day.revenue_minor
        if not (tells_all or days in sold):
            continue
        average = averages[days] if earlier else None
        ahead = None if average is None else tickets - average
        money = Amount(revenue_minor, one.currency) if one.currency else None
        rows.append((days, (*show, days, that_day.tickets, tickets, money, average, ahead)))
    return rows


def _averages(earlier: Sequence[Sold], farthest: int, nearest: int) -> Mapping[int, int]:
    """Tickets so far of the earlier ones together over their number, halves up, by days before."""
    if not earlier:
        return {}
    by_day: dict[int, int] = defaultdict(int)
    for sold in earlier:
        for days, sums in sold.items():
            # What was sold longer before than this one has been on sale counts from its first day.
            by_day[min(days, farthest)] += sums.tickets
    found, running, count = {}, 0, len(earlier)
    for days in range(farthest, nearest - 1, -1):
        running += by_day[days]
        found[days] = (2 * running + count) // (2 * count)
    return found


def _chart(one: PerformanceFigures, line: Sequence[tuple[int, ReportRow]], zone: str) -> ReportChart:
    known = {days: (row[4], row[6]) for days, row in line if days <= line[-1][0] + _CHART_DAYS}
    labels = range(max(known), min(known) - 1, -1)
    now, before = (tuple(_number(known.get(days), place) for days in labels) for place in (0, 1))
    series = [ReportSeries(Word.TICKETS_SO_FAR, _held(now))]
    if any(value is not None for value in before):
        series.append(ReportSeries(Word.EARLIER, _held(before)))
    return ReportChart(ChartKind.LINE, Word.PACE, tuple(labels), tuple(series), about=show_label(one, zone))


def _number(cells: tuple[object, ...] | None, place: int) -> int | None:
    found = cells[place] if cells else None
    return found if isinstance(found, int) else None


def _held(values: Sequence[int | None]) -> tuple[int | None, ...]:
    """A running count stays what it was on days that are not told."""
    held: list[int | None] = []
    for value in values:
        held.append(value if value is not None or not held else held[-1])
    return tuple(held)
