"""What is asked of orders for an invoice."""

from __future__ import annotations

from typing import Protocol

from services.runtime.errors import Refusal
from services.ticketing.domain.invoice import InvoicedOrder


class OrdersToInvoice(Protocol):
    """Raises NeighbourSilent."""

    async def order(self, house_id: str, order_id: str) -> InvoicedOrder | Refusal:
        """As it stands now. Refusal: the house has no such order."""
        ...
