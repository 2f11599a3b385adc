"""OrderActsService: requests to the desk, answers to messages. No rules."""

from __future__ import annotations

from typing import Any

import grpc
from balcon.orders.v1 import order_acts_pb2 as wire
from balcon.orders.v1.order_acts_pb2_grpc import OrderActsServiceServicer
from balcon.orders.v1.orders_service_pb2 import Order as WireOrder

from services.orders.api import act_requests
from services.orders.api.messages import order_message
from services.orders.api.orders_servicer import seconds_to_answer
from services.orders.api.requests import request_key
from services.orders.domain.commands import ActOnLines
from services.orders.domain.order import Order
from services.orders.handlers.order_desk import OrderDesk
from services.orders.ports import Operation, OrderRef
from services.runtime.clock import Clock
from services.runtime.errors import FieldInvalid
from services.runtime.rpc.errors import Refused, answered

Context = grpc.aio.ServicerContext[Any, Any]
_Request = wire.RefundLinesRequest | wire.CancelLinesRequest | wire.ReleaseLinesRequest

# Money and seats are on their way by then; how far they are is told by GetOrder.
ACT_SECONDS = 2.0


class OrderActsServicer(OrderActsServiceServicer):
    """See balcon.orders.v1.OrderActsService."""

    def __init__(self, desk: OrderDesk, clock: Clock) -> None:
        self._desk = desk
        self._clock = clock

    async def RefundLines(self, request: wire.RefundLinesRequest, context: Context) -> wire.RefundLinesResponse:  # noqa: N802
        """Money back, of lines or of the whole."""
        ref, command = act_requests.refund_act(request)
        if named := act_requests.currencies_of(request):
            currency = answered(await self._desk.get(ref, 0)).total.currency
            for field, other in named:
                if other != currency:
                    raise Refused(FieldInvalid(field, f"is {other}", f"{currency}, as the order was paid"))
        return wire.RefundLinesResponse(order=await self._act(request, ref, command, Operation.REFUND_LINES))

    async def CancelLines(self, request: wire.CancelLinesRequest, context: Context) -> wire.CancelLinesResponse:  # noqa: N802
        """Tickets let nobody in any more."""
        ref, command = act_requests.cancel_act(request)
        return wire.CancelLinesResponse(order=await self._act(request, ref, command, Operation.CANCEL_LINES))

    async def ReleaseLines(self, request: wire.ReleaseLinesRequest, context: Context) -> wire.ReleaseLinesResponse:  # noqa: N802
        """Seats back on sale."""
        ref, command = act_requests.release_act(request)
        return wire.ReleaseLinesResponse(order=await self._act(request, ref, command, Operation.RELEASE_LINES))

    async def _act(self, request: _Request, ref: OrderRef, command: ActOnLines, operation: Operation) -> WireOrder:
        key = request_key(request, operation, ref.house_id, request.idempotency_key)
        seconds = seconds_to_answer(self._clock, ACT_SECONDS)
        order: Order = answered(await self._desk.act(ref, command, key, seconds))
        return order_message(order)
