"""Tickets of what was sold."""

from __future__ import annotations

from typing import Protocol

from services.orders.domain.order import Order, Ticket
from services.orders.ports.answer import Declined


class Ticketing(Protocol):
    """Makes tickets. Raises Unanswered; the same order gets the same tickets again."""

    async def issue(self, order: Order) -> tuple[Ticket, ...] | Declined:
        """A ticket for each line of an order that is PAID and sold, in the lines' order."""
        ...
