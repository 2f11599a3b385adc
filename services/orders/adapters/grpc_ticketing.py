"""The Ticketing over gRPC."""

from __future__ import annotations

from typing import TYPE_CHECKING

import grpc
from balcon.ticketing.v1.ticketing_service_pb2 import (
    IssueTicketsRequest,
    IssueTicketsResponse,
    OrderTickets,
    TicketSeat,
)
from balcon.ticketing.v1.ticketing_service_pb2_grpc import TicketingServiceStub

from services.contracts.reasons import Reason
from services.contracts.wire_types import wire_instant
from services.orders.adapters.grpc_answers import declined_or_raise, unanswered
from services.orders.domain.order import Order, OrderPart, Ticket
from services.orders.ports import Declined, Unanswered
from services.runtime.telemetry.logging import get_logger
from services.runtime.telemetry.metrics import ANSWERS_NOT_UNDERSTOOD

if TYPE_CHECKING:
    from balcon.ticketing.v1.ticketing_service_pb2_grpc import TicketingServiceAsyncStub

_CALL = "IssueTickets"
# The seat was sold before, and its ticket is void as soon as ticketing has heard of it.
_SOON_MS = 250

_log = get_logger("ticketing")


class GrpcTicketing:
    """See Ticketing."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub: TicketingServiceAsyncStub = TicketingServiceStub(channel)

    async def issue(self, order: Order) -> tuple[Ticket, ...] | Declined:
        """See Ticketing.issue. All parts in one call: the order has all of its tickets or waits for them."""
        request = IssueTicketsRequest(house_id=order.house_id, orders=[_wanted(order, part) for part in order.parts])
        try:
            response = await self._stub.IssueTickets(request)
        except grpc.aio.AioRpcError as error:
            return declined_or_raise(_CALL, error, frozenset())
        return _read(order, response)


def _wanted(order: Order, part: OrderPart) -> OrderTickets:
    seats = [
        TicketSeat(
            seat_id=line.seat_id,
            ticket_type=line.ticket_type,
            zone=line.seat_name.zone,
            row_name=line.seat_name.row,
            seat_name=line.seat_name.seat,
        )
        for line in part.lines
    ]
    return OrderTickets(
        order_id=order.order_id,
        performance_id=part.performance_id,
        seats=seats,
        paid_at=wire_instant(order.state_since_ms),
    )


def _read(order: Order, response: IssueTicketsResponse) -> tuple[Ticket, ...] | Declined:
    refused = {one.refused for one in response.orders} - {""}
    if Reason.ORDER_ENDED in refused:
        return Declined(Reason.ORDER_ENDED)
    if refused == {Reason.SEAT_HAS_TICKET}:
        raise Unanswered(_CALL, _SOON_MS)
    tickets = tuple(Ticket(one.ticket_id, one.seat_id, one.code) for told in response.orders for one in told.tickets)
    if refused or tuple(ticket.seat_id for ticket in tickets) != order.seat_ids:
        ANSWERS_NOT_UNDERSTOOD.labels(_CALL).inc()
        _log.error("answer_not_understood", call=_CALL, order_id=order.order_id, reason=",".join(sorted(refused)))
        raise unanswered(_CALL)
    return tickets
