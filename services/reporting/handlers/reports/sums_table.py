"""Tables of sums: what their columns are, their totals by currency, and their charts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from services.paper.tables import Amount, AxisKind, Cell, CellKind, ChartKind, Share
from services.reporting.domain.report import ReportCell, ReportChart, ReportColumn, ReportSeries, ReportTotal, ShowLabel
from services.reporting.domain.report_words import Word
from services.reporting.handlers.reports.asked import added
from services.reporting.ports.figures import SumRow, Sums

TICKET_COLUMNS: Final = (
    ReportColumn(Word.TICKETS_SOLD, CellKind.NUMBER),
    ReportColumn(Word.TICKETS_BACK, CellKind.NUMBER),
    ReportColumn(Word.TICKETS, CellKind.NUMBER),
)
MONEY_COLUMNS: Final = (
    ReportColumn(Word.SOLD, CellKind.MONEY),
    ReportColumn(Word.REFUNDED, CellKind.MONEY),
    ReportColumn(Word.REVENUE, CellKind.MONEY),
    ReportColumn(Word.VAT, CellKind.MONEY),
)
SHARE_COLUMN: Final = ReportColumn(Word.SHARE, CellKind.PERCENT)
# Bars that a chart has room for.
_BARS: Final = 20


def ticket_cells(sums: Sums) -> tuple[Cell, ...]:
    """Of TICKET_COLUMNS."""
    return (sums.tickets_sold, sums.tickets_back, sums.tickets)


def money_cells(sums: Sums, currency: str) -> tuple[Cell, ...]:
    """Of MONEY_COLUMNS."""
    amounts = (sums.sold_minor, sums.back_minor, sums.revenue_minor, sums.vat_minor)
    return tuple(Amount(amount, currency) for amount in amounts)


def by_currency(rows: Sequence[SumRow]) -> dict[str, Sums]:
    """What all rows of a currency come to; in order of the currency."""
    currencies = sorted({row.currency for row in rows})
    return {currency: added([row.sums for row in rows if row.currency == currency]) for currency in currencies}


def totals_of(rows: Sequence[SumRow], cells: Callable[[Sums, str], Sequence[ReportCell]]) -> list[ReportTotal]:
    """A row for each currency; its name is told where there are several. No rows: no totals."""
    whole = by_currency(rows)
    return [ReportTotal(cells(sums, currency), currency if len(whole) > 1 else "") for currency, sums in whole.items()]


def share_of(sums: Sums, whole: Sums) -> Share:
    """Of the revenue."""
    return Share(sums.revenue_minor, whole.revenue_minor)


def revenue_bars(rows: Sequence[SumRow], label: Callable[[SumRow], ReportCell | ShowLabel]) -> list[ReportChart]:
    """The largest first, a chart for each currency; tickets where there is no money."""
    charts = []
    for currency in sorted({row.currency for row in rows}):
        of_currency = [row for row in rows if row.currency == currency]
        has_money = any(row.sums.revenue_minor for row in of_currency)

        def value(row: SumRow, *, money: bool = has_money) -> int:
            return row.sums.revenue_minor if money else row.sums.tickets

        largest = sorted(of_currency, key=value, reverse=True)[:_BARS]
        # One bar compares nothing.
        if len(largest) < 2:
            continue
        word = Word.REVENUE if has_money else Word.TICKETS
        charts.append(
            ReportChart(
                ChartKind.BARS,
                word,
                tuple(label(row) for row in largest),
                (ReportSeries(word, tuple(value(row) for row in largest)),),
                AxisKind.MONEY if has_money else AxisKind.NUMBER,
                currency,
            )
        )
    return charts
