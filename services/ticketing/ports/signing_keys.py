"""Rows of the keys of ticket codes, inside one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from services.ticketing.domain.signing_key import SigningKey


class SigningKeys(Protocol):
    """Any call may raise StoreUnavailable."""

    async def all(self) -> Sequence[SigningKey]: ...

    async def lock(self) -> Sequence[SigningKey]:
        """All of them; who else locks them waits until the transaction ends."""
        ...

    async def add(self, key: SigningKey) -> None: ...
