"""Rows of deals, inside one transaction. Versions are only added."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import NamedTuple, Protocol

from services.reporting.domain.settlement_document import KeptDeal


class DealThing(Enum):
    """What a deal is for. Values are what stores keep."""

    PRODUCTION = "production"
    PERFORMANCE = "performance"


class DealKey(NamedTuple):
    """What one deal is for."""

    thing: DealThing
    thing_id: str


class Deals(Protocol):
    """Any call may raise StoreUnavailable."""

    async def lock(self, key: DealKey) -> KeptDeal | None:
        """The version that holds; who else locks it waits until the transaction ends."""
        ...

    async def get(self, key: DealKey, version: int = 0) -> KeptDeal | None:
        """A version; 0 is the one that holds."""
        ...

    async def holding(self, production_id: str, performance_id: str) -> KeptDeal | None:
        """What a performance is settled by: its own deal, or else its production's."""
        ...

    async def add(self, deal: KeptDeal) -> None: ...

    async def page(self, after: DealKey | None, limit: int) -> Sequence[KeptDeal]:
        """Those that hold, by what they are for."""
        ...
