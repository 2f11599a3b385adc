"""Tickets and letters of a customer, asked of the service that keeps them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from services.runtime.errors import Retryable


class TicketsUnanswered(Retryable):
    """Ticketing does not say now what it keeps of somebody; nothing was done."""


@dataclass(frozen=True, slots=True)
class ToldTickets:
    """As they are told to the person whose they are."""

    tickets: Sequence[Mapping[str, Any]]
    letters: Sequence[Mapping[str, Any]]


class TicketsOfCustomers(Protocol):
    """Raises TicketsUnanswered."""

    async def of(self, house_id: str, customer_ids: Sequence[str]) -> ToldTickets:
        """All that is kept there of a person with these records."""
        ...
