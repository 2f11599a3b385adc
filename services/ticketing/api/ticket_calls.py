"""balcon.ticketing.v1.TicketingService, tickets of orders and what doors ask."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

from balcon.ticketing.v1 import ticketing_service_pb2 as pb
from balcon.ticketing.v1.ticketing_events_pb2 import VoidReason as WireReason

from services.contracts.bounds import (
    MAX_NUMBER_CHARS,
    MAX_SEAT_ID_CHARS,
    MAX_SEATS_PER_HOLD,
    MAX_TICKET_TYPE_CHARS,
    MAX_ZONE_CHARS,
)
from services.contracts.pages import page_size_of, refused_page_size
from services.contracts.texts import refused_text
from services.contracts.ticket_codes import MAX_PERFORMANCE_CHARS, fits_a_code
from services.contracts.wire_types import instant_ms, wire_instant
from services.runtime.errors import UNSET, FieldInvalid, Refusal
from services.runtime.ids import refused_key
from services.runtime.rpc.errors import accept
from services.runtime.rpc.interceptors import Context
from services.ticketing.domain.ticket import MAX_FOREIGN_CODE_CHARS, Revocation, SeatOfTicket, Ticket, VoidReason
from services.ticketing.domain.wanted_tickets import MAX_ORDERS, MAX_SEATS, Issued, WantedTickets
from services.ticketing.handlers.code_checks import CodeCheckHandler
from services.ticketing.handlers.order_tickets import OrderTicketHandler

_MAX_AFTER = 2**63 - 1


class TicketCalls:
    """Stateless; everything lives in the handlers."""

    _order_tickets: OrderTicketHandler
    _code_checks: CodeCheckHandler

    async def IssueTickets(self, request: pb.IssueTicketsRequest, context: Context) -> pb.IssueTicketsResponse:  # noqa: N802
        accept(refused_key("house_id", request.house_id), *_refused_orders(request))
        wanted = [
            WantedTickets(
                one.order_id, one.performance_id, tuple(_seat(seat) for seat in one.seats), instant_ms(one.paid_at)
            )
            for one in request.orders
        ]
        answers = await self._order_tickets.issue(request.house_id, wanted)
        return pb.IssueTicketsResponse(
            orders=[_issued(one, answer) for one, answer in zip(wanted, answers, strict=True)]
        )

    async def GetOrderTickets(  # noqa: N802
        self, request: pb.GetOrderTicketsRequest, context: Context
    ) -> pb.GetOrderTicketsResponse:
        accept(refused_key("house_id", request.house_id), refused_key("order_id", request.order_id))
        tickets = await self._order_tickets.standing(request.house_id, request.order_id)
        return pb.GetOrderTicketsResponse(
            tickets=[pb.OrderTicket(performance_id=one.performance_id, ticket=_issued_ticket(one)) for one in tickets]
        )

    async def CheckCode(self, request: pb.CheckCodeRequest, context: Context) -> pb.CheckCodeResponse:  # noqa: N802
        accept(
            refused_key("house_id", request.house_id),
            refused_key("performance_id", request.performance_id),
            refused_text("code", request.code, at_most=MAX_FOREIGN_CODE_CHARS),
        )
        checked = await self._code_checks.check(request.house_id, request.performance_id, request.code)
        response = pb.CheckCodeResponse(verdict=pb.CodeVerdict.Value(f"CODE_VERDICT_{checked.verdict.value}"))
        if checked.ticket is not None:
            _tell(response, checked.ticket)
        return response

    async def ListRevocations(  # noqa: N802
        self, request: pb.ListRevocationsRequest, context: Context
    ) -> pb.ListRevocationsResponse:
        accept(
            refused_key("house_id", request.house_id),
            refused_key("performance_id", request.performance_id),
            _refused_after(request.after),
            refused_page_size(request.page_size),
        )
        size = page_size_of(request.page_size)
        found, last = await self._code_checks.revocations(request.house_id, request.performance_id, request.after, size)
        return pb.ListRevocationsResponse(revocations=[_revocation(one) for one in found], last_number=last)

    async def WatchRevocations(  # noqa: N802
        self, request: pb.WatchRevocationsRequest, context: Context
    ) -> AsyncIterator[pb.WatchRevocationsResponse]:
        accept(
            refused_key("house_id", request.house_id),
            refused_key("performance_id", request.performance_id),
            _refused_after(request.after),
        )
        async for found, last in self._code_checks.watch(request.house_id, request.performance_id, request.after):
            yield pb.WatchRevocationsResponse(revocations=[_revocation(one) for one in found], last_number=last)


def _refused_after(after: int) -> FieldInvalid | None:
    return None if after <= _MAX_AFTER else FieldInvalid("after", f"is {after}", f"0 to {_MAX_AFTER}")


def _refused_orders(request: pb.IssueTicketsRequest) -> Iterator[FieldInvalid | None]:
    count, seats = len(request.orders), sum(len(one.seats) for one in request.orders)
    if not 1 <= count <= MAX_ORDERS:
        yield FieldInvalid("orders", f"has {count}" if count else UNSET, f"1 to {MAX_ORDERS} orders")
    if seats > MAX_SEATS:
        yield FieldInvalid("orders", f"has {seats:,} seats", f"at most {MAX_SEATS:,} seats in all")
    parts = [(one.order_id, one.performance_id) for one in request.orders]
    if len(set(parts)) < len(parts):
        yield FieldInvalid("orders", "has an order twice for one performance", "each of them once")
    for place, one in enumerate(request.orders[:MAX_ORDERS]):
        yield from _refused_order(f"orders[{place}]", one)


def _refused_order(name: str, one: pb.OrderTickets) -> Iterator[FieldInvalid | None]:
    yield refused_key(f"{name}.order_id", one.order_id)
    yield refused_key(f"{name}.performance_id", one.performance_id)
    if one.performance_id and not fits_a_code(one.performance_id):
        limit = f"1 to {MAX_PERFORMANCE_CHARS} characters"
        yield FieldInvalid(f"{name}.performance_id", f"has {len(one.performance_id)} characters", limit)
    if not one.HasField("paid_at"):
        yield FieldInvalid(f"{name}.paid_at", UNSET, "a time")
    if not 1 <= len(one.seats) <= MAX_SEATS_PER_HOLD:
        problem = f"has {len(one.seats)}" if one.seats else UNSET
        yield FieldInvalid(f"{name}.seats", problem, f"1 to {MAX_SEATS_PER_HOLD} seats")
    if len({seat.seat_id for seat in one.seats}) < len(one.seats):
        yield FieldInvalid(f"{name}.seats", "has a seat twice", "each seat once")
    for place, seat in enumerate(one.seats[:MAX_SEATS_PER_HOLD]):
        here = f"{name}.seats[{place}]"
        yield refused_text(f"{here}.seat_id", seat.seat_id, at_most=MAX_SEAT_ID_CHARS)
        yield refused_text(f"{here}.ticket_type", seat.ticket_type, at_most=MAX_TICKET_TYPE_CHARS)
        yield refused_text(f"{here}.zone", seat.zone, at_least=0, at_most=MAX_ZONE_CHARS)
        yield refused_text(f"{here}.row_name", seat.row_name, at_least=0, at_most=MAX_NUMBER_CHARS)
        yield refused_text(f"{here}.seat_name", seat.seat_name, at_least=0, at_most=MAX_NUMBER_CHARS)


def _seat(seat: pb.TicketSeat) -> SeatOfTicket:
    return SeatOfTicket(seat.seat_id, seat.ticket_type, seat.zone, seat.row_name, seat.seat_name)


def _issued(wanted: WantedTickets, answer: Issued | Refusal) -> pb.IssuedTickets:
    message = pb.IssuedTickets(order_id=wanted.order_id, performance_id=wanted.performance_id)
    if isinstance(answer, Refusal):
        message.refused = answer.reason()
    else:
        message.tickets.extend(_issued_ticket(ticket) for ticket in answer.tickets)
    return message


def _issued_ticket(ticket: Ticket) -> pb.IssuedTicket:
    """To whoever bought: another holder's code is nothing of theirs."""
    return pb.IssuedTicket(
        ticket_id=ticket.ticket_id,
        seat_id=ticket.seat.seat_id,
        code="" if ticket.holder_id else ticket.code,
        passed_on=bool(ticket.holder_id),
        issued_at=wire_instant(ticket.issued_at_ms),
    )


def _tell(response: pb.CheckCodeResponse, ticket: Ticket) -> None:
    response.ticket_id = ticket.ticket_id
    response.seat_id = ticket.seat.seat_id
    response.ticket_type = ticket.seat.ticket_type
    if ticket.void_reason is not None:
        response.void_reason = _reason(ticket.void_reason)
        response.voided_at.CopyFrom(wire_instant(ticket.voided_at_ms))


def _revocation(one: Revocation) -> pb.CodeRevocation:
    return pb.CodeRevocation(
        number=one.number,
        ticket_id=one.ticket_id,
        foreign_code=one.foreign_code,
        reason=_reason(one.reason),
        voided_at=wire_instant(one.voided_at_ms),
    )


def _reason(reason: VoidReason) -> WireReason.ValueType:
    return WireReason.Value(f"VOID_REASON_{reason.value}")
