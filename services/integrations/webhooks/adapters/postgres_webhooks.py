"""Webhooks' record in PostgreSQL: transactions over one house, how endpoints fare, and what is forgotten by age."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from sqlalchemy.ext.asyncio import AsyncEngine

from services.integrations.webhooks.adapters.endpoint_rows import EndpointRows
from services.integrations.webhooks.adapters.endpoint_tables import idempotency_keys, told_events
from services.integrations.webhooks.adapters.postgres_transaction import PostgresTransaction
from services.integrations.webhooks.ports.signing import Signing
from services.runtime.clock import Clock
from services.runtime.ids import Ids
from services.runtime.outbound.port import OutboundQueue
from services.runtime.seal import Seal
from services.runtime.sql.connections import connected
from services.runtime.sql.old_rows import delete_old
from services.runtime.sql.scopes import AllHouses, HouseScope

_OLD = AllHouses("what is over is forgotten by age")


class PostgresWebhooks:
    """See WebhooksStore and Signings. `wake` is called after a commit with events."""

    def __init__(self, engine: AsyncEngine, *, clock: Clock, ids: Ids, seal: Seal, wake: Callable[[], None]) -> None:
        self._engine = engine
        self._clock = clock
        self._ids = ids
        self._seal = seal
        self._wake = wake
        self._queue: OutboundQueue | None = None

    def put_into(self, queue: OutboundQueue) -> None:
        """Once, before the first transaction: whoever carries from the queue asks this store."""
        self._queue = queue

    @asynccontextmanager
    async def transaction(self, house_id: str) -> AsyncIterator[PostgresTransaction]:
        assert self._queue is not None, "put_into() first"
        async with connected(self._engine, HouseScope(house_id)) as connection:
            now_ms = self._clock.now_ms()
            transaction = PostgresTransaction(
                connection, house_id, now_ms, ids=self._ids, seal=self._seal, queue=self._queue
            )
            yield transaction
            await transaction.end(self._wake)

    async def signing(self, house_id: str, endpoint_id: str) -> Signing | None:
        """See Signings."""
        async with connected(self._engine, HouseScope(house_id)) as connection:
            return await EndpointRows(connection, house_id, self._seal).signing(endpoint_id, self._clock.now_ms())

    async def mark(self, house_id: str, endpoint_id: str, failing_since_ms: int) -> None:
        """See Signings."""
        async with connected(self._engine, HouseScope(house_id)) as connection:
            await EndpointRows(connection, house_id, self._seal).mark(endpoint_id, failing_since_ms)

    async def purge_keys(self, created_before_ms: int, limit: int) -> int:
        async with connected(self._engine, _OLD) as connection:
            return await delete_old(connection, idempotency_keys, created_before_ms, limit)

    async def purge_told(self, created_before_ms: int, limit: int) -> int:
        async with connected(self._engine, _OLD) as connection:
            return await delete_old(connection, told_events, created_before_ms, limit)
