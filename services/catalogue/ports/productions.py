"""A house's productions within one transaction of the catalogue's store."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from services.catalogue.domain.production import Production, ProductionFilter
from services.contracts.pages import Place


class Productions(Protocol):
    """What belongs to another house is not found (INV-8)."""

    async def add(self, production: Production) -> None: ...

    async def find(self, house_id: str, production_id: str) -> Production | None: ...

    async def pin(self, house_id: str, production_id: str) -> Production | None:
        """As find, and nobody changes it until the transaction ends: for what is made with it."""
        ...

    async def lock(self, house_id: str, production_id: str) -> Production | None:
        """As find, locked until the transaction ends: whoever changes it too waits and sees the change."""
        ...

    async def save(self, production: Production) -> None:
        """Writes all of one that exists."""
        ...

    async def places(
        self, house_id: str, wanted: ProductionFilter, after: Place | None, limit: int
    ) -> Sequence[tuple[Place, int]]:
        """Where a list's next productions are, the last made first, and how many parts of a page each takes."""
        ...

    async def at(self, house_id: str, places: Sequence[Place]) -> Sequence[Production]:
        """Those at the places, in their order."""
        ...
