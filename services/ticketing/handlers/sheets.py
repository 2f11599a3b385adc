"""Puts together what stands on a document, out of facts that were gathered. Asks nobody."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence, Set

from services.contracts.bounds import NORMAL_TICKET_TYPE
from services.paper.house_style import DEFAULT_ACCENT, DEFAULT_PRIMARY, HouseStyle
from services.ticketing.domain.allotment import AllotmentKind
from services.ticketing.domain.office_sales import DiscountSum
from services.ticketing.domain.paper_style import PaperStyle
from services.ticketing.domain.show import PlanSeat, Show
from services.ticketing.domain.ticket import Ticket, spoken_code
from services.ticketing.handlers.paper_facts import PaperFacts
from services.ticketing.paper import documents as paper
from services.ticketing.paper.invoice import InvoicePaper
from services.ticketing.paper.stock import Stock
from services.ticketing.ports.paper import (
    InvoiceSheet,
    NoteSheet,
    OfficeSheet,
    PlanSheet,
    StatementSheet,
    TicketsSheet,
)

_DELIVERED = {
    AllotmentKind.HARD: paper.DeliveryKind.HARD,
    AllotmentKind.DIGITAL_HARD: paper.DeliveryKind.DIGITAL_HARD,
    AllotmentKind.FOREIGN: paper.DeliveryKind.FOREIGN,
    # Set aside for one person: on paper as what the house holds ready.
    AllotmentKind.OFFER: paper.DeliveryKind.HARD,
}
# What has gone back of seats whose category nobody remembers.
_ANY_CATEGORY = "-"


def invoice_sheet(show: Show, own: PaperStyle, invoice: InvoicePaper) -> InvoiceSheet:
    """An invoice in the house's style, as it was at that moment."""
    return InvoiceSheet(style_of(show, own, invoice.invoice.language), invoice)


def tickets_sheet(
    facts: PaperFacts, own: PaperStyle, language: str, stock: Stock, tickets: Sequence[Ticket]
) -> TicketsSheet:
    """The tickets of one print."""
    performance = performance_of(facts.show)
    allotment_id = facts.allotment.allotment_id
    drawn = tuple(
        paper.Ticket(
            code=spoken_code(ticket),
            qr_text=ticket.code,
            performance=performance,
            place=_place(facts.plan.seats[ticket.seat.seat_id]),
            ticket_type=ticket.seat.ticket_type,
            price_minor=_price(facts.show, facts.plan.seats[ticket.seat.seat_id]),
            origin=paper.TicketOrigin.ALLOTMENT,
            origin_number=allotment_id,
            conditions=own.conditions,
        )
        for ticket in tickets
    )
    return TicketsSheet(style_of(facts.show, own, language), stock, drawn)


def note_sheet(
    facts: PaperFacts,
    own: PaperStyle,
    language: str,
    number: str,
    issued_at_ms: int,
    tickets: Mapping[str, Ticket],
    *,
    as_list: bool,
) -> NoteSheet:
    """The note (R1.13), or the list beside it. `tickets` by seat; a seat without one has no code."""
    has = set(facts.allotment.seats)
    seats = [seat for seat_id, seat in facts.plan.seats.items() if seat_id in has]
    categories = list(dict.fromkeys(seat.category for seat in seats))
    note = paper.DeliveryNote(
        number=number,
        issued_at_ms=issued_at_ms,
        office=_office(facts),
        performance=performance_of(facts.show),
        reservation=_reservation(facts),
        seats=tuple(_delivered(facts.show, seat, tickets.get(seat.seat_id)) for seat in seats),
        price_rules=tuple(
            paper.PriceRule(category, ticket_type, amount)
            for category in categories
            for (priced, ticket_type), amount in facts.show.prices.items()
            if priced == category
        ),
        conditions=facts.office.conditions,
    )
    return NoteSheet(style_of(facts.show, own, language), note, as_list)


def plan_sheet(facts: PaperFacts, own: PaperStyle, language: str) -> PlanSheet:
    """The hall with the allotment's seats marked."""
    marked = set(facts.allotment.seats)
    seats = tuple(
        paper.DrawnSeat(seat.x, seat.y, seat.seat, seat.zone, seat.row, seat.seat_id in marked)
        for seat in facts.plan.seats.values()
    )
    drawn = paper.HallPlan(
        performance_of(facts.show), _office(facts), facts.allotment.allotment_id, seats, facts.plan.focal_point
    )
    return PlanSheet(style_of(facts.show, own, language), drawn)


def statement_sheet(
    facts: PaperFacts,
    own: PaperStyle,
    language: str,
    number: str,
    now_ms: int,
    left: Set[str],
    sums: Sequence[DiscountSum],
) -> StatementSheet:
    """What became of it: each line adds up, and so does the whole. `left`: seats that are known to have gone back.

    Sales at the office's discounts stand apart (R1.10): they are sales, and no seats of the allotment.
    """
    statement = paper.AllotmentStatement(
        number=number,
        issued_at_ms=now_ms,
        office=_office(facts),
        performance=performance_of(facts.show),
        reservation=_reservation(facts),
        is_final=facts.allotment.closed_at_ms is not None,
        lines=_lines(facts, left),
        discount_sales=_discounts(sums),
    )
    return StatementSheet(style_of(facts.show, own, language), statement)


def office_sheet(
    found: Sequence[PaperFacts],
    own: PaperStyle,
    language: str,
    number: str,
    now_ms: int,
    span: tuple[int, int],
    sums: Sequence[DiscountSum],
) -> OfficeSheet:
    """What became of all of them, each by its sums; there is one at least."""
    statement = paper.OfficeStatement(
        number=number,
        issued_at_ms=now_ms,
        office=_office(found[0]),
        from_ms=span[0],
        until_ms=span[1],
        allotments=tuple(_summary(facts) for facts in found),
        discount_sales=_discounts(sums),
    )
    return OfficeSheet(style_of(found[0].show, own, language), statement)


def _summary(facts: PaperFacts) -> paper.AllotmentSummary:
    allotment, seats = facts.allotment, facts.plan.seats
    prices = [_price(facts.show, seats[seat]) or 0 for seat in allotment.sold_seats]
    return paper.AllotmentSummary(
        performance=performance_of(facts.show),
        allotment_number=allotment.allotment_id,
        is_final=allotment.closed_at_ms is not None,
        handed_out=len(allotment.seats) + allotment.returned,
        reported_sold=len(allotment.sold_seats),
        returned=allotment.returned,
        open=len(allotment.open_seats),
        amount_minor=sum(prices),
    )


def _discounts(sums: Sequence[DiscountSum]) -> tuple[paper.DiscountSales, ...]:
    return tuple(paper.DiscountSales(one.discount_id, one.tickets, one.amount_minor) for one in sums)


def _lines(facts: PaperFacts, left: Set[str]) -> tuple[paper.StatementLine, ...]:
    allotment, seats = facts.allotment, facts.plan.seats
    opened = Counter(seats[seat].category for seat in allotment.open_seats)
    sold = Counter(seats[seat].category for seat in allotment.sold_seats)
    # A seat that went back twice is counted twice by the owner, and known once here: the rest has no category.
    back = Counter(seats[seat].category for seat in left - set(allotment.seats) if seat in seats)
    if back.total() > allotment.returned:
        back = Counter()
    rest = allotment.returned - back.total()
    found = []
    for category in dict.fromkeys(seat.category for seat in seats.values()):
        counts = opened[category], sold[category], back[category]
        if any(counts):
            price = facts.show.prices.get((category, NORMAL_TICKET_TYPE))
            found.append(
                paper.StatementLine(
                    category=category,
                    handed_out=sum(counts),
                    reported_sold=sold[category],
                    returned=back[category],
                    open=opened[category],
                    amount_minor=(price or 0) * sold[category],
                    price_minor=price,
                )
            )
    if rest:
        found.append(paper.StatementLine(_ANY_CATEGORY, rest, 0, rest, 0, 0))
    return tuple(found)


def style_of(show: Show, own: PaperStyle, language: str) -> HouseStyle:
    """As the house has said it; where it has not, the hall's address and Balcon's colours."""
    return HouseStyle(
        house_name=show.house_name,
        language=language,
        time_zone=show.time_zone,
        currency=show.currency,
        address_lines=own.address_lines or show.hall_address,
        logo=own.logo,
        primary_color=own.primary_color or DEFAULT_PRIMARY,
        accent_color=own.accent_color or DEFAULT_ACCENT,
    )


def performance_of(show: Show) -> paper.Performance:
    """As paper tells it."""
    return paper.Performance(show.title, show.starts_at_ms, show.hall_name, show.subtitle, show.doors_at_ms)


def _place(seat: PlanSeat) -> paper.Place:
    return paper.Place(seat.zone, seat.row, seat.seat)


def _price(show: Show, seat: PlanSeat) -> int | None:
    return show.prices.get((seat.category, NORMAL_TICKET_TYPE))


def _delivered(show: Show, seat: PlanSeat, ticket: Ticket | None) -> paper.DeliveredSeat:
    code, text = ("", "") if ticket is None else (ticket.code, spoken_code(ticket))
    return paper.DeliveredSeat(_place(seat), seat.category, NORMAL_TICKET_TYPE, _price(show, seat), code, text)


def _office(facts: PaperFacts) -> paper.Office:
    return paper.Office(facts.office.name or facts.allotment.note, facts.office.address_lines)


def _reservation(facts: PaperFacts) -> paper.Reservation:
    allotment = facts.allotment
    return paper.Reservation(
        allotment.allotment_id,
        _DELIVERED[allotment.kind],
        allotment.created_at_ms,
        allotment.return_due_at_ms,
        allotment.note,
    )
