"""Tickets that an order asks for, and what it is told."""

from __future__ import annotations

from dataclasses import dataclass

from services.ticketing.domain.ticket import SeatOfTicket, Ticket

MAX_ORDERS = 100
MAX_SEATS = 1_000


@dataclass(frozen=True, slots=True)
class WantedTickets:
    """What an order has of one performance. `paid_at_ms`: since when it has been paid."""

    order_id: str
    performance_id: str
    seats: tuple[SeatOfTicket, ...]
    paid_at_ms: int


@dataclass(frozen=True, slots=True)
class Issued:
    """The tickets of the seats asked for, in their order."""

    tickets: tuple[Ticket, ...]
