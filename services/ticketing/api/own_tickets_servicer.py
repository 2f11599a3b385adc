"""OwnTicketsService: what whoever holds a ticket does with it."""

from __future__ import annotations

from collections.abc import Iterator

from balcon.ticketing.v1 import own_tickets_pb2 as pb
from balcon.ticketing.v1.own_tickets_pb2_grpc import OwnTicketsServiceServicer
from balcon.ticketing.v1.sold_tickets_pb2 import SoldTicket

from services.contracts.bounds import MAX_NAME_CHARS
from services.contracts.email_addresses import EmailAddress, email_address, refused_email
from services.contracts.languages import refused_language
from services.contracts.texts import refused_idempotency_key, refused_text
from services.contracts.ticket_codes import refused_ticket_code
from services.contracts.wire_requests import asked_once
from services.runtime.errors import FieldInvalid
from services.runtime.ids import refused_key
from services.runtime.rpc.errors import accept, answered
from services.runtime.rpc.interceptors import Context
from services.ticketing.domain.delivery import Delivery
from services.ticketing.domain.ticket import Ticket
from services.ticketing.handlers.own_tickets import OwnTicketHandler
from services.ticketing.handlers.sold_tickets import NewHolder

_Request = (
    pb.CheckOrderCodeRequest | pb.RenameOwnTicketRequest | pb.TransferOwnTicketRequest | pb.SendOwnTicketsAgainRequest
)


class OwnTicketsServicer(OwnTicketsServiceServicer):
    """See balcon.ticketing.v1.OwnTicketsService."""

    def __init__(self, own: OwnTicketHandler) -> None:
        self._own = own

    async def CheckOrderCode(self, request: pb.CheckOrderCodeRequest, context: Context) -> pb.CheckOrderCodeResponse:  # noqa: N802
        """Whose code it is."""
        accept(*_refused(request))
        shown = answered(await self._own.shown(request.house_id, request.order_id, request.ticket_code))
        return pb.CheckOrderCodeResponse(
            ticket=_ticket(shown.ticket),
            lets_in=shown.ticket.is_valid,
            tickets=[_ticket(one) for one in shown.held],
        )

    async def RenameOwnTicket(  # noqa: N802
        self, request: pb.RenameOwnTicketRequest, context: Context
    ) -> pb.RenameOwnTicketResponse:
        """Another name."""
        accept(
            *_refused(request),
            refused_idempotency_key(request.idempotency_key),
            refused_text("name", request.name, at_least=0, at_most=MAX_NAME_CHARS),
        )

        def response(ticket: Ticket) -> pb.RenameOwnTicketResponse:
            return pb.RenameOwnTicketResponse(ticket=_ticket(ticket))

        answer = await self._own.rename(
            asked_once(request, response), request.house_id, request.order_id, request.ticket_code, request.name
        )
        return pb.RenameOwnTicketResponse.FromString(answered(answer))

    async def TransferOwnTicket(  # noqa: N802
        self, request: pb.TransferOwnTicketRequest, context: Context
    ) -> pb.TransferOwnTicketResponse:
        """Another person's."""
        accept(
            *_refused(request),
            refused_idempotency_key(request.idempotency_key),
            refused_text("name", request.name, at_most=MAX_NAME_CHARS),
            refused_email(request.email),
            refused_language("language", request.language) if request.language else None,
        )

        def response(ticket: Ticket) -> pb.TransferOwnTicketResponse:
            return pb.TransferOwnTicketResponse(order_id=ticket.source.order_id, seat_id=ticket.seat.seat_id)

        address = email_address(request.email)
        assert isinstance(address, EmailAddress), "it was looked at already"
        holder = NewHolder(request.name, address.written, request.language)
        answer = await self._own.transfer(
            asked_once(request, response), request.house_id, request.order_id, request.ticket_code, holder
        )
        return pb.TransferOwnTicketResponse.FromString(answered(answer))

    async def SendOwnTicketsAgain(  # noqa: N802
        self, request: pb.SendOwnTicketsAgainRequest, context: Context
    ) -> pb.SendOwnTicketsAgainResponse:
        """Once more, to the address on file."""
        accept(*_refused(request), refused_idempotency_key(request.idempotency_key))

        def response(line: Delivery) -> pb.SendOwnTicketsAgainResponse:
            return pb.SendOwnTicketsAgainResponse(delivery_id=line.delivery_id)

        answer = await self._own.send_again(
            asked_once(request, response), request.house_id, request.order_id, request.ticket_code
        )
        return pb.SendOwnTicketsAgainResponse.FromString(answered(answer))


def _refused(request: _Request) -> Iterator[FieldInvalid | None]:
    """What opens an order."""
    yield refused_key("house_id", request.house_id)
    yield refused_key("order_id", request.order_id)
    yield refused_ticket_code("ticket_code", request.ticket_code)


def _ticket(ticket: Ticket) -> SoldTicket:
    return SoldTicket(
        ticket_id=ticket.ticket_id,
        order_id=ticket.source.order_id,
        performance_id=ticket.performance_id,
        seat_id=ticket.seat.seat_id,
        holder_id=ticket.holder_id,
    )
