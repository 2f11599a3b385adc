"""The read model as events are brought into it."""

from __future__ import annotations

from typing import Protocol

from services.reporting.domain.totals import OrderFigures, Totals


class ReadModel(Protocol):
    """The read model inside one transaction, which is the event's own."""

    async def load(
        self, house_id: str, performance_id: str, order_id: str | None
    ) -> tuple[Totals, OrderFigures | None]:
        """The performance's totals, new ones if there are none, and what is known of one of its orders.

        Nobody else changes the performance until the transaction ends. Raises GenerationGone.
        """
        ...

    async def save(self, before: Totals, after: Totals, order: OrderFigures | None) -> None:
        """Writes the totals where they differ from `before`, which load() returned, and the order."""
        ...
