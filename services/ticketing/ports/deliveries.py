"""The ledger of letters to buyers."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

from services.contracts.pages import Place
from services.ticketing.domain.delivery import Delivery, DeliveryKind, DeliveryState


@dataclass(frozen=True, slots=True)
class WrittenLine:
    """A line as it is to be, and as whoever writes it has seen it."""

    line: Delivery
    seen: Delivery


class Deliveries(Protocol):
    """Of one house, inside a transaction. Any call may raise StoreUnavailable."""

    async def plan(self, lines: Sequence[Delivery]) -> None:
        """Adds those whose occasion has none yet for that person."""
        ...

    async def page(
        self, after: Place | None, limit: int, order_id: str, states: Collection[DeliveryState]
    ) -> Sequence[Delivery]:
        """The newest first; `order_id` '' is every order, no `states` is every state."""
        ...

    async def of_customers(self, customer_ids: Collection[str]) -> Sequence[Delivery]:
        """Letters to them, and to others for what they bought; the oldest first."""
        ...

    async def count_again(
        self, order_id: str, since_ms: int, kinds: Collection[DeliveryKind] = (DeliveryKind.AGAIN,)
    ) -> int:
        """How many letters of these kinds an order has had since then."""
        ...

    async def write(self, lines: Sequence[WrittenLine]) -> set[str]:
        """The ids of those that were as they had been seen, and so are written."""
        ...
