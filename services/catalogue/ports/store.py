"""What the catalogue's handlers need from a store. What belongs to a house is asked for with its house id."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from services.catalogue.domain.performance import Performance
from services.catalogue.domain.plan_version import WantedPlan
from services.catalogue.domain.seating_plan import SeatingPlan
from services.catalogue.ports.transaction import CatalogueTransaction


class CatalogueStore(Protocol):
    """The catalogue's record. Every call may raise StoreUnavailable."""

    def transaction(self, house_id: str) -> AbstractAsyncContextManager[CatalogueTransaction]:
        """Over what belongs to the house. Undone unless commit() was called."""
        ...

    async def purge_keys(self, created_before_ms: int, limit: int) -> int:
        """Forgets at most `limit` idempotency keys that are older; returns how many."""
        ...

    async def plans_wanted(self, limit: int) -> Sequence[WantedPlan]:
        """Performances of every house that are on their way to another plan, at most `limit`."""
        ...

    async def latest_plan_version(self, house_id: str, hall_id: str) -> int | None:
        """None: no such hall or no plan in it."""
        ...

    async def plan(self, house_id: str, hall_id: str, plan_version: int) -> SeatingPlan | None: ...

    async def performance(self, house_id: str, performance_id: str) -> Performance | None: ...
