"""Rows of tries to log in, by account and by address, inside one transaction."""

from __future__ import annotations

from typing import Protocol

from services.accounts.domain.attempts import Attempts


class LogInAttempts(Protocol):
    """`name` is what is counted; it is kept as a hash. Any call may raise StoreUnavailable."""

    async def lock(self, name: str) -> Attempts:
        """Locked until the transaction ends: tries at the same moment are counted one by one."""
        ...

    async def save(self, name: str, attempts: Attempts) -> None: ...

    async def forget(self, name: str) -> None: ...
