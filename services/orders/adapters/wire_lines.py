"""An order's lines as events tell them."""

from __future__ import annotations

from collections.abc import Iterable

from balcon.catalogue.v1.catalogue_service_pb2 import TicketKind
from balcon.orders.v1.orders_service_pb2 import LineDiscount, OrderLine, RefundedLine, SeatName, Vat

from services.contracts.wire_prices import wire_line_component, wire_line_discount, wire_vat
from services.contracts.wire_types import wire_money
from services.orders.domain.order import Order, OrderPart
from services.orders.domain.order import OrderLine as DomainLine
from services.orders.domain.order import SeatName as DomainSeatName
from services.orders.domain.order import Vat as DomainVat
from services.orders.domain.refund_books import back_of


def _seat_name(name: DomainSeatName) -> SeatName:
    return SeatName(zone=name.zone, row=name.row, seat=name.seat)


def wire_lines(lines: Iterable[DomainLine]) -> list[OrderLine]:
    """One message a line."""
    return [
        OrderLine(
            seat_id=line.seat_id,
            category=line.category,
            ticket_type=line.ticket_type,
            price=wire_money(line.price.amount_minor, line.price.currency),
            seat_name=_seat_name(line.seat_name),
            kind=TicketKind.Value(f"TICKET_KIND_{line.kind.value if line.kind else 'UNSPECIFIED'}"),
            vat=_vat(line.vat, line),
            components=[
                wire_line_component(one.kind, one.amount_minor, line.price.currency, _vat(one.vat, line))
                for one in line.components
            ],
            discount=_discount(line),
        )
        for line in lines
    ]


def _discount(line: DomainLine) -> LineDiscount | None:
    one = line.discount
    if one is None:
        return None
    return wire_line_discount(one.discount_id, one.amount_minor, line.price.currency, one.office_id)


def _vat(vat: DomainVat, line: DomainLine) -> Vat | None:
    return wire_vat(vat.vat_class, vat.rate_basis_points, vat.amount_minor, line.price.currency)


def wire_money_back(order: Order, part: OrderPart) -> list[RefundedLine]:
    """What has gone back in all of the part's lines, by component; lines of which nothing has are left out."""
    currency, categories = order.total.currency, {line.seat_id: line.category for line in part.lines}
    return [
        RefundedLine(
            performance_id=one.line.performance_id,
            seat_id=one.line.seat_id,
            category=categories[one.line.seat_id],
            amount=wire_money(one.amount_minor, currency),
            components=[
                wire_line_component(
                    part.kind,
                    part.amount_minor,
                    currency,
                    wire_vat(part.vat.vat_class, part.vat.rate_basis_points, part.vat.amount_minor, currency),
                )
                for part in one.components
            ],
        )
        for one in back_of(order, part.performance_id)
    ]
