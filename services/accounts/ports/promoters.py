"""Rows of promoters, inside one transaction: which person belongs to which house."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from services.accounts.domain.grant import MakingHouse
from services.accounts.domain.promoter import Promoter
from services.contracts.pages import Place


class Promoters(Protocol):
    """Any call may raise StoreUnavailable."""

    async def add(self, house_id: str, person_id: str, created_at_ms: int) -> None: ...

    async def find(self, house_id: str, person_id: str) -> Promoter | None:
        """None also for a promoter of another house."""
        ...

    async def page(self, house_id: str, after: Place | None, limit: int) -> Sequence[Promoter]:
        """The house's own, in the order in which they were made."""
        ...

    async def made_by(self, person_id: str) -> MakingHouse | None:
        """The house that a promoter belongs to; None for whoever is none. A transaction over people may ask."""
        ...
