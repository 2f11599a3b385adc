"""Rows of signing keys, inside one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from services.runtime.signing_keys.rotation import SigningKey


class SigningKeys(Protocol):
    """Any call may raise StoreUnavailable."""

    async def all(self) -> Sequence[SigningKey]: ...

    async def lock(self) -> Sequence[SigningKey]:
        """All of them; who else locks them waits until the transaction ends."""
        ...

    async def add(self, key: SigningKey) -> None: ...

    async def remove(self, key_id: str) -> None: ...
