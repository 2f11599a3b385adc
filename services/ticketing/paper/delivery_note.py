"""The delivery note that goes with an allotment's tickets (R1.13), and its CSV for machines."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from services.contracts.house_time import local_of
from services.contracts.money import decimal_text
from services.paper.flow import Column, Flow, write_document
from services.paper.house_style import HouseStyle
from services.paper.localised import money_text, number_text, short_moment_text, weekday_moment_text
from services.paper.streaming_pdf import ByteSink
from services.paper.surface import Ink
from services.ticketing.paper.documents import DeliveredSeat, DeliveryNote, Reservation
from services.ticketing.paper.seat_ranges import rows_of
from services.ticketing.paper.spoken import DOCUMENT_WORDS, TICKET_WORDS, ticket_type_text

# In this order for good: other people's programs read it.
CSV_COLUMNS = (
    "delivery_note", "allotment", "title", "starts_at", "hall", "zone", "row", "seat", "category", "ticket_type",
    "price", "currency", "code",
)  # fmt: skip
# What makes a spreadsheet take a cell for a formula.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def write_delivery_note(sink: ByteSink, style: HouseStyle, note: DeliveryNote) -> None:
    """Writes the PDF, of any number of seats."""
    writer = _Writer(style, note)
    write_document(sink, style, DOCUMENT_WORDS[style.language].delivery_note, note.number, writer.compose)


def delivery_note_csv(style: HouseStyle, note: DeliveryNote) -> bytes:
    """Seats and codes for machines: RFC 4180 in UTF-8, one line a seat, in the order of the note.

    A cell that a spreadsheet would run as a formula begins with an apostrophe.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(CSV_COLUMNS)
    performance = note.performance
    starts_at = local_of(style.time_zone, performance.starts_at_ms).isoformat(timespec="minutes")
    shared = (note.number, note.reservation.allotment_number, performance.title, starts_at, performance.hall)
    for seat in note.seats:
        place, price = seat.place, seat.price_minor
        amount = "" if price is None else decimal_text(price, style.currency).replace(",", "")
        cells = (
            *shared, place.zone, place.row, place.seat, seat.category, seat.ticket_type, amount, style.currency,
            seat.code,
        )  # fmt: skip
        writer.writerow([f"'{cell}" if cell.startswith(_FORMULA_STARTS) else cell for cell in cells])
    return text.getvalue().encode()


def reservation_facts(style: HouseStyle, reservation: Reservation) -> list[tuple[str, str]]:
    """What every paper of an allotment tells of it."""
    words = DOCUMENT_WORDS[style.language]
    due = reservation.return_due_at_ms
    return [
        (words.allotment, reservation.allotment_number),
        (words.kind, words.kinds[reservation.kind]),
        (words.made, short_moment_text(reservation.made_at_ms, style.time_zone, style.language)),
        (words.return_due, words.by_hand if due is None else short_moment_text(due, style.time_zone, style.language)),
        (words.note, reservation.note),
    ]


class _Writer:
    """Puts a note into a flow, part by part."""

    def __init__(self, style: HouseStyle, note: DeliveryNote) -> None:
        self._style = style
        self._note = note
        self._words = DOCUMENT_WORDS[style.language]

    def compose(self, flow: Flow) -> None:
        note, words, style = self._note, self._words, self._style
        flow.title()
        performance = note.performance
        flow.facts(
            [
                (words.office, note.office.text),
                (words.performance, "\n".join(filter(None, (performance.title, performance.subtitle)))),
                (words.date, short_moment_text(note.issued_at_ms, style.time_zone, style.language)),
                (words.starts, weekday_moment_text(performance.starts_at_ms, style.time_zone, style.language)),
                (words.hall, performance.hall),
                *reservation_facts(style, note.reservation),
            ]
        )
        self._seats_at_a_glance(flow)
        if note.seats:
            self._totals(flow)
        self._rules(flow)
        flow.signature(words.received)
        if note.seats:
            self._seat_list(flow)

    def _seats_at_a_glance(self, flow: Flow) -> None:
        words = self._words
        flow.heading(words.overview)
        if not self._note.seats:
            flow.paragraph(words.no_seats)
            return
        ticket = TICKET_WORDS[self._style.language]
        columns = (Column(ticket.zone, 4), Column(ticket.row, 1.5), Column(words.seats, 8), Column(words.total, 1.5, 1))
        rows = (
            (row.zone, row.row, row.seats or ticket.standing, self._number(row.count))
            for row in rows_of(seat.place for seat in self._note.seats)
        )
        flow.table(columns, rows, (words.total, "", "", self._number(len(self._note.seats))))

    def _totals(self, flow: Flow) -> None:
        words = self._words
        counts: dict[tuple[str, str, int | None], int] = {}
        for seat in self._note.seats:
            key = (seat.category, seat.ticket_type, seat.price_minor)
            counts[key] = counts.get(key, 0) + 1
        columns = (
            Column(words.category, 4), Column(words.ticket_type, 5), Column(words.seats, 2, 1),
            Column(words.price, 2.5, 1), Column(words.amount, 3, 1),
        )  # fmt: skip
        rows = (
            (category, self._type(kind), self._number(count), self._price(price), self._price(price and price * count))
            for (category, kind, price), count in counts.items()
        )
        prices = [seat.price_minor for seat in self._note.seats]
        # A sum of what is not known is not told.
        known = [price for price in prices if price is not None]
        worth = money_text(sum(known), self._style.currency, self._style.language) if len(known) == len(prices) else ""
        flow.heading(words.face_value)
        flow.table(columns, rows, (words.total, "", self._number(len(prices)), "", worth))

    def _rules(self, flow: Flow) -> None:
        words, note = self._words, self._note
        if note.price_rules:
            flow.heading(words.price_rules)
            columns = Column(words.category, 5), Column(words.ticket_type, 7), Column(words.price, 3, 1)
            rows = (
                (rule.category, self._type(rule.ticket_type), self._price(rule.price_minor))
                for rule in note.price_rules
            )
            flow.table(columns, rows)
            flow.paragraph(words.vat_included, size=7.5, ink=Ink.MUTED)
        if note.conditions:
            flow.heading(words.conditions, keep=8)
            flow.paragraph(note.conditions)

    def _seat_list(self, flow: Flow) -> None:
        words, ticket = self._words, TICKET_WORDS[self._style.language]
        flow.next_page()
        flow.heading(words.seat_list)
        columns = (
            Column("#", 1.2, 1), Column(ticket.zone, 4), Column(ticket.row, 1.4), Column(ticket.seat, 1.6),
            Column(words.category, 2.6), Column(words.ticket_type, 3.4), Column(words.price, 2.3, 1),
            Column(words.code, 5),
        )  # fmt: skip
        flow.table(columns, self._seat_rows(self._note.seats))

    def _seat_rows(self, seats: tuple[DeliveredSeat, ...]) -> Iterator[tuple[str, ...]]:
        standing = TICKET_WORDS[self._style.language].standing
        for number, seat in enumerate(seats, 1):
            place = seat.place
            shown = place.seat if place.row or place.seat else standing
            yield (
                self._number(number), place.zone, place.row, shown, seat.category, self._type(seat.ticket_type),
                self._price(seat.price_minor), seat.code_text or seat.code,
            )  # fmt: skip

    def _type(self, ticket_type: str) -> str:
        return ticket_type_text(ticket_type, self._style.language)

    def _number(self, number: int) -> str:
        return number_text(number, self._style.language)

    def _price(self, price_minor: int | None) -> str:
        return "\u2013" if price_minor is None else money_text(price_minor, self._style.currency, self._style.language)
