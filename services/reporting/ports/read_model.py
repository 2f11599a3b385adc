"""The read model as events are brought into it, many at once."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from services.reporting.domain.totals import OrderFigures, Totals


class ReadModel(Protocol):
    """The read model inside one transaction, which is the events' own."""

    async def load(
        self, house_id: str, performance_id: str, order_ids: Collection[str]
    ) -> tuple[Totals, Mapping[str, OrderFigures]]:
        """The performance's totals, new ones if there are none, and what is known of these of its orders.

        Nobody else changes the performance until the transaction ends. Raises GenerationGone.
        """
        ...

    async def save(self, before: Totals, after: Totals, orders: Sequence[OrderFigures]) -> None:
        """Writes the totals where they differ from `before`, which load() returned, and these of its orders."""
        ...
