"""Rows of resellers' API keys, inside one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from services.accounts.domain.api_key import ApiKey
from services.contracts.pages import Place


class ApiKeys(Protocol):
    """Any call may raise StoreUnavailable."""

    async def add(self, key: ApiKey) -> None: ...

    async def find(self, house_id: str, key_id: str) -> ApiKey | None: ...

    async def find_anywhere(self, key_id: str) -> ApiKey | None:
        """Of whatever house: whoever has a whole key names none."""
        ...

    async def live(self, house_id: str) -> Sequence[ApiKey]:
        """The house's keys that are good, the oldest first."""
        ...

    async def withdraw(self, house_id: str, key_id: str, now_ms: int) -> None: ...

    async def touch(self, house_id: str, key_id: str, now_ms: int) -> None:
        """It was used."""
        ...

    async def page(self, house_id: str, after: Place | None, limit: int, *, withdrawn: bool) -> Sequence[ApiKey]:
        """In the order in which they were made."""
        ...
