"""The halls in a transaction of the catalogue's store."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from services.catalogue.domain.hall import Hall
from services.contracts.pages import Place


class HallRows(Protocol):
    """What belongs to another house is not found (INV-8)."""

    async def add(self, hall: Hall) -> None: ...

    async def hall(self, house_id: str, hall_id: str, *, locked: bool = False) -> Hall | None:
        """`locked`: nobody else changes it, or adds a plan to it, until the transaction ends."""
        ...

    async def halls(self, house_id: str, after: Place | None, limit: int, *, archived: bool) -> Sequence[Hall]:
        """The oldest first, at most `limit`; with `archived` those that were put away too."""
        ...

    async def save(self, hall: Hall) -> None:
        """What may change of a hall that is there."""
        ...
