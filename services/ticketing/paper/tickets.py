"""Tickets on A4 or on stub stock. Ten thousand of them take a minute at most and no more memory than ten."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice

from services.paper.fitting import block_height
from services.paper.house_style import HouseStyle
from services.paper.localised import clock_text, day_text, money_text, weekday_text
from services.paper.streaming_pdf import ByteSink
from services.paper.surface import MM, Box, Ink, Surface, Type
from services.ticketing.paper.documents import Performance, Ticket, TicketOrigin
from services.ticketing.paper.spoken import BETWEEN, TICKET_WORDS, place_text, ticket_type_text
from services.ticketing.paper.stock import Field, Shows, Stock

# What is the same on every ticket of a performance: kept in the file once.
_SHARED = frozenset(
    {
        Shows.BAND, Shows.LOGO, Shows.HOUSE, Shows.ADDRESS, Shows.TITLE, Shows.SUBTITLE, Shows.DAY, Shows.TIME,
        Shows.WHEN, Shows.DOORS, Shows.HALL, Shows.CONDITIONS,
    }
)  # fmt: skip
_CAPTIONED = frozenset({Shows.ZONE, Shows.ROW, Shows.SEAT})
_SMALLEST_CAPTION_PT, _LARGEST_CAPTION_PT = 5.5, 8.0


def write_tickets(sink: ByteSink, style: HouseStyle, tickets: Iterable[Ticket], stock: Stock) -> int:
    """Writes a PDF of all tickets, page by page as they come; how many there were. Raises QrTextTooLong.

    Without tickets it has one empty page, for a PDF without any is none.
    """
    printer = _Printer(sink, style, stock)
    remaining, count = iter(tickets), 0
    corners = stock.corners()
    while page := list(islice(remaining, len(corners))):
        printer.page(page)
        count += len(page)
    if not count:
        printer.page([])
    printer.surface.finish()
    return count


@dataclass(frozen=True, slots=True)
class _SharedFacts:
    """What tickets must agree in to share what is kept of them."""

    performance: Performance
    conditions: str


class _Printer:
    """Draws tickets of one stock. What is shared is kept for as many performances as there are."""

    def __init__(self, sink: ByteSink, style: HouseStyle, stock: Stock) -> None:
        self._style = style
        self._stock = stock
        self._words = TICKET_WORDS[style.language]
        self._kept: dict[_SharedFacts, str] = {}
        self.surface = Surface(sink, style, *stock.page(), f"{self._words.tickets}: {style.house_name}")

    def page(self, tickets: list[Ticket]) -> None:
        """One page, which may not be full."""
        shared = [self._shared(_SharedFacts(ticket.performance, ticket.conditions)) for ticket in tickets]
        for (x, y), name, ticket in zip(self._stock.corners(), shared, tickets, strict=False):
            with self.surface.moved(x, y):
                self.surface.again(name)
                self._own(ticket)
        for start, end in self._stock.cuts():
            self.surface.line(start, end, ink=Ink.MUTED, dashed=True)
        self.surface.next_page()

    def _shared(self, facts: _SharedFacts) -> str:
        name = self._kept.get(facts)
        if name is None:
            name = self._kept[facts] = f"Performance{len(self._kept) + 1}"
            with self.surface.kept_as(name):
                self._draw_shared(facts)
        return name

    def _draw_shared(self, facts: _SharedFacts) -> None:
        texts = self._shared_texts(facts)
        shared = [field for field in self._stock.fields if field.shows in _SHARED]
        # Bands first: everything else stands on them.
        for field in sorted(shared, key=_bands_first):
            match field.shows:
                case Shows.BAND:
                    self.surface.fill(field.box, field.ink)
                case Shows.LOGO:
                    self.surface.logo(field.box, field.across, field.down)
                case _:
                    self.surface.text(field.box, texts[field.shows], _type(field))
        tear = self._stock.tear()
        if tear is not None and self._stock.stub is not None and self._stock.stub.is_drawn:
            self.surface.line(*tear, ink=Ink.MUTED, dashed=True)

    def _shared_texts(self, facts: _SharedFacts) -> dict[Shows, str]:
        performance, style = facts.performance, self._style
        at, zone, language = performance.starts_at_ms, style.time_zone, style.language
        doors = performance.doors_at_ms
        clock = clock_text(at, zone, language)
        return {
            Shows.HOUSE: style.house_name,
            Shows.ADDRESS: "\n".join(style.address_lines),
            Shows.TITLE: performance.title,
            Shows.SUBTITLE: performance.subtitle,
            Shows.DAY: day_text(at, zone, language),
            Shows.TIME: clock,
            Shows.WHEN: f"{weekday_text(at, zone, language)}{BETWEEN}{clock}",
            Shows.DOORS: "" if doors is None else self._words.doors.format(clock_text(doors, zone, language)),
            Shows.HALL: performance.hall,
            Shows.CONDITIONS: facts.conditions,
        }

    def _own(self, ticket: Ticket) -> None:
        texts = self._own_texts(ticket)
        for field in self._stock.fields:
            if field.shows is Shows.QR:
                self.surface.qr(field.box, ticket.qr_text)
            elif field.shows not in _SHARED:
                self._captioned(field, *texts[field.shows])

    def _captioned(self, field: Field, caption: str, text: str) -> None:
        """What has a caption keeps its room without one too, so that a row of values stands on one line."""
        box, size = field.box, min(max(field.size_pt / 3, _SMALLEST_CAPTION_PT), _LARGEST_CAPTION_PT)
        height = block_height(1, size) / MM
        if field.shows in _CAPTIONED and box.height > 2 * height:
            if text:
                how = Type(size, ink=field.ink if field.ink is Ink.PAPER else Ink.MUTED, across=field.across)
                self.surface.text(Box(box.x, box.y, box.width, height), caption, how)
            box = Box(box.x, box.y + height, box.width, box.height - height)
        self.surface.text(box, text, _type(field))

    def _own_texts(self, ticket: Ticket) -> dict[Shows, tuple[str, str]]:
        """Caption and text."""
        words, place = self._words, ticket.place
        seat = (words.seat, place.seat) if place.row or place.seat else ("", words.standing)
        return {
            Shows.ZONE: (words.zone, place.zone),
            Shows.ROW: (words.row, place.row),
            Shows.SEAT: seat,
            Shows.PLACE: ("", place_text(place, self._style.language)),
            Shows.PRICE: ("", self._price(ticket)),
            Shows.TICKET_TYPE: ("", ticket_type_text(ticket.ticket_type, self._style.language)),
            Shows.ORIGIN: ("", words.origins[ticket.origin].format(ticket.origin_number)),
            Shows.NAME: ("", ticket.name),
            Shows.CODE: ("", ticket.code),
        }

    def _price(self, ticket: Ticket) -> str:
        if ticket.price_minor is None:
            return self._words.reported if ticket.origin is TicketOrigin.ALLOTMENT else ""
        price = money_text(ticket.price_minor, self._style.currency, self._style.language)
        return self._words.with_vat.format(price)


def _bands_first(field: Field) -> bool:
    return field.shows is not Shows.BAND


def _type(field: Field) -> Type:
    return Type(field.size_pt, field.bold, field.ink, field.across, field.down)
