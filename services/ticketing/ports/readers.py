"""What customers knows of whom letters go to."""

from __future__ import annotations

from typing import Protocol

from services.runtime.errors import Refusal
from services.ticketing.domain.sold_order import Reader


class Readers(Protocol):
    """Raises NeighbourSilent."""

    async def reader(self, house_id: str, customer_id: str) -> Reader | Refusal:
        """A customer; one that was erased is not found."""
        ...

    async def identified(self, house_id: str, ref: str, name: str, email: str, language: str) -> str | Refusal:
        """The customer that has the address, or a new one of that name."""
        ...
