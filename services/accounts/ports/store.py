"""What accounts' handlers need from a store."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import Protocol

from services.accounts.ports.transaction import AccountsTransaction


class AccountsStore(Protocol):
    """Accounts' record. Every call may raise StoreUnavailable."""

    def transaction(self, house_id: str = "") -> AbstractAsyncContextManager[AccountsTransaction]:
        """Over what belongs to the house; "": over people and what is theirs, in whatever houses they are.

        Undone unless commit() was called.
        """
        ...

    async def purge_keys(self, created_before_ms: int, limit: int) -> int:
        """Forgets at most `limit` idempotency keys that are older; returns how many."""
        ...

    async def purge_old(self, over_before_ms: int, limit: int) -> int:
        """Forgets of sessions, links, letters and tries at most `limit` each that were over before; how many."""
        ...

    async def purge_revocations(self, until_before_ms: int, limit: int) -> int:
        """Forgets at most `limit` revocations of tokens that are past their time; returns how many."""
        ...
