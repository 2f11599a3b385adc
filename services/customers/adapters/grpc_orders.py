"""The OrdersOfCustomers over gRPC: page by page, all that orders keeps of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import grpc
from balcon.orders.v1 import orders_service_pb2 as wire
from balcon.orders.v1.orders_service_pb2_grpc import OrdersServiceStub
from google.protobuf.json_format import MessageToDict

from services.customers.domain.erasure import BoughtOrder, Payment
from services.customers.domain.refusals import OldOrdersWaiting
from services.customers.ports.orders import OrdersUnanswered, ToldOrder
from services.runtime.call_context import own_account

if TYPE_CHECKING:
    from balcon.orders.v1.orders_service_pb2_grpc import OrdersServiceAsyncStub

_PAGE = 100
# Where the money is proven to have come; what has gone back since is in the books as well.
_PAID: Final = frozenset(
    {
        wire.ORDER_STATE_PAID,
        wire.ORDER_STATE_CONFIRMED,
        wire.ORDER_STATE_REFUND_DUE,
        wire.ORDER_STATE_REFUNDED,
    }
)


class GrpcOrders:
    """See OrdersOfCustomers. On the service's own account: who may tell a person all need not read orders."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub: OrdersServiceAsyncStub = OrdersServiceStub(channel)

    async def of(self, house_id: str, customer_ids: Sequence[str]) -> Sequence[ToldOrder] | OldOrdersWaiting:
        told: list[ToldOrder] = []
        for customer_id in customer_ids:
            request = wire.ListOrdersRequest(house_id=house_id, customer_id=customer_id, page_size=_PAGE)
            while True:
                page = await self._page(request)
                if not page.complete:
                    # Also what a release says that knows no customers.
                    return OldOrdersWaiting()
                told += [_told(order) for order in page.orders]
                if not page.next_page_token:
                    break
                request.page_token = page.next_page_token
        return told

    async def _page(self, request: wire.ListOrdersRequest) -> wire.ListOrdersResponse:
        try:
            with own_account():
                return await self._stub.ListOrders(request)
        except grpc.aio.AioRpcError as error:
            raise OrdersUnanswered(house_id=request.house_id) from error


def _told(order: wire.Order) -> ToldOrder:
    bought = BoughtOrder(order.order_id, _payment(order), max(order.created_at_ms, order.pay_until_ms))
    return ToldOrder(bought, MessageToDict(order, preserving_proto_field_name=True))


def _payment(order: wire.Order) -> Payment:
    if not order.total.amount_minor or order.state == wire.ORDER_STATE_CANCELLED:
        return Payment.NONE
    return Payment.PAID if order.state in _PAID else Payment.UNDER_WAY
