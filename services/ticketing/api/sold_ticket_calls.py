"""balcon.ticketing.v1.TicketingService, tickets that were sold and the letters about them."""

from __future__ import annotations

from balcon.ticketing.v1 import ticketing_service_pb2 as pb

from services.contracts.bounds import MAX_NAME_CHARS
from services.contracts.email_addresses import EmailAddress, email_address, refused_email
from services.contracts.languages import refused_language
from services.contracts.pages import asked_page, token_after
from services.contracts.texts import refused_idempotency_key, refused_text
from services.contracts.wire_requests import asked_once
from services.contracts.wire_types import wire_instant, wire_instant_or_none
from services.runtime.errors import FieldInvalid
from services.runtime.ids import refused_key
from services.runtime.rpc.errors import Refused, accept, answered
from services.runtime.rpc.interceptors import Context
from services.ticketing.domain.delivery import Delivery, DeliveryState
from services.ticketing.domain.ticket import Ticket
from services.ticketing.handlers.sold_tickets import NewHolder, SoldTicketHandler

_STATES = {pb.DeliveryState.Value(f"DELIVERY_STATE_{state.value}"): state for state in DeliveryState}


# Of one person; whoever was merged more often is asked for in parts.
MAX_RECORDS = 100


class SoldTicketCalls:
    """Stateless; everything lives in the handler."""

    _sold_tickets: SoldTicketHandler

    async def ListDeliveries(  # noqa: N802
        self, request: pb.ListDeliveriesRequest, context: Context
    ) -> pb.ListDeliveriesResponse:
        asked = asked_page(
            request.page_size,
            request.page_token,
            request.house_id,
            refused_key("house_id", request.house_id),
            refused_key("order_id", request.order_id) if request.order_id else None,
            *(_refused_state(f"states[{place}]", state) for place, state in enumerate(request.states)),
        )
        if isinstance(asked, FieldInvalid):
            raise Refused(asked)
        states = [_STATES[state] for state in request.states]
        found, more = await self._sold_tickets.page(request.house_id, request.order_id, states, asked)
        response = pb.ListDeliveriesResponse(deliveries=[_delivery(line) for line in found])
        if more:
            last = found[-1]
            response.next_page_token = token_after(request.house_id, last.delivery_id, last.created_at_ms)
        return response

    async def GetTicketsOfCustomers(  # noqa: N802
        self, request: pb.GetTicketsOfCustomersRequest, context: Context
    ) -> pb.GetTicketsOfCustomersResponse:
        ids, count = request.customer_ids, len(request.customer_ids)
        accept(
            refused_key("house_id", request.house_id),
            None if 1 <= count <= MAX_RECORDS else FieldInvalid("customer_ids", f"has {count}", f"1 to {MAX_RECORDS}"),
            *(refused_key(f"customer_ids[{place}]", one) for place, one in enumerate(ids[:MAX_RECORDS])),
        )
        tickets, letters = await self._sold_tickets.of_customers(request.house_id, ids)
        return pb.GetTicketsOfCustomersResponse(
            tickets=[_of_customer(ticket, name) for ticket, name in tickets],
            letters=[_letter(letter, email) for letter, email in letters],
        )

    async def SendTicketsAgain(  # noqa: N802
        self, request: pb.SendTicketsAgainRequest, context: Context
    ) -> pb.SendTicketsAgainResponse:
        accept(
            refused_idempotency_key(request.idempotency_key),
            refused_key("house_id", request.house_id),
            refused_key("order_id", request.order_id),
            refused_email(request.email) if request.email else None,
        )

        def response(line: Delivery) -> pb.SendTicketsAgainResponse:
            return pb.SendTicketsAgainResponse(delivery_id=line.delivery_id)

        email = _written(request.email) if request.email else ""
        answer = await self._sold_tickets.send_again(
            asked_once(request, response), request.house_id, request.order_id, email
        )
        return pb.SendTicketsAgainResponse.FromString(answered(answer))

    async def RenameTicket(self, request: pb.RenameTicketRequest, context: Context) -> pb.RenameTicketResponse:  # noqa: N802
        accept(
            refused_idempotency_key(request.idempotency_key),
            refused_key("house_id", request.house_id),
            refused_key("ticket_id", request.ticket_id),
            refused_text("name", request.name, at_least=0, at_most=MAX_NAME_CHARS),
        )

        def response(ticket: Ticket) -> pb.RenameTicketResponse:
            return pb.RenameTicketResponse(ticket=_ticket(ticket))

        answer = await self._sold_tickets.rename(
            asked_once(request, response), request.house_id, request.ticket_id, request.name
        )
        return pb.RenameTicketResponse.FromString(answered(answer))

    async def TransferTicket(  # noqa: N802
        self, request: pb.TransferTicketRequest, context: Context
    ) -> pb.TransferTicketResponse:
        accept(
            refused_idempotency_key(request.idempotency_key),
            refused_key("house_id", request.house_id),
            refused_key("ticket_id", request.ticket_id),
            refused_text("name", request.name, at_most=MAX_NAME_CHARS),
            refused_email(request.email),
            refused_language("language", request.language) if request.language else None,
        )

        def response(ticket: Ticket) -> pb.TransferTicketResponse:
            return pb.TransferTicketResponse(ticket=_ticket(ticket))

        holder = NewHolder(request.name, _written(request.email), request.language)
        answer = await self._sold_tickets.transfer(
            asked_once(request, response), request.house_id, request.ticket_id, holder
        )
        return pb.TransferTicketResponse.FromString(answered(answer))


def _written(email: str) -> str:
    address = email_address(email)
    assert isinstance(address, EmailAddress), "it was looked at already"
    return address.written


def _refused_state(field: str, state: pb.DeliveryState.ValueType) -> FieldInvalid | None:
    if state in _STATES:
        return None
    return FieldInvalid(field, f"{int(state)} is not a state", ", ".join(one.value for one in DeliveryState))


def _delivery(line: Delivery) -> pb.Delivery:
    return pb.Delivery(
        delivery_id=line.delivery_id,
        order_id=line.occasion.order_id,
        kind=pb.DeliveryKind.Value(f"DELIVERY_KIND_{line.occasion.kind.value}"),
        performance_id=line.occasion.performance_id,
        customer_id=line.customer_id,
        state=pb.DeliveryState.Value(f"DELIVERY_STATE_{line.state.value}"),
        attempts=line.attempts,
        unknown=line.unknown,
        reason=line.reason,
        created_at=wire_instant(line.created_at_ms),
        due_at=wire_instant(line.due_at_ms) if line.is_open else None,
        ended_at=wire_instant_or_none(line.ended_at_ms),
    )


def _ticket(ticket: Ticket) -> pb.SoldTicket:
    return pb.SoldTicket(
        ticket_id=ticket.ticket_id,
        order_id=ticket.source.order_id,
        performance_id=ticket.performance_id,
        seat_id=ticket.seat.seat_id,
        holder_id=ticket.holder_id,
    )


def _of_customer(ticket: Ticket, name: str) -> pb.TicketOfCustomer:
    return pb.TicketOfCustomer(
        ticket=_ticket(ticket),
        name=name,
        issued_at=wire_instant(ticket.issued_at_ms),
        voided_at=None if ticket.is_valid else wire_instant(ticket.voided_at_ms),
    )


def _letter(line: Delivery, email: str) -> pb.LetterOfCustomer:
    return pb.LetterOfCustomer(
        delivery_id=line.delivery_id,
        order_id=line.occasion.order_id,
        kind=pb.DeliveryKind.Value(f"DELIVERY_KIND_{line.occasion.kind.value}"),
        state=pb.DeliveryState.Value(f"DELIVERY_STATE_{line.state.value}"),
        created_at=wire_instant(line.created_at_ms),
        email=email,
    )
