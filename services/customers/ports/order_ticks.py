"""What was ticked in the checkouts of one house."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from services.customers.domain.consent import Tick


class OrderTicks(Protocol):
    """What was ticked in a checkout, until its order is there."""

    async def add(self, ticked: Mapping[tuple[str, str], Sequence[Tick]]) -> None:
        """By order and customer. The same ones again change nothing."""
        ...

    async def take(self, order_id: str) -> Sequence[tuple[str, Tick]]:
        """Customer and tick of each; they are gone with it."""
        ...

    async def remove(self, customer_id: str) -> None:
        """A person's are gone with it."""
        ...
