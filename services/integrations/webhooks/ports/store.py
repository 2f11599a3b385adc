"""What webhooks' handlers need from a store."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import Protocol

from services.integrations.webhooks.ports.transaction import WebhooksTransaction


class WebhooksStore(Protocol):
    """Webhooks' record. Every call may raise StoreUnavailable."""

    def transaction(self, house_id: str) -> AbstractAsyncContextManager[WebhooksTransaction]:
        """Over what belongs to the house. Undone unless commit()."""
        ...

    async def purge_keys(self, created_before_ms: int, limit: int) -> int:
        """Forgets at most `limit` idempotency keys that are older; returns how many."""
        ...

    async def purge_told(self, created_before_ms: int, limit: int) -> int:
        """Forgets at most `limit` payloads that are older; returns how many."""
        ...
