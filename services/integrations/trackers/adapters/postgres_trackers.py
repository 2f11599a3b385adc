"""Trackers' record in PostgreSQL: transactions over one house, and what is forgotten by age."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from services.integrations.trackers.adapters.postgres_transaction import PostgresTransaction, TransactionTools
from services.integrations.trackers.adapters.tracker_tables import idempotency_keys
from services.integrations.trackers.adapters.visit_tables import sales, tracker_calls, visits
from services.runtime.clock import Clock
from services.runtime.sql.connections import connected
from services.runtime.sql.old_rows import delete_old
from services.runtime.sql.scopes import AllHouses, HouseScope

_OLD = AllHouses("what is over is forgotten by age")


class PostgresTrackers:
    """See TrackersStore. `wake` is called after a commit with events."""

    def __init__(self, engine: AsyncEngine, *, clock: Clock, tools: TransactionTools, wake: Callable[[], None]) -> None:
        self._engine = engine
        self._clock = clock
        self._tools = tools
        self._wake = wake

    @asynccontextmanager
    async def transaction(self, house_id: str) -> AsyncIterator[PostgresTransaction]:
        """See TrackersStore."""
        async with connected(self._engine, HouseScope(house_id)) as connection:
            transaction = PostgresTransaction(connection, house_id, self._clock.now_ms(), self._tools)
            yield transaction
            await transaction.end(self._wake)

    async def purge_keys(self, created_before_ms: int, limit: int) -> int:
        """See TrackersStore."""
        async with connected(self._engine, _OLD) as connection:
            return await delete_old(connection, idempotency_keys, created_before_ms, limit)

    async def purge_visits(self, recorded_before_ms: int, limit: int) -> int:
        """See TrackersStore."""
        key = tuple(visits.primary_key.columns)
        old = sa.select(*key).where(visits.c.recorded_at_ms < recorded_before_ms).limit(limit)
        async with connected(self._engine, _OLD) as connection:
            gone = await connection.execute(sa.delete(visits).where(sa.tuple_(*key).in_(old)))
            others = [
                await delete_old(connection, table, recorded_before_ms, limit) for table in (sales, tracker_calls)
            ]
        return max(gone.rowcount, *others)
