"""One house's part of a question: what may be seen, what is asked for, and the figures to ask."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from services.contracts.prices import RECETTE
from services.reporting.domain.report_kinds import Interval
from services.reporting.ports.figures import Dimension, Figures, Narrowing, PerformanceFigures, Sight, SumRow, Sums
from services.reporting.ports.names import Names

_RECETTE: Final = frozenset(kind.value for kind in RECETTE)


@dataclass(frozen=True, slots=True)
class HouseQuestion:
    """Asked of one house. `for_promoter`: money is the performance's own, base and surcharge; nobody is named."""

    figures: Figures
    names: Names
    sight: Sight
    narrowing: Narrowing
    zone: str
    now_ms: int
    interval: Interval = Interval.DAY
    for_promoter: bool = False

    async def sums(self, *by: Dimension, narrowing: Narrowing | None = None) -> Sequence[SumRow]:
        """As Figures.sums, in what money the asker may see (services.contracts.prices.RECETTE)."""
        asked = narrowing or self.narrowing
        if not self.for_promoter:
            return await self.figures.sums(self.sight, asked, by)
        if Dimension.COMPONENT in by:
            place = by.index(Dimension.COMPONENT)
            return [row for row in await self.figures.sums(self.sight, asked, by) if row.values[place] in _RECETTE]
        whole = await self.figures.sums(self.sight, asked, by)
        parts = await self.figures.sums(self.sight, asked, (*by, Dimension.COMPONENT))
        return own_money(whole, parts)

    async def performances(self) -> Sequence[PerformanceFigures]:
        """As Figures.performances, with the sums of `sums`."""
        found = await self.figures.performances(self.sight, self.narrowing)
        if not self.for_promoter:
            return found
        own = {(row.values[0], row.currency): row.sums for row in await self.sums(Dimension.PERFORMANCE)}
        return [replace(one, sums=own.get((one.performance_id, one.currency), Sums())) for one in found]


def own_money(whole: Sequence[SumRow], parts: Sequence[SumRow]) -> list[SumRow]:
    """The tickets of `whole` with the money of those `parts`, told apart by component last, that are the recette's."""
    money: dict[tuple[tuple[str, ...], str], list[Sums]] = defaultdict(list)
    for row in parts:
        if row.values[-1] in _RECETTE:
            money[row.values[:-1], row.currency].append(row.sums)
    return [
        replace(
            row,
            sums=replace(
                added(money[row.values, row.currency]),
                tickets_sold=row.sums.tickets_sold,
                tickets_back=row.sums.tickets_back,
            ),
        )
        for row in whole
    ]


def added(sums: Sequence[Sums]) -> Sums:
    """All of them together."""
    return Sums(
        tickets_sold=sum(one.tickets_sold for one in sums),
        tickets_back=sum(one.tickets_back for one in sums),
        sold_minor=sum(one.sold_minor for one in sums),
        back_minor=sum(one.back_minor for one in sums),
        vat_minor=sum(one.vat_minor for one in sums),
        discount_minor=sum(one.discount_minor for one in sums),
    )
