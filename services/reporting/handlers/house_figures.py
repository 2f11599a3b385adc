"""The part of a dashboard that one house has: a few questions to its read models, however long its programme is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from services.contracts.channels import Channel
from services.contracts.house_time import day_begins_ms, local_of
from services.contracts.prices import Component, ComponentKind, recette
from services.reporting.domain.dashboard import (
    Average,
    HouseFigures,
    PerformanceRow,
    Revenue,
    Seats,
    Sold,
    added,
    averaged,
    first_day_needed,
    line_of,
    monday_of,
)
from services.reporting.domain.dashboard_question import Days, Question
from services.reporting.domain.own_dashboard import Granted
from services.reporting.ports.figures import Dimension, Figures, Narrowing, PerformanceFigures, Sight, SumRow

_COMPONENTS = {kind.value: kind for kind in ComponentKind}
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class HousePart:
    """`granted`: what a choice is held against; it knows nothing of what is not granted."""

    figures: HouseFigures
    granted: Granted


@dataclass(frozen=True, slots=True)
class _Asked:
    """One house's figures, and what is asked of them."""

    figures: Figures
    sight: Sight
    zone: str
    today: date

    async def sums(self, narrowing: Narrowing, *by: Dimension) -> Sequence[SumRow]:
        return await self.figures.sums(self.sight, narrowing, by)

    def moved_on(self, narrowing: Narrowing, days: Days) -> Narrowing:
        """Movements of these days, as the house counts them."""
        return replace(
            narrowing,
            moved_from_ms=None if days.first is None else day_begins_ms(self.zone, days.first),
            moved_until_ms=None if days.last is None else day_begins_ms(self.zone, days.last + _DAY),
        )


async def house_part(figures: Figures, sight: Sight, question: Question, now_ms: int) -> HousePart:
    """What is seen of the house at this moment. All days are the house's own."""
    zone = await figures.zone_of(sight.house_id)
    asked = _Asked(figures, sight, zone, local_of(zone, now_ms).date())
    seen = await figures.performances(sight, Narrowing())
    granted = Granted(
        sight.house_id,
        sight.whole_house,
        sight.production_ids | {one.production_id for one in seen},
        sight.performance_ids | {one.performance_id for one in seen},
    )
    shown = [one for one in seen if _is_asked_for(one, question, zone)]
    if not shown:
        empty = HouseFigures(sight.house_id, zone, asked.today, in_days=_nothing_in(question))
        return HousePart(empty, granted)
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
    lately = asked.moved_on(narrowing, Days(first_day_needed(asked.today), asked.today))
    by_day = await asked.sums(lately, Dimension.PERFORMANCE, Dimension.DAY)
    this_week = asked.moved_on(narrowing, Days(min(monday_of(asked.today), asked.today - _DAY), asked.today))
    recettes_by_day = _recettes(await asked.sums(this_week, Dimension.DAY, Dimension.COMPONENT))
    money = await asked.sums(narrowing, Dimension.PERFORMANCE, Dimension.COMPONENT)
    sorts = await asked.sums(narrowing, Dimension.TICKET_TYPE, Dimension.CHANNEL)
    in_days = None if question.sold_on.is_every_day else await _sold_on(asked, narrowing, question.sold_on)

    tickets, sold_lately = _tickets_by_day(by_day)
    recettes = _recettes(money)
    sold_before = {one.performance_id: one.sums.tickets_sold > sold_lately.get(one.performance_id, 0) for one in shown}
    rows = [
        _row(
            one,
            asked.today,
            tickets.get(one.performance_id, {}),
            recettes.get((one.performance_id, one.currency), 0),
            sold_before=sold_before[one.performance_id],
            in_days=None if in_days is None else in_days.get(one.performance_id, Sold()),
        )
        for one in shown
    ]
    of_house = _added_days(tickets.values())
    return HouseFigures(
        house_id=asked.sight.house_id,
        zone=asked.zone,
        today=asked.today,
        rows=rows,
        line=_line(of_house, by_day, recettes_by_day),
        average=averaged(of_house, asked.today, sold_before=any(sold_before.values())),
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


def _nothing_in(question: Question) -> Sold | None:
    return None if question.sold_on.is_every_day else Sold()


def _tickets_by_day(rows: Iterable[SumRow]) -> tuple[Mapping[str, Mapping[date, int]], Mapping[str, int]]:
    """By performance and day what is left; and by performance how many were sold at all."""
    left: dict[str, dict[date, int]] = {}
    sold: defaultdict[str, int] = defaultdict(int)
    days: dict[str, date] = {}
    for row in rows:
        performance_id, text = row.values
        day = days.get(text)
        if day is None:
            day = days[text] = date.fromisoformat(text)
        of_performance = left.setdefault(performance_id, {})
        of_performance[day] = of_performance.get(day, 0) + row.sums.tickets
        sold[performance_id] += row.sums.tickets_sold
    return left, sold


def _added_days(parts: Iterable[Mapping[date, int]]) -> Mapping[date, int]:
    found: dict[date, int] = {}
    for part in parts:
        for day, tickets in part.items():
            found[day] = found.get(day, 0) + tickets
    return found


def _recettes(rows: Iterable[SumRow]) -> Mapping[tuple[str, str], int]:
    """By the first value and the currency; the second value is the component."""
    found: defaultdict[tuple[str, str], int] = defaultdict(int)
    for row in rows:
        found[row.values[0], row.currency] += _recette(row)
    return found


def _recette(row: SumRow) -> int:
    """What of the row counts as revenue of the performance (R0.13)."""
    kind = _COMPONENTS.get(row.values[1])
    return 0 if kind is None else recette((Component(kind, row.sums.revenue_minor),))


def _line(
    tickets: Mapping[date, int], rows: Iterable[SumRow], recettes: Mapping[tuple[str, str], int]
) -> Mapping[date, Sold]:
    """Recette is told of the days of this week and of yesterday: over time the read models tell what was charged."""
    charged = defaultdict[tuple[str, str], int](int)
    for row in rows:
        charged[row.values[1], row.currency] += row.sums.revenue_minor
    revenues: defaultdict[str, dict[str, Revenue]] = defaultdict(dict)
    for (text, currency), amount in sorted(charged.items()):
        revenues[text][currency] = Revenue(recettes.get((text, currency), 0), amount)
    return {
        date.fromisoformat(text): Sold(tickets[date.fromisoformat(text)], found) for text, found in revenues.items()
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
    today: date,
    by_day: Mapping[date, int],
    recette_minor: int,
    *,
    sold_before: bool,
    in_days: Sold | None,
) -> PerformanceRow:
    monday = monday_of(today)
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
        line=tuple(by_day.get(day, 0) for day in line_of(today)),
        this_week=sum(tickets for day, tickets in by_day.items() if monday <= day <= today),
        average=averaged(by_day, today, sold_before=sold_before) if by_day or sold_before else Average(),
        updated_at_ms=one.updated_at_ms,
        in_days=in_days,
    )
