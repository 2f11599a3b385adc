"""The part of a dashboard that one house has: a few questions to its read models, however long its programme is."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from services.contracts.channels import Channel
from services.contracts.house_time import day_begins_ms, local_of
from services.contracts.prices import RECETTE
from services.reporting.domain.dashboard import (
    AVERAGE_DAYS,
    LINE_DAYS,
    HouseFigures,
    PerformanceRow,
    Revenue,
    Seats,
    Sold,
    added,
    averaged,
    days_needed,
    monday_of,
)
from services.reporting.domain.dashboard_question import Days, Question
from services.reporting.domain.own_dashboard import Granted
from services.reporting.ports.daily_figures import DailyFigures, DailyRow
from services.reporting.ports.figures import Dimension, Figures, Narrowing, PerformanceFigures, Sight, SumRow

# What counts as revenue of the performance (R0.13), as read models call it.
_RECETTE = frozenset(kind.value for kind in RECETTE)
_DAY = timedelta(days=1)
_NOTHING_LATELY = (0,) * (AVERAGE_DAYS + 1)


@dataclass(frozen=True, slots=True)
class FigureSources:
    """Where figures come from."""

    figures: Figures
    daily: DailyFigures


@dataclass(frozen=True, slots=True)
class HousePart:
    """`granted`: what a choice is held against; it knows nothing of what is not granted."""

    figures: HouseFigures
    granted: Granted


@dataclass(frozen=True, slots=True)
class _Asked:
    """One house's figures, and what is asked of them."""

    sources: FigureSources
    sight: Sight
    zone: str
    today: date

    async def sums(self, narrowing: Narrowing, *by: Dimension) -> Sequence[SumRow]:
        return await self.sources.figures.sums(self.sight, narrowing, by)

    async def daily(self, narrowing: Narrowing) -> Sequence[DailyRow]:
        """Of the days that are needed, as the house counts them: two of them may have 23 and 25 hours."""
        bounds = [day_begins_ms(self.zone, day) for day in (*days_needed(self.today), self.today + _DAY)]
        return await self.sources.daily.daily(self.sight, narrowing, bounds)

    def moved_on(self, narrowing: Narrowing, days: Days) -> Narrowing:
        """Movements of these days, as the house counts them."""
        return replace(
            narrowing,
            moved_from_ms=None if days.first is None else day_begins_ms(self.zone, days.first),
            moved_until_ms=None if days.last is None else day_begins_ms(self.zone, days.last + _DAY),
        )


async def house_part(sources: FigureSources, sight: Sight, question: Question, now_ms: int) -> HousePart:
    """What is seen of the house at this moment. All days are the house's own."""
    zone = await sources.figures.zone_of(sight.house_id)
    asked = _Asked(sources, sight, zone, local_of(zone, now_ms).date())
    seen = await sources.figures.performances(sight, Narrowing())
    granted = Granted(
        sight.house_id,
        sight.whole_house,
        sight.production_ids | {one.production_id for one in seen},
        sight.performance_ids | {one.performance_id for one in seen},
    )
    shown = [one for one in seen if _is_asked_for(one, question, zone)]
    if not shown:
        nothing = None if question.sold_on.is_every_day else Sold()
        return HousePart(HouseFigures(sight.house_id, zone, asked.today, in_days=nothing), granted)
    # Where all is shown, the sight says it already.
    ids = frozenset[str]() if len(shown) == len(seen) else frozenset(one.performance_id for one in shown)
    return HousePart(await _figures_of(asked, shown, Narrowing(performance_ids=ids), question), granted)


def _is_asked_for(one: PerformanceFigures, question: Question, zone: str) -> bool:
    if not question.choice.has(one.house_id, one.production_id, one.performance_id):
        return False
    if question.starts_on.is_every_day:
        return True
    return one.starts_at_ms > 0 and question.starts_on.has(local_of(zone, one.starts_at_ms).date())


async def _figures_of(
    asked: _Asked, shown: Sequence[PerformanceFigures], narrowing: Narrowing, question: Question
) -> HouseFigures:
    daily = await asked.daily(narrowing)
    this_week = asked.moved_on(narrowing, Days(min(monday_of(asked.today), asked.today - _DAY), asked.today))
    recettes_by_day = _recettes(await asked.sums(this_week, Dimension.DAY, Dimension.COMPONENT))
    recettes = _recettes(await asked.sums(narrowing, Dimension.PERFORMANCE, Dimension.COMPONENT))
    sorts = await asked.sums(narrowing, Dimension.TICKET_TYPE, Dimension.CHANNEL)
    in_days = None if question.sold_on.is_every_day else await _sold_on(asked, narrowing, question.sold_on)

    lately = _tickets_lately(daily)
    sold_lately = Counter[str]()
    for of_performance in daily:
        sold_lately[of_performance.performance_id] += of_performance.tickets_sold
    sold_before = {one.performance_id for one in shown if one.sums.tickets_sold > sold_lately[one.performance_id]}
    rows = [
        _row(
            one,
            lately.get(one.performance_id, _NOTHING_LATELY),
            recettes.get((one.performance_id, one.currency), 0),
            days_of_week=asked.today.weekday() + 1,
            sold_before=one.performance_id in sold_before,
            in_days=None if in_days is None else in_days.get(one.performance_id, Sold()),
        )
        for one in shown
    ]
    of_house = [sum(tickets) for tickets in zip(_NOTHING_LATELY, *lately.values(), strict=True)]
    return HouseFigures(
        house_id=asked.sight.house_id,
        zone=asked.zone,
        today=asked.today,
        rows=rows,
        line=_line(asked.today, of_house, daily, recettes_by_day),
        average=averaged(of_house, sold_before=bool(sold_before)),
        ticket_types=_by_value(sorts, 0),
        channels={Channel(name): sold for name, sold in _by_value(sorts, 1).items()},
        in_days=None if in_days is None else added(in_days.values()),
    )


async def _sold_on(asked: _Asked, narrowing: Narrowing, days: Days) -> Mapping[str, Sold]:
    """By performance. Tickets are not told by component, and money is: two questions."""
    moved = asked.moved_on(narrowing, days)
    tickets = await asked.sums(moved, Dimension.PERFORMANCE)
    recettes = _recettes(await asked.sums(moved, Dimension.PERFORMANCE, Dimension.COMPONENT))
    by_performance: defaultdict[str, list[Sold]] = defaultdict(list)
    for row in tickets:
        (performance_id,) = row.values
        revenue = Revenue(recettes.get((performance_id, row.currency), 0), row.sums.revenue_minor)
        by_performance[performance_id].append(Sold(row.sums.tickets, {row.currency: revenue}))
    return {performance_id: added(parts) for performance_id, parts in by_performance.items()}


def _tickets_lately(daily: Iterable[DailyRow]) -> Mapping[str, Sequence[int]]:
    """By performance the tickets of each day that is needed, today last."""
    found: dict[str, list[int]] = {}
    for row in daily:
        of_performance = found.get(row.performance_id)
        if of_performance is None:
            of_performance = found[row.performance_id] = [*_NOTHING_LATELY]
        for place, tickets in zip(row.days, row.tickets, strict=True):
            of_performance[place] += tickets
    return found


def _recettes(rows: Iterable[SumRow]) -> Mapping[tuple[str, str], int]:
    """By the first value and the currency; the second value is the component."""
    found: defaultdict[tuple[str, str], int] = defaultdict(int)
    for row in rows:
        name, component = row.values
        if component in _RECETTE:
            found[name, row.currency] += row.sums.revenue_minor
    return found


def _line(
    today: date, tickets: Sequence[int], daily: Iterable[DailyRow], recettes: Mapping[tuple[str, str], int]
) -> Mapping[date, Sold]:
    """Recette is told of the days of this week and of yesterday: over time the read models tell what was charged."""
    charged: list[defaultdict[str, int]] = [defaultdict(int) for _ in tickets]
    for row in daily:
        for place, amount in zip(row.days, row.revenue_minor, strict=True):
            charged[place][row.currency] += amount
    return {
        day: Sold(
            of_day,
            {
                currency: Revenue(recettes.get((day.isoformat(), currency), 0), amounts[currency])
                for currency in sorted(amounts)
            },
        )
        for day, of_day, amounts in zip(days_needed(today), tickets, charged, strict=True)
    }


def _by_value(rows: Iterable[SumRow], place: int) -> Mapping[str, Sold]:
    """By one of the values. Of money what was charged is told: of what, no row says."""
    parts: defaultdict[str, list[Sold]] = defaultdict(list)
    for row in rows:
        revenue = Revenue(charged_minor=row.sums.revenue_minor)
        parts[row.values[place]].append(Sold(row.sums.tickets, {row.currency: revenue}))
    return {name: added(of_name) for name, of_name in parts.items()}


def _row(
    one: PerformanceFigures,
    lately: Sequence[int],
    recette_minor: int,
    *,
    days_of_week: int,
    sold_before: bool,
    in_days: Sold | None,
) -> PerformanceRow:
    return PerformanceRow(
        house_id=one.house_id,
        performance_id=one.performance_id,
        production_id=one.production_id,
        title=one.title,
        hall_id=one.hall_id,
        starts_at_ms=one.starts_at_ms,
        is_cancelled=one.is_cancelled,
        currency=one.currency,
        seats=Seats(
            capacity=one.capacity,
            blocked=one.blocked,
            free=one.free,
            held=one.held,
            reserved=one.reserved,
            allotted=one.allotted,
            reported_sold=one.reported_sold,
            sold=one.sums.tickets,
        ),
        revenue=Revenue(recette_minor, one.sums.revenue_minor),
        line=tuple(lately[-LINE_DAYS:]),
        this_week=sum(lately[-days_of_week:]),
        average=averaged(lately, sold_before=sold_before),
        updated_at_ms=one.updated_at_ms,
        in_days=in_days,
    )
