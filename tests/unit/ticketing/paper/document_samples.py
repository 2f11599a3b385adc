"""Delivery notes, statements and halls for the tests of paper."""

from __future__ import annotations

import math

from services.ticketing.paper.documents import (
    AllotmentStatement,
    DeliveredSeat,
    DeliveryKind,
    DeliveryNote,
    DiscountSales,
    DrawnSeat,
    HallPlan,
    Office,
    Place,
    PriceRule,
    Reservation,
    StatementLine,
)
from tests.unit.ticketing.paper.paper_samples import CONDITIONS, PERFORMANCE, STARTS_AT_MS

DAY_MS = 86_400_000
OFFICE = Office("VVV Rotterdam", ("Coolsingel 114", "3011 AG Rotterdam"))
RESERVATION = Reservation(
    allotment_number="K-2026-0031",
    kind=DeliveryKind.HARD,
    made_at_ms=STARTS_AT_MS - 30 * DAY_MS,
    return_due_at_ms=STARTS_AT_MS - DAY_MS // 3,
    note="Alleen aan de balie te verkopen.",
)


def delivered(count: int) -> tuple[DeliveredSeat, ...]:
    """So many seats, twenty a row."""
    return tuple(
        DeliveredSeat(
            place=Place("Parterre", str(1 + index // 20), str(1 + index % 20)),
            category="Rang 1",
            ticket_type="Volwassene",
            price_minor=3_250,
            code=f"CODE{index:05d}",
        )
        for index in range(count)
    )


def delivery_note(seats: tuple[DeliveredSeat, ...], conditions: str = CONDITIONS) -> DeliveryNote:
    """With rules and conditions."""
    return DeliveryNote(
        number="PB-2026-0017",
        issued_at_ms=STARTS_AT_MS - 20 * DAY_MS,
        office=OFFICE,
        performance=PERFORMANCE,
        reservation=RESERVATION,
        seats=seats,
        price_rules=(PriceRule("Rang 1", "Volwassene", 3_250), PriceRule("Rang 1", "CJP", 1_600)),
        conditions=conditions,
    )


def line(
    handed_out: int, reported_sold: int, returned: int, still_open: int, *, amount_minor: int | None = None
) -> StatementLine:
    """Of Rang 1 at 32.50."""
    amount = 3_250 * reported_sold if amount_minor is None else amount_minor
    return StatementLine("Rang 1", handed_out, reported_sold, returned, still_open, amount, 3_250)


def statement(
    *lines: StatementLine, is_final: bool = False, discount_sales: tuple[DiscountSales, ...] = ()
) -> AllotmentStatement:
    """Of one allotment."""
    return AllotmentStatement(
        number="AF-2026-0009",
        issued_at_ms=STARTS_AT_MS + DAY_MS,
        office=OFFICE,
        performance=PERFORMANCE,
        reservation=RESERVATION,
        is_final=is_final,
        lines=lines,
        discount_sales=discount_sales,
    )


def hall(rows: int, seats_a_row: int, marked_rows: frozenset[int] = frozenset()) -> HallPlan:
    """Straight rows, 24 pixels from seat to seat."""
    seats = tuple(
        DrawnSeat(seat * 24.0, row * 26.0, str(seat), "Parterre", str(row), row in marked_rows)
        for row in range(1, rows + 1)
        for seat in range(1, seats_a_row + 1)
    )
    return HallPlan(PERFORMANCE, OFFICE, "K-2026-0031", seats, (seats_a_row * 12.0, -30.0))


def round_hall(rings: int) -> HallPlan:
    """Seats around a stage in the midst of them."""
    seats = [
        DrawnSeat(
            radius * math.cos(turn / 40 * math.tau), radius * math.sin(turn / 40 * math.tau), str(turn + 1), "Ring"
        )
        for radius in (200 + 40 * ring for ring in range(rings))
        for turn in range(40)
    ]
    return HallPlan(PERFORMANCE, OFFICE, "K-2026-0031", tuple(seats), (0.0, 0.0))
