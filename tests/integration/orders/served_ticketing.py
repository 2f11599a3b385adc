"""Ticketing as the orders service sees it over gRPC."""

# ruff: noqa: N802 (gRPC's names)

from __future__ import annotations

from balcon.ticketing.v1 import ticketing_service_pb2 as ticketing
from balcon.ticketing.v1.ticketing_service_pb2_grpc import TicketingServiceServicer

from services.orders.adapters.memory_ticketing import MemoryTicketing
from services.orders.ports import Declined
from tests.integration.orders.trouble import Context, Trouble
from tests.unit.orders.builders import an_order


class ServedTicketing(TicketingServiceServicer):
    """MemoryTicketing on the wire."""

    def __init__(self, twin: MemoryTicketing, trouble: Trouble) -> None:
        self.twin = twin
        self.trouble = trouble
        # What orders are told instead of tickets.
        self.refused: list[str] = []
        # How tickets stand after they were passed on, by order.
        self.standing: dict[str, list[ticketing.OrderTicket]] = {}

    async def IssueTickets(
        self, request: ticketing.IssueTicketsRequest, context: Context
    ) -> ticketing.IssueTicketsResponse:
        self.trouble.meet("IssueTickets")
        response = ticketing.IssueTicketsResponse()
        refused = self.refused.pop(0) if self.refused else ""
        for one in request.orders:
            told = response.orders.add(order_id=one.order_id, performance_id=one.performance_id, refused=refused)
            order = an_order(
                order_id=one.order_id,
                house_id=request.house_id,
                performance_id=one.performance_id,
                seats=tuple(seat.seat_id for seat in one.seats),
            )
            made = await self.twin.issue(order)
            assert not isinstance(made, Declined)
            if not refused:
                told.tickets.extend(
                    ticketing.IssuedTicket(ticket_id=ticket.ticket_id, seat_id=ticket.seat_id, code=ticket.barcode)
                    for ticket in made
                )
        self.trouble.meet_after()
        return response

    async def GetOrderTickets(
        self, request: ticketing.GetOrderTicketsRequest, context: Context
    ) -> ticketing.GetOrderTicketsResponse:
        self.trouble.meet("GetOrderTickets")
        told = list(self.standing.get(request.order_id, ()))
        self.trouble.meet_after()
        return ticketing.GetOrderTicketsResponse(tickets=told)
