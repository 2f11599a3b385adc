"""The numbers of passes that a house has listed, in a transaction: their keys, never the numbers."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol


class PassNumbers(Protocol):
    """`house_id` in every call is the asking house (INV-8)."""

    async def add(self, house_id: str, pass_kind_id: str, keys: Collection[str]) -> int:
        """How many of them are new."""
        ...

    async def remove(self, house_id: str, pass_kind_id: str, keys: Collection[str]) -> int:
        """How many of them were there."""
        ...

    async def listed(self, house_id: str, pass_kind_id: str, keys: Collection[str]) -> frozenset[str]:
        """Those of them that are there."""
        ...
