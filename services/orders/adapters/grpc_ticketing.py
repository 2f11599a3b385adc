"""The Ticketing over gRPC."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import TYPE_CHECKING

import grpc
from balcon.ticketing.v1.ticketing_service_pb2 import (
    GetOrderTicketsRequest,
    IssuedTicket,
    IssuedTickets,
    IssueTicketsRequest,
    OrderTickets,
    TicketSeat,
)
from balcon.ticketing.v1.ticketing_service_pb2_grpc import TicketingServiceStub

from services.contracts.reasons import Reason
from services.contracts.wire_types import instant_ms, wire_instant
from services.orders.adapters.gathered_calls import GatheredCalls
from services.orders.adapters.grpc_answers import declined_or_raise, unanswered
from services.orders.domain.order import Order, OrderPart, Ticket
from services.orders.ports import Declined, OrderRef, Unanswered
from services.orders.ports.standing_tickets import StandingTicket
from services.runtime.telemetry.logging import get_logger
from services.runtime.telemetry.metrics import ANSWERS_NOT_UNDERSTOOD

if TYPE_CHECKING:
    from balcon.ticketing.v1.ticketing_service_pb2_grpc import TicketingServiceAsyncStub

_CALL = "IssueTickets"
# The seat was sold before, and its ticket is void as soon as ticketing has heard of it.
_SOON_MS = 250
# What a call takes: parts of orders, and their seats.
_MOST_PARTS, _MOST_SEATS = 100, 1_000
_MOST_ORDERS = 100
# Calls of a house at a time.
_LANES = 1

_log = get_logger("ticketing")


class GrpcTicketing:
    """See Ticketing, and StandingTickets."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub: TicketingServiceAsyncStub = TicketingServiceStub(channel)
        self._calls: GatheredCalls[Order, tuple[Ticket, ...]] = GatheredCalls(
            _CALL, self._issue, most=_MOST_ORDERS, lanes=_LANES
        )

    async def issue(self, order: Order) -> tuple[Ticket, ...] | Declined:
        """See Ticketing.issue. All parts in one call: the order has all of its tickets or waits for them."""
        return await self._calls.ask(order.house_id, order)

    async def standing(self, ref: OrderRef) -> Sequence[StandingTicket]:
        """See StandingTickets.standing."""
        request = GetOrderTicketsRequest(house_id=ref.house_id, order_id=ref.order_id)
        try:
            told = await self._stub.GetOrderTickets(request)
        except grpc.aio.AioRpcError as error:
            _ = declined_or_raise("GetOrderTickets", error, frozenset())
            raise
        return [
            StandingTicket(one.performance_id, _ticket(one.ticket), instant_ms(one.ticket.issued_at))
            for one in told.tickets
        ]

    async def _issue(
        self, house_id: str, orders: Sequence[Order]
    ) -> Sequence[tuple[Ticket, ...] | Declined | Unanswered]:
        answers: dict[int, tuple[Ticket, ...] | Declined | Unanswered] = {}
        for places in _fitting(orders):
            some = [orders[place] for place in places]
            wanted = [_wanted(order, part) for order in some for part in order.parts]
            response = await self._stub.IssueTickets(IssueTicketsRequest(house_id=house_id, orders=wanted))
            told = iter(response.orders)
            for place, order in zip(places, some, strict=True):
                answers[place] = _read(order, list(islice(told, len(order.parts))))
        return [answers[place] for place in range(len(orders))]


def _fitting(orders: Sequence[Order]) -> list[list[int]]:
    """The orders' places, call by call: none twice in one, and no more parts and seats than a call takes."""
    calls: list[list[int]] = []
    parts = seats = 0
    names: set[str] = set()
    for place, order in enumerate(orders):
        parts += len(order.parts)
        seats += len(order.seat_ids)
        if not calls or order.order_id in names or parts > _MOST_PARTS or seats > _MOST_SEATS:
            calls.append([])
            names.clear()
            parts, seats = len(order.parts), len(order.seat_ids)
        calls[-1].append(place)
        names.add(order.order_id)
    return calls


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


def _read(order: Order, told: Sequence[IssuedTickets]) -> tuple[Ticket, ...] | Declined | Unanswered:
    refused = {one.refused for one in told} - {""}
    if Reason.ORDER_ENDED in refused:
        return Declined(Reason.ORDER_ENDED)
    if refused == {Reason.SEAT_HAS_TICKET}:
        return Unanswered(_CALL, _SOON_MS)
    tickets = tuple(_ticket(ticket) for one in told for ticket in one.tickets)
    names = {one.order_id for one in told}
    if refused or names != {order.order_id} or tuple(ticket.seat_id for ticket in tickets) != order.seat_ids:
        ANSWERS_NOT_UNDERSTOOD.labels(_CALL).inc()
        _log.error("answer_not_understood", call=_CALL, order_id=order.order_id, reason=",".join(sorted(refused)))
        return unanswered(_CALL)
    return tickets


def _ticket(told: IssuedTicket) -> Ticket:
    return Ticket(told.ticket_id, told.seat_id, told.code, told.passed_on)
