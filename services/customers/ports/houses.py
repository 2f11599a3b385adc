"""Houses, asked of the service that keeps them."""

from __future__ import annotations

from typing import Protocol

from services.customers.domain.house import House
from services.runtime.errors import Retryable


class HousesUnanswered(Retryable):
    """Accounts does not say now what a house is."""


class Houses(Protocol):
    """Accounts, asked."""

    async def house(self, house_id: str) -> House | None:
        """None: there is none. Raises HousesUnanswered."""
        ...
