"""Tickets of an order as ticketing has them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from services.orders.domain.order import Ticket
from services.orders.ports.order_store import OrderRef


@dataclass(frozen=True, slots=True)
class StandingTicket:
    """A ticket as it stands. Of two of one seat of an order, the one that was issued later is the ticket."""

    performance_id: str
    ticket: Ticket
    issued_at_ms: int


class StandingTickets(Protocol):
    """Ticketing, asked about an order."""

    async def standing(self, ref: OrderRef) -> Sequence[StandingTicket]:
        """Its tickets that let in. Raises Unanswered."""
        ...
