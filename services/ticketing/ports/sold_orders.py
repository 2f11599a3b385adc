"""What orders knows of what was sold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from services.runtime.errors import Refusal
from services.ticketing.domain.holder_rules import HolderRules
from services.ticketing.domain.sold_order import SoldOrder


class SoldOrders(Protocol):
    """Raises NeighbourSilent."""

    async def order(self, house_id: str, order_id: str) -> SoldOrder | Refusal: ...

    async def asked_back(self, house_id: str, order_id: str) -> Mapping[tuple[str, str], str]:
        """The request for a refund that nobody has decided yet, by performance and seat."""
        ...

    async def holder_rules(self, house_id: str, performance_id: str) -> HolderRules:
        """What the house lets whoever holds a ticket of the performance do."""
        ...
