"""What orders knows of what was sold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from services.runtime.errors import Refusal
from services.ticketing.domain.holder_rules import HolderRules
from services.ticketing.domain.sold_order import AskedBack, SoldOrder


class SoldOrders(Protocol):
    """Raises NeighbourSilent."""

    async def order(self, house_id: str, order_id: str) -> SoldOrder | Refusal: ...

    async def asked_back(self, house_id: str, order_id: str) -> Mapping[tuple[str, str], str]:
        """The request for a refund that nobody has decided yet, by performance and seat."""
        ...

    async def refund_request(self, house_id: str, refund_request_id: str) -> AskedBack | Refusal:
        """What a buyer has asked back, and what became of it."""
        ...

    async def holder_rules(self, house_id: str, performance_id: str) -> HolderRules:
        """What the house lets whoever holds a ticket of the performance do."""
        ...
