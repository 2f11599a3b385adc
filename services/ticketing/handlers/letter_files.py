"""The files that go with every letter that has tickets or dates: the e-tickets, and the entries for a calendar."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from services.runtime.errors import FieldInvalid
from services.ticketing.domain.delivery import OF_REQUESTS, DeliveryKind
from services.ticketing.handlers.paper_styles import stock_of
from services.ticketing.letters.calendar_file import CANCEL_TYPE, CONTENT_TYPE, is_cancel
from services.ticketing.paper.shipped_stocks import DEFAULT_STOCK
from services.ticketing.paper.stock import Stock
from services.ticketing.ports.enclosures import Plan, SheetToDraw
from services.ticketing.ports.paper import CalendarSheet, TicketsSheet

# Whoever has given something away may have other tickets for the same evening.
_WITHOUT_DATES: Final = OF_REQUESTS | {DeliveryKind.PASSED_ON}
# A house that has a stock of this name has its e-tickets on it.
E_TICKET_STOCK: Final = "e-ticket"


class TicketFile:
    """See Enclosure: one PDF with all tickets of the letter."""

    async def enclosed(self, plan: Plan) -> Sequence[SheetToDraw]:
        """See Enclosure.enclosed."""
        if not plan.tickets:
            return ()
        stock = stock_of(plan.own, E_TICKET_STOCK)
        if isinstance(stock, FieldInvalid):
            stock = stock_of(plan.own, DEFAULT_STOCK)
        assert isinstance(stock, Stock), "this stock comes with Balcon"
        sheet = TicketsSheet(plan.style, stock, plan.tickets)
        return (SheetToDraw(f"tickets-{plan.letter.order_number}.pdf", "application/pdf", sheet),)


class CalendarFile:
    """See Enclosure: the performances of the letter."""

    async def enclosed(self, plan: Plan) -> Sequence[SheetToDraw]:
        """See Enclosure.enclosed."""
        if plan.delivery.occasion.kind in _WITHOUT_DATES:
            return ()
        kind = CANCEL_TYPE if is_cancel(plan.letter) else CONTENT_TYPE
        name = f"{plan.letter.order_number}.ics"
        return (SheetToDraw(name, kind, CalendarSheet(plan.style, plan.letter)),)
