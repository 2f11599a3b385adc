"""What orders knows of what was sold."""

from __future__ import annotations

from typing import Protocol

from services.runtime.errors import Refusal
from services.ticketing.domain.sold_order import SoldOrder


class SoldOrders(Protocol):
    """Raises NeighbourSilent."""

    async def order(self, house_id: str, order_id: str) -> SoldOrder | Refusal: ...
