"""What is asked of customers for an invoice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class KnownBuyer:
    """A customer as the house's customers have them."""

    name: str
    language: str


class BuyersOfInvoices(Protocol):
    """Raises NeighbourSilent."""

    async def buyer(self, house_id: str, customer_id: str) -> KnownBuyer | None:
        """None: erased, or nobody wrote them down."""
        ...
