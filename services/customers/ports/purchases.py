"""Who has bought what, as the order events tell it: ids only."""

from __future__ import annotations

from typing import Protocol

from services.customers.domain.audience import Purchase


class Purchases(Protocol):
    """Of one house."""

    async def add(self, purchase: Purchase) -> None:
        """The same one again changes nothing."""
        ...

    async def end(self, order_id: str, performance_id: str) -> None:
        """The money has gone back: it was bought no more."""
        ...

    async def move(self, merged_customer_id: str, customer_id: str) -> None:
        """They are the other's from now on."""
        ...

    async def remove(self, customer_id: str) -> None:
        """All of a customer's."""
        ...

    async def learn_show(self, performance_id: str, production_id: str) -> None:
        """Which production a performance is of."""
        ...

    async def production_of(self, performance_id: str) -> str:
        """'' where nobody has told yet."""
        ...
