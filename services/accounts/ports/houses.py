"""Rows of houses, inside one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from services.accounts.domain.house import House


class Houses(Protocol):
    """Any call may raise StoreUnavailable."""

    async def add(self, house: House) -> bool:
        """False: the label is taken."""
        ...

    async def find(self, house_id: str) -> House | None: ...

    async def find_by_label(self, label: str) -> House | None: ...

    async def lock(self, house_id: str) -> House | None:
        """The house, locked until the transaction ends: changes of it and of its members take turns."""
        ...

    async def find_many(self, house_ids: Sequence[str]) -> Sequence[House]:
        """By name, then id."""
        ...

    async def save(self, house: House) -> None:
        """Of a locked house."""
        ...
