"""Sales told apart by one or two things: venue, category, kind, channel, component, VAT, seller, free tickets."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from services.paper.tables import Amount, CellKind
from services.reporting.domain.report import ReportCell, ReportColumn, ReportRow, Told, rows_of
from services.reporting.domain.report_kinds import Interval
from services.reporting.domain.report_words import Word
from services.reporting.handlers.reports.asked import HouseQuestion, added
from services.reporting.handlers.reports.dimensions import COLUMNS, told
from services.reporting.handlers.reports.sums_table import (
    MONEY_COLUMNS,
    SHARE_COLUMN,
    TICKET_COLUMNS,
    by_currency,
    money_cells,
    revenue_bars,
    share_of,
    ticket_cells,
    totals_of,
)
from services.reporting.ports.figures import Dimension, SumRow, Sums
from services.runtime.principal import PrincipalKind

# Money is told by these, tickets are not.
_OF_MONEY: Final = frozenset({Dimension.COMPONENT, Dimension.VAT_CLASS, Dimension.VAT_RATE})
# A person of the house's, or a reseller of it.
_OF_PEOPLE: Final = frozenset({Dimension.SELLER})


@dataclass(frozen=True, slots=True)
class Breakdown:
    """A report of sums by `by`; the first of them names the bars of its chart."""

    title: Word
    by: tuple[Dimension, ...]

    def columns(self, interval: Interval, *, for_promoter: bool) -> tuple[ReportColumn, ...]:
        """Of promoters' reports, nothing of who sold."""
        by = self._by(for_promoter=for_promoter)
        net = (ReportColumn(Word.NET, CellKind.MONEY),) if Dimension.VAT_RATE in by else ()
        tickets = () if self._is_of_money else TICKET_COLUMNS
        return (*(COLUMNS[one] for one in by), *tickets, *MONEY_COLUMNS, *net, SHARE_COLUMN)

    async def told(self, asked: HouseQuestion) -> Told:
        """Of one house."""
        by = self._by(for_promoter=asked.for_promoter)
        rows, names = _without_buyers(by, await asked.sums(*by)), await self._names(asked)
        whole = by_currency(rows)

        def cells(row: SumRow) -> ReportRow:
            shown = tuple(told(one, value, names) for one, value in zip(by, row.values, strict=True))
            return (*shown, *self._cells(row.sums, row.currency, whole[row.currency]))

        def total(sums: Sums, currency: str) -> ReportRow:
            return (*([None] * len(by)), *self._cells(sums, currency, sums))

        def label(row: SumRow) -> ReportCell:
            return told(by[0], row.values[0], names)

        charts = revenue_bars(rows, label) if len(by) == 1 else []
        return Told(rows_of([cells(row) for row in rows]), totals_of(rows, total), charts)

    @property
    def _is_of_money(self) -> bool:
        return bool(_OF_MONEY & set(self.by))

    def _by(self, *, for_promoter: bool) -> tuple[Dimension, ...]:
        return tuple(one for one in self.by if not (for_promoter and one in _OF_PEOPLE))

    def _cells(self, sums: Sums, currency: str, whole: Sums) -> tuple[ReportCell, ...]:
        tickets = () if self._is_of_money else ticket_cells(sums)
        net = (Amount(sums.revenue_minor - sums.vat_minor, currency),) if Dimension.VAT_RATE in self.by else ()
        return (*tickets, *money_cells(sums, currency), *net, share_of(sums, whole))

    async def _names(self, asked: HouseQuestion) -> Mapping[str, str]:
        return await asked.names.halls(asked.sight.house_id) if Dimension.HALL in self.by else {}


def _without_buyers(by: Sequence[Dimension], rows: Sequence[SumRow]) -> list[SumRow]:
    """Buyers of the shop have sold to themselves: they are one row, and none of them is told."""
    if Dimension.SELLER not in by:
        return list(rows)
    kind, seller = by.index(Dimension.SELLER_KIND), by.index(Dimension.SELLER)
    gathered: dict[tuple[tuple[str, ...], str], list[Sums]] = defaultdict(list)
    for row in rows:
        values = list(row.values)
        if values[kind].upper() == PrincipalKind.BUYER.value:
            values[seller] = ""
        gathered[tuple(values), row.currency].append(row.sums)
    return [SumRow(values, currency, added(sums)) for (values, currency), sums in gathered.items()]


BY_VENUE: Final = Breakdown(Word.BY_VENUE, (Dimension.HALL,))
BY_CATEGORY: Final = Breakdown(Word.BY_CATEGORY, (Dimension.CATEGORY,))
BY_TICKET_KIND: Final = Breakdown(Word.BY_TICKET_KIND, (Dimension.KIND, Dimension.TICKET_TYPE))
BY_CHANNEL: Final = Breakdown(Word.BY_CHANNEL, (Dimension.CHANNEL,))
BY_COMPONENT: Final = Breakdown(Word.BY_COMPONENT, (Dimension.COMPONENT,))
VAT: Final = Breakdown(Word.VAT_REPORT, (Dimension.VAT_CLASS, Dimension.VAT_RATE))
SELLERS: Final = Breakdown(Word.SELLERS, (Dimension.SELLER_KIND, Dimension.SELLER))
