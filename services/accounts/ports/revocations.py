"""Rows of revocations, inside one transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from services.accounts.domain.revocation import Revocation


class Revocations(Protocol):
    """Any call may raise StoreUnavailable."""

    async def add(self, until_ms: Mapping[str, int]) -> None:
        """By name; of two for one name the later stays."""
        ...

    async def since(self, since_ms: int, limit: int) -> Sequence[Revocation]:
        """The latest `limit` from that moment on."""
        ...
