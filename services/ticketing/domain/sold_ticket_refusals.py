"""Ways of saying no to what is done to tickets that were sold."""

from __future__ import annotations

from dataclasses import dataclass

from services.runtime.errors import Kind, Refusal


@dataclass(frozen=True, slots=True)
class NothingToSend(Refusal):
    """Order {order_id} has no tickets of its buyer's that let in."""

    kind = Kind.PRECONDITION
    order_id: str


@dataclass(frozen=True, slots=True)
class SentTooOften(Refusal):
    """The tickets of order {order_id} were sent again {most} times within a day; later will do."""

    kind = Kind.EXHAUSTED
    order_id: str
    most: int
    retry_after_ms: int


@dataclass(frozen=True, slots=True)
class TicketNotFound(Refusal):
    """No order of the house has a ticket {ticket_id}."""

    kind = Kind.NOT_FOUND
    ticket_id: str


@dataclass(frozen=True, slots=True)
class TicketIsVoid(Refusal):
    """Ticket {ticket_id} lets nobody in any more ({void_reason})."""

    kind = Kind.PRECONDITION
    ticket_id: str
    void_reason: str


@dataclass(frozen=True, slots=True)
class TicketIsTheirs(Refusal):
    """Ticket {ticket_id} is customer {customer_id}'s already."""

    kind = Kind.PRECONDITION
    ticket_id: str
    customer_id: str


@dataclass(frozen=True, slots=True)
class HolderMayNot(Refusal):
    """The house does not let tickets of performance {performance_id} be {act} by whoever holds them."""

    kind = Kind.PRECONDITION
    act: str
    performance_id: str


@dataclass(frozen=True, slots=True)
class HolderTimePassed(Refusal):
    """Tickets could be {act} until {until}."""

    kind = Kind.PRECONDITION
    act: str
    until: str


@dataclass(frozen=True, slots=True)
class TransferredTooOften(Refusal):
    """The ticket of seat {seat_id} of order {order_id} has changed hands as often as the house allows: {most} times."""

    kind = Kind.PRECONDITION
    order_id: str
    seat_id: str
    most: int


@dataclass(frozen=True, slots=True)
class TicketAskedBack(Refusal):
    """Request {refund_request_id} asks for the money of ticket {ticket_id}; it is decided or taken back first."""

    kind = Kind.PRECONDITION
    ticket_id: str
    refund_request_id: str


@dataclass(frozen=True, slots=True)
class TicketInExchange(Refusal):
    """Ticket {ticket_id} is being exchanged for order {new_order_id}; finish that one, or cancel it first."""

    kind = Kind.PRECONDITION
    ticket_id: str
    new_order_id: str
