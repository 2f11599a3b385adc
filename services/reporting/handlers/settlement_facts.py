"""Gathers what a settlement follows from: figures of the read models, and what neighbours tell at that moment."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from services.contracts.bounds import NORMAL_TICKET_TYPE
from services.contracts.prices import Component, ComponentKind, vat_of
from services.reporting.domain.settlement_document import SettlementHead
from services.reporting.domain.settlement_obstacles import UnderWay, over_at_ms
from services.reporting.domain.settlement_sales import (
    Amount,
    OfficeCount,
    Sales,
    Seller,
    SoldLine,
    summed,
)
from services.reporting.ports.figures import AllotmentFigures, Dimension, Figures, Narrowing, Sight, SumRow
from services.reporting.ports.shows import OrdersSeen, ReportedSales, Show, Shows
from services.runtime.errors import Refusal

_SORTS: Final = (Dimension.CATEGORY, Dimension.KIND, Dimension.TICKET_TYPE, Dimension.DISCOUNT, Dimension.OFFICE)
_PARTS: Final = (*_SORTS, Dimension.COMPONENT, Dimension.VAT_CLASS, Dimension.VAT_RATE)
_COMPONENTS: Final = {kind.value: kind for kind in ComponentKind}


@dataclass(frozen=True, slots=True)
class Gathered:
    """Everything but the deal. `over_ms` None: it was cancelled."""

    head: SettlementHead
    sales: Sales
    under_way: UnderWay
    over_ms: int | None


class SettlementFacts:
    """Asks every time: nothing of it is kept but in a settlement."""

    def __init__(self, figures: Figures, shows: Shows) -> None:
        self._figures = figures
        self._shows = shows

    async def gather(self, house_id: str, performance_id: str) -> Gathered | Refusal:
        """Refusals: PerformanceNotFound. Raises NeighbourSilent, StoreUnavailable."""
        show = await self._shows.show(house_id, performance_id)
        if isinstance(show, Refusal):
            return show
        # Asked first: an order that ends between the two is in the figures as well, or in the way. The events of what
        # has ended may still be on their way here, for hours where somebody has paused them: figures must be the same.
        orders = await self._shows.orders(house_id, performance_id)
        sight, narrowing = Sight(house_id, whole_house=True), Narrowing(performance_ids=frozenset({performance_id}))
        found, allotments, tickets, parts = await asyncio.gather(
            self._figures.performances(sight, narrowing),
            self._figures.allotments(sight, narrowing),
            self._figures.sums(sight, narrowing, _SORTS),
            self._figures.sums(sight, narrowing, _PARTS),
        )
        reporting = [one.allotment_id for one in allotments if one.reported_sold]
        reported = await self._shows.reported(show, reporting) if reporting else ()
        own, are_behind = _own_lines(tickets, parts)
        lines = [*own, *_office_lines(show, reported)]
        sales = Sales(
            currency=next((row.currency for row in tickets), found[0].currency if found else ""),
            lines=tuple(sorted(lines, key=lambda line: line.key)),
            offices=tuple(map(_count, allotments)),
            tickets_back=sum(row.sums.tickets_back for row in tickets),
            back_minor=sum(row.sums.back_minor for row in tickets),
        )
        under_way = UnderWay(
            held=found[0].held if found else 0,
            reserved=found[0].reserved if found else 0,
            orders=orders.under_way,
            is_behind=are_behind or not found or _differ(allotments, reported) or _miss(tickets, orders),
        )
        offices, discounts = await self._shows.names(
            house_id,
            {line.office_id for line in lines if line.office_id}
            | {one.office_id for one in allotments if one.office_id},
            {line.discount_id for line in lines if line.discount_id},
        )
        over_ms = None if show.is_cancelled else over_at_ms(show.time_zone, show.starts_at_ms, show.ends_at_ms)
        return Gathered(_head(show, offices, discounts), sales, under_way, over_ms)

    async def changed(self, house_id: str, marks: Mapping[str, tuple[int, int, int]]) -> set[str]:
        """Of these performances, those whose tickets, money or reports are others than the marks say."""
        if not marks:
            return set()
        sight, narrowing = Sight(house_id, whole_house=True), Narrowing(performance_ids=frozenset(marks))
        sums, found = await asyncio.gather(
            self._figures.sums(sight, narrowing, [Dimension.PERFORMANCE]),
            self._figures.allotments(sight, narrowing),
        )
        sold = {row.values[0]: (row.sums.tickets, row.sums.revenue_minor) for row in sums}
        reported: defaultdict[str, int] = defaultdict(int)
        for one in found:
            reported[one.performance_id] += one.reported_sold
        return {each for each, mark in marks.items() if (*sold.get(each, (0, 0)), reported[each]) != mark}


def _own_lines(tickets: Sequence[SumRow], parts: Sequence[SumRow]) -> tuple[list[SoldLine], bool]:
    """Our own sales; and whether tickets and money were read at moments that differ."""
    money: defaultdict[tuple[str, ...], list[Amount]] = defaultdict(list)
    for row in parts:
        component, vat_class, rate = row.values[len(_SORTS) :]
        # Sales from before parts were kept are all base.
        kind = _COMPONENTS.get(component, ComponentKind.BASE)
        amount = Amount(kind, vat_class, int(rate or 0), row.sums.revenue_minor, row.sums.vat_minor)
        money[row.values[: len(_SORTS)]].append(amount)
    lines, are_behind = [], False
    for row in tickets:
        category, kind_name, ticket_type, discount_id, office_id = row.values
        amounts = tuple(one for one in summed(money.pop(row.values, [])) if one.gross_minor or one.vat_minor)
        are_behind |= sum(one.gross_minor for one in amounts) != row.sums.revenue_minor
        if row.sums.tickets or amounts:
            sort = (category, kind_name or "normal", ticket_type, discount_id, office_id)
            lines.append(SoldLine(Seller.HOUSE, *sort, row.sums.tickets, amounts))
    return lines, are_behind or bool(money)


def _office_lines(show: Show, reported: Sequence[ReportedSales]) -> list[SoldLine]:
    """What offices reported, at the normal price of each seat's category (R1.3); each ticket's tax as any line's."""
    counts: defaultdict[tuple[str, str], int] = defaultdict(int)
    for one in reported:
        for category, count in one.sold_by_category.items():
            counts[one.office_id, category] += count
    lines = []
    for (office_id, category), count in counts.items():
        components = show.prices.get((category, NORMAL_TICKET_TYPE), ())
        amounts = summed(_amounts(components, count, show))
        sort = (category, "normal", NORMAL_TICKET_TYPE, "", office_id)
        lines.append(SoldLine(Seller.OFFICE, *sort, count, tuple(amounts)))
    return lines


def _amounts(components: Sequence[Component], count: int, show: Show) -> list[Amount]:
    taxes = vat_of([components], show.vat_rounding)[0]
    return [
        Amount(one.kind, one.vat_class, one.rate_basis_points, one.amount_minor * count, tax * count)
        for one, tax in zip(components, taxes, strict=True)
    ]


def _differ(allotments: Sequence[AllotmentFigures], reported: Sequence[ReportedSales]) -> bool:
    told = {one.allotment_id: sum(one.sold_by_category.values()) for one in reported}
    return any(told.get(one.allotment_id, 0) != one.reported_sold for one in allotments)


def _miss(tickets: Sequence[SumRow], orders: OrdersSeen) -> bool:
    """Whether our own sales are others here than orders has them."""
    left_minor = sum(row.sums.revenue_minor for row in tickets)
    return sum(row.sums.tickets for row in tickets) != orders.tickets or orders.left_minor not in {None, left_minor}


def _count(one: AllotmentFigures) -> OfficeCount:
    return OfficeCount(
        one.allotment_id, one.office_id, one.handed_out, one.reported_sold, one.returned, one.open, one.is_closed
    )


def _head(show: Show, offices: dict[str, str], discounts: dict[str, str]) -> SettlementHead:
    return SettlementHead(
        house_id=show.house_id,
        house_name=show.house_name,
        time_zone=show.time_zone,
        performance_id=show.performance_id,
        production_id=show.production_id,
        title=show.title,
        subtitle=show.subtitle,
        hall=show.hall,
        hall_address=show.hall_address,
        starts_at_ms=show.starts_at_ms,
        capacity=show.capacity,
        office_names=offices,
        discount_names=discounts,
    )
