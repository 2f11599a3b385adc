"""OrdersService: requests to the desk, answers to messages. No rules."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, TypeVar

import grpc
from balcon.orders.v1 import orders_service_pb2 as wire
from balcon.orders.v1.orders_service_pb2_grpc import OrdersServiceServicer

from services.contracts.access import roles_with
from services.contracts.pages import fitting
from services.orders.api import requests
from services.orders.api.form_requests import form_update
from services.orders.api.messages import methods_message, order_message, quote_message
from services.orders.api.order_stream import Calls, OrderStream
from services.orders.api.part_requests import price_request
from services.orders.domain.order import Order
from services.orders.handlers.order_desk import OrderDesk
from services.orders.handlers.quoting import Quoter
from services.orders.ports import Operation
from services.runtime.call_context import current_call, remaining_seconds
from services.runtime.clock import Clock
from services.runtime.ids import Ids
from services.runtime.rpc.errors import answered

T = TypeVar("T")
Context = grpc.aio.ServicerContext[Any, Any]

# Left for reading the record and for the answer itself.
ANSWER_MARGIN_SECONDS = 0.25
CHECK_OUT_SECONDS = 10.0
CANCEL_SECONDS = 5.0


def seconds_to_answer(clock: Clock, at_most: float) -> float:
    """What may be spent on this call before its answer must be on the way."""
    left = remaining_seconds(current_call(), clock, at_most + ANSWER_MARGIN_SECONDS)
    return max(0.0, left - ANSWER_MARGIN_SECONDS)


class OrdersServicer(OrdersServiceServicer):
    """See balcon.orders.v1.OrdersService."""

    def __init__(self, desk: OrderDesk, quoter: Quoter, clock: Clock, ids: Ids) -> None:
        self._desk = desk
        self._quoter = quoter
        self._clock = clock
        calls: Calls = {
            "create": self.CreateOrder,
            "check_out": self.CheckOut,
            "cancel": self.CancelOrder,
            "get": self.GetOrder,
        }
        self._stream = OrderStream(calls, roles_with, clock, ids)

    def _seconds(self, at_most: float) -> float:
        return seconds_to_answer(self._clock, at_most)

    async def CreateOrder(self, request: wire.CreateOrderRequest, context: Context) -> wire.CreateOrderResponse:  # noqa: N802
        asked = requests.order_request(request)
        key = requests.request_key(request, Operation.CREATE, asked.house_id, request.idempotency_key)
        order: Order = answered(await self._desk.create(asked, key))
        return wire.CreateOrderResponse(order=order_message(order))

    async def QuoteOrder(self, request: wire.QuoteOrderRequest, context: Context) -> wire.QuoteOrderResponse:  # noqa: N802
        asked = price_request(request)
        return quote_message(answered(await self._quoter.quote(asked)))

    async def UpdateOrderForm(  # noqa: N802
        self, request: wire.UpdateOrderFormRequest, context: Context
    ) -> wire.UpdateOrderFormResponse:
        ref, answers = form_update(request)
        order: Order = answered(await self._desk.update_form(ref, answers))
        return wire.UpdateOrderFormResponse(order=order_message(order))

    async def CheckOut(self, request: wire.CheckOutRequest, context: Context) -> wire.CheckOutResponse:  # noqa: N802
        ref, wish = requests.check_out_wish(request)
        seconds = self._seconds(CHECK_OUT_SECONDS)
        busy_until_ms = self._clock.now_ms() + int(seconds * 1000)
        key = requests.request_key(request, Operation.CHECK_OUT, ref.house_id, request.idempotency_key, busy_until_ms)
        order: Order = answered(await self._desk.check_out(ref, wish, key, seconds))
        return wire.CheckOutResponse(order=order_message(order))

    async def CancelOrder(self, request: wire.CancelOrderRequest, context: Context) -> wire.CancelOrderResponse:  # noqa: N802
        ref = requests.cancel_wish(request)
        order: Order = answered(await self._desk.cancel(ref, self._seconds(CANCEL_SECONDS)))
        return wire.CancelOrderResponse(order=order_message(order))

    async def ListPaymentMethods(  # noqa: N802
        self, request: wire.ListPaymentMethodsRequest, context: Context
    ) -> wire.ListPaymentMethodsResponse:
        ref, language = requests.methods_wish(request)
        return methods_message(*answered(await self._desk.payment_methods(ref, language)))

    async def RefundOrder(self, request: wire.RefundOrderRequest, context: Context) -> wire.RefundOrderResponse:  # noqa: N802
        ref, reason = requests.refund_wish(request)
        key = requests.request_key(request, Operation.REFUND, ref.house_id, request.idempotency_key)
        order: Order = answered(await self._desk.refund(ref, reason, key, self._seconds(CANCEL_SECONDS)))
        return wire.RefundOrderResponse(order=order_message(order))

    async def GetOrder(self, request: wire.GetOrderRequest, context: Context) -> wire.GetOrderResponse:  # noqa: N802
        ref, wait_seconds = requests.order_wanted(request)
        seconds = min(wait_seconds, self._seconds(requests.MAX_WAIT_MS / 1000))
        order: Order = answered(await self._desk.get(ref, seconds))
        return wire.GetOrderResponse(order=order_message(order))

    async def ExecuteOrders(  # noqa: N802
        self, request_iterator: AsyncIterator[wire.ExecuteOrdersRequest], context: Context
    ) -> AsyncIterator[wire.ExecuteOrdersResponse]:
        async for response in self._stream.serve(request_iterator):
            yield response

    async def ListOrders(self, request: wire.ListOrdersRequest, context: Context) -> wire.ListOrdersResponse:  # noqa: N802
        wanted = requests.order_filter(request)
        # Before the list: an order that gets its customer in between is in it.
        complete = bool(wanted.customer_id) and await self._desk.names_every_customer(wanted.house_id)
        orders = await self._desk.list_orders(wanted)
        page = orders[: min(wanted.limit - 1, fitting(len(order.lines) for order in orders))]
        token = requests.page_token(page[-1]) if len(orders) > len(page) else ""
        told = [order_message(order) for order in page]
        return wire.ListOrdersResponse(orders=told, next_page_token=token, complete=complete)
