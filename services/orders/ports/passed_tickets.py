"""Tickets that changed hands: what orders keep of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from services.orders.ports.order_store import OrderRef
from services.orders.ports.standing_tickets import StandingTicket


class PassedTickets(Protocol):
    """Rows of tickets of which one was passed on since they were kept. Any call may raise StoreUnavailable."""

    async def lease_due(self, now_ms: int, until_ms: int, limit: int) -> Sequence[OrderRef]:
        """The orders of so many tickets that are to be asked for; nobody else gets these before `until_ms`."""
        ...

    async def keep(self, ref: OrderRef, tickets: Sequence[StandingTicket], until_ms: int) -> None:
        """In place of older ones of the order; what was leased until then is not asked for again."""
        ...
