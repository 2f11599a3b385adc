"""Ticketing's door to orders as the orders service sees it over gRPC."""

# ruff: noqa: N802 (gRPC's names)

from __future__ import annotations

from balcon.ticketing.v1 import own_tickets_pb2 as ticketing
from balcon.ticketing.v1.own_tickets_pb2_grpc import OwnTicketsServiceServicer
from balcon.ticketing.v1.sold_tickets_pb2 import SoldTicket

from services.contracts.order_code_refusals import OrderCodeWrong
from services.contracts.voucher_refusals import TooManyWrongCodes
from services.orders.adapters.memory_ticketing import MemoryTicketing
from services.runtime.rpc.errors import Refused
from tests.integration.orders.trouble import Context

MOST = 3


class ServedDoor(OwnTicketsServiceServicer):
    """Of the tickets that MemoryTicketing has made. `passed_on`: by the ticket's id, who has it instead."""

    def __init__(self, twin: MemoryTicketing) -> None:
        self.twin = twin
        self.passed_on: dict[str, str] = {}
        self.wrong = 0

    async def CheckOrderCode(
        self, request: ticketing.CheckOrderCodeRequest, context: Context
    ) -> ticketing.CheckOrderCodeResponse:
        if self.wrong > MOST:
            raise Refused(TooManyWrongCodes(600_000))
        mine = [
            (ticket, performance_id)
            for (order_id, performance_id, _), ticket in self.twin.tickets.items()
            if order_id == request.order_id
        ]
        found = next((one for one in mine if one[0].barcode == request.ticket_code), None)
        if found is None:
            self.wrong += 1
            raise Refused(OrderCodeWrong())
        told = {
            ticket.ticket_id: SoldTicket(
                ticket_id=ticket.ticket_id,
                order_id=request.order_id,
                performance_id=performance_id,
                seat_id=ticket.seat_id,
                holder_id=self.passed_on.get(ticket.ticket_id, ""),
            )
            for ticket, performance_id in mine
        }
        shown = told[found[0].ticket_id]
        held = [one for one in told.values() if one.holder_id == shown.holder_id]
        return ticketing.CheckOrderCodeResponse(ticket=shown, lets_in=True, tickets=held)
