"""The totals as people are told of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from services.reporting.domain.totals import Totals


class TotalsReader(Protocol):
    """The read model as people are told of it."""

    async def totals(self, house_id: str, performance_id: str) -> Totals | None:
        """One performance of one house; None if the house has no such performance."""
        ...

    async def page(self, house_id: str, after_performance_id: str, limit: int) -> Sequence[Totals]:
        """The house's performances in order of id, those after the given id, at most `limit`."""
        ...
