"""What invoices ask orders: what was bought, and what of it went back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import grpc
from balcon.catalogue.v1.prices_pb2 import PriceComponentKind
from balcon.orders.v1 import orders_service_pb2 as wire
from balcon.orders.v1.orders_service_pb2_grpc import OrdersServiceStub

from services.contracts.reasons import Reason
from services.runtime.call_context import own_account
from services.runtime.errors import Refusal
from services.ticketing.adapters.neighbour_answers import answer_of
from services.ticketing.domain.invoice import InvoicedOrder, InvoiceLine, InvoicePart, PaidBack
from services.ticketing.domain.refusals import OrderNotFound

if TYPE_CHECKING:
    from balcon.orders.v1.orders_service_pb2_grpc import OrdersServiceAsyncStub

_PREFIX: Final = "PRICE_COMPONENT_KIND_"


class GrpcInvoicedOrders:
    """See OrdersToInvoice."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub: OrdersServiceAsyncStub = OrdersServiceStub(channel)

    async def order(self, house_id: str, order_id: str) -> InvoicedOrder | Refusal:
        """See OrdersToInvoice.order."""
        absent: dict[Reason, Refusal] = {
            Reason.ORDER_NOT_FOUND: OrderNotFound(order_id),
            Reason.HOUSE_NOT_FOUND: OrderNotFound(order_id),
        }
        with own_account():
            found = await answer_of(
                self._stub.GetOrder(wire.GetOrderRequest(house_id=house_id, order_id=order_id)), absent
            )
        return found if isinstance(found, Refusal) else _order(found.order)


def _order(order: wire.Order) -> InvoicedOrder:
    """An order from before parts were told has its lines on itself."""
    parts = [(part.performance_id, part.lines) for part in order.parts] or [(order.performance_id, order.lines)]
    return InvoicedOrder(
        order_id=order.order_id,
        customer_id=order.customer_id,
        currency=order.total.currency,
        lines=tuple(_line(performance_id, line) for performance_id, lines in parts for line in lines),
        refunds=tuple(_refund(refund) for refund in order.refunds if refund.state == wire.REFUND_STATE_DONE),
        is_sold=order.confirmed_at_ms > 0,
    )


def _line(performance_id: str, line: wire.OrderLine) -> InvoiceLine:
    name = line.seat_name
    return InvoiceLine(
        performance_id=performance_id,
        seat_id=line.seat_id,
        seat_text=" ".join(filter(None, (name.zone, name.row, name.seat))) or line.seat_id,
        category=line.category,
        ticket_type=line.ticket_type,
        parts=tuple(_part(part) for part in line.components) or (_whole(line),),
    )


def _part(part: wire.LineComponent) -> InvoicePart:
    kind = PriceComponentKind.Name(part.kind).removeprefix(_PREFIX).lower()
    vat = part.vat
    return InvoicePart(kind, part.amount.amount_minor, vat.vat_class, vat.rate_basis_points, vat.amount.amount_minor)


def _whole(line: wire.OrderLine) -> InvoicePart:
    """Of an order from before components were kept: all of it is its base."""
    vat = line.vat
    return InvoicePart("base", line.price.amount_minor, vat.vat_class, vat.rate_basis_points, vat.amount.amount_minor)


def _refund(refund: wire.Refund) -> PaidBack:
    named = frozenset((line.performance_id, line.seat_id) for line in refund.lines)
    return PaidBack(refund.refund_id, refund.amount.amount_minor, named)
