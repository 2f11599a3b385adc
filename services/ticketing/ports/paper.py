"""Draws documents out of what is written down for them, beside the event loop."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import BinaryIO, Protocol

from services.paper.house_style import HouseStyle
from services.ticketing.letters.facts import OrderLetter
from services.ticketing.paper.documents import AllotmentStatement, DeliveryNote, HallPlan, OfficeStatement, Ticket
from services.ticketing.paper.invoice import InvoicePaper
from services.ticketing.paper.stock import Stock


@dataclass(frozen=True, slots=True)
class TicketsSheet:
    """Tickets on one stock."""

    style: HouseStyle
    stock: Stock
    tickets: tuple[Ticket, ...]


@dataclass(frozen=True, slots=True)
class NoteSheet:
    """A delivery note; `as_list`: the list of seats and codes that goes beside it."""

    style: HouseStyle
    note: DeliveryNote
    as_list: bool = False


@dataclass(frozen=True, slots=True)
class PlanSheet:
    """A hall with an allotment's seats marked."""

    style: HouseStyle
    plan: HallPlan


@dataclass(frozen=True, slots=True)
class StatementSheet:
    """What became of an allotment."""

    style: HouseStyle
    statement: AllotmentStatement


@dataclass(frozen=True, slots=True)
class LogoSheet:
    """No document: what is wrong with a logo, a LogoFault as JSON."""

    content: bytes


@dataclass(frozen=True, slots=True)
class OfficeSheet:
    """What became of all that an office was given."""

    style: HouseStyle
    office_statement: OfficeStatement


@dataclass(frozen=True, slots=True)
class LetterSheet:
    """A letter to a buyer: a services.runtime.mail.letter.LetterText as msgpack."""

    style: HouseStyle
    letter: OrderLetter


@dataclass(frozen=True, slots=True)
class CalendarSheet:
    """The calendar file that goes with it."""

    style: HouseStyle
    letter: OrderLetter


@dataclass(frozen=True, slots=True)
class InvoiceSheet:
    """An invoice, a receipt or a credit note."""

    style: HouseStyle
    invoice: InvoicePaper


Sheet = (
    TicketsSheet
    | NoteSheet
    | PlanSheet
    | StatementSheet
    | OfficeSheet
    | LogoSheet
    | LetterSheet
    | CalendarSheet
    | InvoiceSheet
)


class Paper(Protocol):
    """What stands on a document is written down first, and drawn from that."""

    def written(self, sheet: Sheet) -> bytes:
        """The sheet as it is kept until it is drawn."""
        ...

    def drawn(self, written: bytes) -> AbstractAsyncContextManager[BinaryIO]:
        """The document in a file, at its beginning, gone with the block. Raises services.paper.process.PaperFailed."""
        ...
