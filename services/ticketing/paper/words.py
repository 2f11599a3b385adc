"""Every word on paper, once in each language that Balcon speaks. For people an allotment is a contingent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from services.ticketing.paper.documents import DeliveryKind, TicketOrigin


@dataclass(frozen=True, slots=True)
class TicketWords:
    """{} is where the value goes."""

    doors: str
    zone: str
    row: str
    seat: str
    standing: str
    with_vat: str
    reported: str
    normal: str
    origins: Mapping[TicketOrigin, str]
    tickets: str


@dataclass(frozen=True, slots=True)
class DocumentWords:
    """Of the papers that go with tickets."""

    delivery_note: str
    hall_plan: str
    statement: str
    office_statement: str
    number: str
    date: str
    office: str
    performance: str
    hall: str
    starts: str
    allotment: str
    kind: str
    kinds: Mapping[DeliveryKind, str]
    made: str
    return_due: str
    by_hand: str
    note: str
    overview: str
    seat_list: str
    seats: str
    category: str
    ticket_type: str
    price: str
    code: str
    total: str
    face_value: str
    price_rules: str
    conditions: str
    vat_included: str
    received: str
    no_seats: str
    stage: str
    in_allotment: str
    others: str
    handed_out: str
    reported_sold: str
    returned: str
    open: str
    amount: str
    several_prices: str
    discounts: str
    discounts_note: str
    discount: str
    tickets: str
    none: str
    final: str
    provisional: str
    final_note: str
    provisional_note: str
    period: str
    state: str
