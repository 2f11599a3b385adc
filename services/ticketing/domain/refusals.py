"""Ticketing's own ways of saying no. Another house's things are not found, never forbidden (INV-8)."""

from __future__ import annotations

from dataclasses import dataclass

from services.runtime.errors import Kind, Refusal


@dataclass(frozen=True, slots=True)
class OrderEnded(Refusal):
    """The money of order {order_id} goes back: it gets no tickets any more."""

    kind = Kind.PRECONDITION
    order_id: str


@dataclass(frozen=True, slots=True)
class SeatHasTicket(Refusal):
    """Somebody else has a valid ticket for {seats}; it passes once that one is void."""

    kind = Kind.CONFLICT
    seats: tuple[str, ...]
