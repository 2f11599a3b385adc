"""Every ticket that was sold, came back, or gave some of its money back: one row each, however many."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final

from services.contracts.house_time import local_of
from services.paper.tables import Amount, CellKind
from services.reporting.domain.report import ReportCell, ReportColumn, ReportRow, Told
from services.reporting.domain.report_kinds import Interval
from services.reporting.domain.report_words import Word
from services.reporting.handlers.reports.asked import HouseQuestion
from services.reporting.handlers.reports.dimensions import told
from services.reporting.handlers.reports.performances import SHOW_COLUMNS, show_cells
from services.reporting.handlers.reports.sums_table import totals_of
from services.reporting.ports.figures import Dimension, Movement, Sums
from services.runtime.principal import PrincipalKind

_SHOWN: Final = (
    *SHOW_COLUMNS,
    ReportColumn(Word.MOVED, CellKind.MOMENT),
    ReportColumn(Word.TICKETS, CellKind.NUMBER),
    ReportColumn(Word.SEAT),
    ReportColumn(Word.CATEGORY),
    ReportColumn(Word.TICKET_KIND),
    ReportColumn(Word.TICKET_TYPE),
    ReportColumn(Word.CHANNEL),
)
# A movement's money is all of its price, which is not a promoter's to see; and nobody is named to one.
_FOR_THE_HOUSE: Final = (
    ReportColumn(Word.AMOUNT, CellKind.MONEY),
    ReportColumn(Word.VAT, CellKind.MONEY),
    ReportColumn(Word.DISCOUNT, CellKind.MONEY),
    ReportColumn(Word.SELLER_KIND),
    ReportColumn(Word.SELLER),
    ReportColumn(Word.ORDER),
    ReportColumn(Word.CUSTOMER),
)


@dataclass(frozen=True, slots=True)
class Movements:
    """Streamed, in the order of time."""

    title: Word = Word.MOVEMENTS

    def columns(self, interval: Interval, *, for_promoter: bool) -> tuple[ReportColumn, ...]:
        """Title, start, when, tickets, seat and sort; for the house money, seller, order and customer."""
        return _SHOWN if for_promoter else (*_SHOWN, *_FOR_THE_HOUSE)

    async def told(self, asked: HouseQuestion) -> Told:
        """Of one house."""
        shows = {one.performance_id: show_cells(one, asked.zone) for one in await asked.performances()}

        def total(sums: Sums, currency: str) -> ReportRow:
            shown = (None, None, None, sums.tickets, None, None, None, None, None)
            if asked.for_promoter:
                return shown
            amounts = (sums.revenue_minor, sums.vat_minor, sums.discount_minor)
            return (*shown, *(Amount(amount, currency) for amount in amounts), None, None, None, None)

        async def rows() -> AsyncIterator[ReportRow]:
            async for one in asked.figures.movements(asked.sight, asked.narrowing):
                show = shows.get(one.performance_id, (one.performance_id, None))
                yield (*show, *_cells(one, asked))

        return Told(rows(), totals_of(await asked.sums(), total))


def _cells(one: Movement, asked: HouseQuestion) -> tuple[ReportCell, ...]:
    shown = (
        local_of(asked.zone, one.at_ms).replace(microsecond=0),
        one.tickets,
        one.seat_id,
        one.category,
        told(Dimension.KIND, one.kind, {}),
        told(Dimension.TICKET_TYPE, one.ticket_type, {}),
        told(Dimension.CHANNEL, one.channel.value, {}),
    )
    if asked.for_promoter:
        return shown
    amounts = (one.amount_minor, one.vat_minor, one.discount_minor)
    return (
        *shown,
        *(Amount(amount, one.currency) for amount in amounts),
        told(Dimension.SELLER_KIND, one.seller_kind, {}),
        # A buyer of the shop is the customer, not who sold it.
        "" if one.seller_kind.upper() == PrincipalKind.BUYER.value else one.seller,
        one.order_id,
        one.customer_id,
    )
