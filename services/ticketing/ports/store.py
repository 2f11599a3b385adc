"""What ticketing's handlers need from a store."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import Protocol

from services.ticketing.ports.transaction import TicketingTransaction


class TicketingStore(Protocol):
    """Ticketing's record. Every call may raise StoreUnavailable."""

    def transaction(self, house_id: str = "") -> AbstractAsyncContextManager[TicketingTransaction]:
        """Over what belongs to the house; "": over the keys, which are the deployment's. Undone unless commit()."""
        ...

    async def purge_keys(self, created_before_ms: int, limit: int) -> int:
        """Forgets at most `limit` idempotency keys that are older; returns how many."""
        ...

    async def purge_guesses(self, created_before_ms: int, limit: int) -> int:
        """Forgets at most `limit` counts of guesses that are older; returns how many."""
        ...
