"""What customers' handlers need from a store."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import Protocol

from services.customers.ports.transaction import CustomersTransaction


class CustomersStore(Protocol):
    """Customers' record. Every call may raise StoreUnavailable."""

    def transaction(self, house_id: str) -> AbstractAsyncContextManager[CustomersTransaction]:
        """Over what belongs to the house. Undone unless commit()."""
        ...

    async def purge_keys(self, created_before_ms: int, limit: int) -> int:
        """Forgets at most `limit` idempotency keys that are older; returns how many."""
        ...

    async def purge_old(self, over_before_ms: int, limit: int) -> int:
        """Forgets of links, sessions, letters and ticks without an order at most `limit` each that were over before."""
        ...

    async def purge_locked(self, until_before_ms: int, limit: int) -> int:
        """Removes what was locked until then; returns of how many customers."""
        ...
