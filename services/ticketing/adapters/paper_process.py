"""The process that draws one document: what stands on it comes in, the document goes out.

It knows no secret, asks nobody, and ends when it is done: a large drawing keeps no loop from its calls.
"""

from __future__ import annotations

import sys
from typing import assert_never

import msgspec

from services.paper.logo import logo_fault
from services.paper.streaming_pdf import ByteSink
from services.ticketing.adapters.written_sheets import read
from services.ticketing.letters.calendar_file import written_calendar
from services.ticketing.letters.order_letter import written_letter
from services.ticketing.paper.delivery_note import delivery_note_csv, write_delivery_note
from services.ticketing.paper.hall_plan import write_hall_plan
from services.ticketing.paper.invoice import write_invoice
from services.ticketing.paper.statement import write_allotment_statement, write_office_statement
from services.ticketing.paper.tickets import write_tickets
from services.ticketing.ports.paper import (
    CalendarSheet,
    InvoiceSheet,
    LetterSheet,
    LogoSheet,
    NoteSheet,
    OfficeSheet,
    PlanSheet,
    Sheet,
    StatementSheet,
    TicketsSheet,
)


def draw(sheet: Sheet, sink: ByteSink) -> None:
    """Writes the document that the sheet is of."""
    match sheet:
        case TicketsSheet(style, stock, tickets):
            write_tickets(sink, style, tickets, stock)
        case NoteSheet(style, note, False):
            write_delivery_note(sink, style, note)
        case NoteSheet(style, note, _):
            sink.write(delivery_note_csv(style, note))
        case PlanSheet(style, plan):
            write_hall_plan(sink, style, plan)
        case StatementSheet(style, statement):
            write_allotment_statement(sink, style, statement)
        case LogoSheet(content):
            sink.write(msgspec.json.encode(logo_fault(content)))
        case OfficeSheet(style, office_statement):
            write_office_statement(sink, style, office_statement)
        case LetterSheet(style, letter):
            sink.write(msgspec.msgpack.encode(written_letter(letter, style)))
        case CalendarSheet(style, letter):
            sink.write(written_calendar(letter, style))
        case InvoiceSheet(style, invoice):
            write_invoice(sink, style, invoice)
        case _:
            assert_never(sheet)


def main() -> None:
    """Reads standard input to its end; standard output is a file."""
    draw(read(sys.stdin.buffer.read()), sys.stdout.buffer)
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
