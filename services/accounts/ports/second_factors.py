"""Rows of second factors and recovery codes, inside one transaction. The secret is sealed in the store."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from services.accounts.domain.second_factor import SecondFactor


class SecondFactors(Protocol):
    """Any call may raise StoreUnavailable."""

    async def lock(self, person_id: str) -> SecondFactor | None:
        """Locked until the transaction ends, so that no code is taken twice."""
        ...

    async def save(self, factor: SecondFactor) -> None:
        """Adds it, or replaces the one that there is."""
        ...

    async def remove(self, person_id: str) -> None:
        """With its recovery codes."""
        ...

    async def replace_recovery_codes(self, person_id: str, hashes: Sequence[bytes]) -> None: ...

    async def take_recovery_code(self, person_id: str, code_hash: bytes) -> bool:
        """True: it was there, and is so no longer."""
        ...
