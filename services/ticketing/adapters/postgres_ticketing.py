"""Ticketing's record in PostgreSQL: transactions over one house, or over the keys, which belong to none."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from sqlalchemy.ext.asyncio import AsyncEngine

from services.runtime.clock import Clock
from services.runtime.ids import Ids
from services.runtime.sql.connections import connected
from services.runtime.sql.old_rows import delete_old
from services.runtime.sql.scopes import AllHouses, HouseScope
from services.ticketing.adapters.document_tables import idempotency_keys
from services.ticketing.adapters.guess_tables import code_guesses
from services.ticketing.adapters.postgres_transaction import PostgresTransaction

_OLD = AllHouses("keys are forgotten by age")
_KEYS = AllHouses("the keys of codes are the deployment's")


class PostgresTicketing:
    """See TicketingStore. `wake` is called after a commit with events."""

    def __init__(self, engine: AsyncEngine, *, clock: Clock, ids: Ids, wake: Callable[[], None]) -> None:
        self._engine = engine
        self._clock = clock
        self._ids = ids
        self._wake = wake

    @asynccontextmanager
    async def transaction(self, house_id: str = "") -> AsyncIterator[PostgresTransaction]:
        scope = HouseScope(house_id) if house_id else _KEYS
        async with connected(self._engine, scope) as connection:
            transaction = PostgresTransaction(connection, house_id, self._clock.now_ms(), ids=self._ids)
            yield transaction
            await transaction.end(self._wake)

    async def purge_keys(self, created_before_ms: int, limit: int) -> int:
        """See TicketingStore.purge_keys."""
        async with connected(self._engine, _OLD) as connection:
            return await delete_old(connection, idempotency_keys, created_before_ms, limit)

    async def purge_guesses(self, created_before_ms: int, limit: int) -> int:
        """See TicketingStore.purge_guesses."""
        async with connected(self._engine, _OLD) as connection:
            return await delete_old(connection, code_guesses, created_before_ms, limit)
