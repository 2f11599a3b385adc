"""RefundRequestsService: requests to the desk, answers to messages. No rules."""

from __future__ import annotations

from typing import Any

import grpc
from balcon.orders.v1 import refund_requests_pb2 as wire
from balcon.orders.v1.refund_requests_pb2_grpc import RefundRequestsServiceServicer

from services.contracts.pages import asked_page, token_after
from services.contracts.texts import refused_idempotency_key
from services.contracts.wire_requests import asked_once
from services.orders.api.refund_request_messages import (
    STATES,
    decline_reason,
    faults_of_code,
    quote_message,
    refund_wanted,
    request_message,
)
from services.orders.handlers.refund_requests import RefundDesk, ToldRequest
from services.orders.ports import OrderRef
from services.orders.ports.refund_requests import RequestFilter
from services.runtime.errors import FieldInvalid
from services.runtime.ids import refused_key
from services.runtime.rpc.errors import Refused, accept, answered

Context = grpc.aio.ServicerContext[Any, Any]


class RefundRequestsServicer(RefundRequestsServiceServicer):
    """See balcon.orders.v1.RefundRequestsService."""

    def __init__(self, desk: RefundDesk) -> None:
        self._desk = desk

    async def QuoteOwnRefund(  # noqa: N802
        self, request: wire.QuoteOwnRefundRequest, context: Context
    ) -> wire.QuoteOwnRefundResponse:
        """What would come back."""
        wanted = refund_wanted(request)
        order, parts = answered(await self._desk.quote(wanted))
        return quote_message(order, parts, wanted.wish)

    async def AskOwnRefund(self, request: wire.AskOwnRefundRequest, context: Context) -> wire.AskOwnRefundResponse:  # noqa: N802
        """A request, granted at once where the rules say so."""
        wanted = refund_wanted(request, refused_idempotency_key(request.idempotency_key))

        def response(told: ToldRequest) -> wire.AskOwnRefundResponse:
            return wire.AskOwnRefundResponse(request=request_message(told))

        answer = await self._desk.ask(asked_once(request, response), wanted)
        return wire.AskOwnRefundResponse.FromString(answered(answer))

    async def ListOwnRefundRequests(  # noqa: N802
        self, request: wire.ListOwnRefundRequestsRequest, context: Context
    ) -> wire.ListOwnRefundRequestsResponse:
        """The newest first."""
        accept(*faults_of_code(request))
        found = answered(await self._desk.own(OrderRef(request.house_id, request.order_id), request.ticket_code))
        return wire.ListOwnRefundRequestsResponse(requests=[request_message(one) for one in found])

    async def WithdrawOwnRefundRequest(  # noqa: N802
        self, request: wire.WithdrawOwnRefundRequestRequest, context: Context
    ) -> wire.WithdrawOwnRefundRequestResponse:
        """Taken back."""
        request_id = request.refund_request_id
        accept(*faults_of_code(request), refused_key("refund_request_id", request_id))
        ref = OrderRef(request.house_id, request.order_id)
        told = answered(await self._desk.withdraw(ref, request.ticket_code, request_id))
        return wire.WithdrawOwnRefundRequestResponse(request=request_message(told))

    async def ListRefundRequests(  # noqa: N802
        self, request: wire.ListRefundRequestsRequest, context: Context
    ) -> wire.ListRefundRequestsResponse:
        """The newest first."""
        unknown = any(state not in STATES for state in request.states)
        asked = asked_page(
            request.page_size,
            request.page_token,
            request.house_id,
            refused_key("house_id", request.house_id),
            refused_key("performance_id", request.performance_id) if request.performance_id else None,
            refused_key("order_id", request.order_id) if request.order_id else None,
            FieldInvalid("states", "has an unknown state", "RefundRequestState") if unknown else None,
        )
        if isinstance(asked, FieldInvalid):
            raise Refused(asked)
        wanted = RequestFilter(
            request.house_id,
            request.performance_id,
            request.order_id,
            frozenset(STATES[state] for state in request.states),
            asked.after,
            asked.size + 1,
        )
        found = await self._desk.page(wanted)
        response = wire.ListRefundRequestsResponse(requests=[request_message(one) for one in found[: asked.size]])
        if len(found) > asked.size:
            last = found[asked.size - 1].request
            response.next_page_token = token_after(request.house_id, last.refund_request_id, last.asked_at_ms)
        return response

    async def GetRefundRequest(  # noqa: N802
        self, request: wire.GetRefundRequestRequest, context: Context
    ) -> wire.GetRefundRequestResponse:
        """As it is now."""
        _named(request)
        told = answered(await self._desk.get(request.house_id, request.refund_request_id))
        return wire.GetRefundRequestResponse(request=request_message(told))

    async def GrantRefundRequest(  # noqa: N802
        self, request: wire.GrantRefundRequestRequest, context: Context
    ) -> wire.GrantRefundRequestResponse:
        """The house says yes."""
        _named(request)
        told = answered(await self._desk.grant(request.house_id, request.refund_request_id))
        return wire.GrantRefundRequestResponse(request=request_message(told))

    async def DeclineRefundRequest(  # noqa: N802
        self, request: wire.DeclineRefundRequestRequest, context: Context
    ) -> wire.DeclineRefundRequestResponse:
        """The house says no."""
        reason = decline_reason(request)
        told = answered(await self._desk.decline(request.house_id, request.refund_request_id, reason))
        return wire.DeclineRefundRequestResponse(request=request_message(told))


def _named(request: wire.GetRefundRequestRequest | wire.GrantRefundRequestRequest) -> None:
    accept(refused_key("house_id", request.house_id), refused_key("refund_request_id", request.refund_request_id))
