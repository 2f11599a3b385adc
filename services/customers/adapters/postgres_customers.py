"""Customers' record in PostgreSQL: transactions over one house, and what is forgotten by age."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from services.customers.adapters.consent_tables import order_ticks
from services.customers.adapters.customer_tables import erasures, form_answers, idempotency_keys, locked_orders
from services.customers.adapters.link_tables import letters, links, sessions
from services.customers.adapters.postgres_transaction import PostgresTransaction
from services.runtime.clock import Clock
from services.runtime.ids import Ids
from services.runtime.seal import Seal
from services.runtime.sql.connections import connected
from services.runtime.sql.old_rows import delete_old
from services.runtime.sql.scopes import AllHouses, HouseScope

_OLD = AllHouses("what is over is forgotten by age")
_UNLOCKED = AllHouses("what was locked is removed when its time is over")


class PostgresCustomers:
    """See CustomersStore. `wake` is called after a commit with events."""

    def __init__(self, engine: AsyncEngine, *, clock: Clock, ids: Ids, seal: Seal, wake: Callable[[], None]) -> None:
        self._engine = engine
        self._clock = clock
        self._ids = ids
        self._seal = seal
        self._wake = wake

    @asynccontextmanager
    async def transaction(self, house_id: str) -> AsyncIterator[PostgresTransaction]:
        async with connected(self._engine, HouseScope(house_id)) as connection:
            transaction = PostgresTransaction(
                connection, house_id, self._clock.now_ms(), ids=self._ids, seal=self._seal
            )
            yield transaction
            await transaction.end(self._wake)

    async def purge_keys(self, created_before_ms: int, limit: int) -> int:
        async with connected(self._engine, _OLD) as connection:
            return await delete_old(connection, idempotency_keys, created_before_ms, limit)

    async def purge_old(self, over_before_ms: int, limit: int) -> int:
        """See CustomersStore.purge_old."""
        purged = 0
        async with connected(self._engine, _OLD) as connection:
            for table, over_at_ms in _OVER:
                key = tuple(table.primary_key.columns)
                old = sa.select(*key).where(over_at_ms < over_before_ms).limit(limit)
                gone = await connection.execute(sa.delete(table).where(sa.tuple_(*key).in_(old)))
                purged = max(purged, gone.rowcount)
        return purged

    async def purge_locked(self, until_before_ms: int, limit: int) -> int:
        """See CustomersStore.purge_locked. That somebody was erased, by an id, stays in the record."""
        key = tuple(erasures.primary_key.columns)
        over = sa.select(*key).where(erasures.c.locked_until_ms <= until_before_ms).limit(limit)
        async with connected(self._engine, _UNLOCKED) as connection:
            unlock = sa.update(erasures).where(sa.tuple_(*key).in_(over)).values(locked_until_ms=None, sealed=None)
            rows = (await connection.execute(unlock.returning(*key))).all()
            if rows:
                of_them = sa.tuple_(locked_orders.c.house_id, locked_orders.c.customer_id).in_(rows)
                await connection.execute(sa.delete(locked_orders).where(of_them))
        return len(rows)


# What is forgotten some time after it was over: its table, and when that was.
_OVER: Sequence[tuple[sa.Table, sa.Column[Any]]] = (
    (links, links.c.expires_at_ms),
    (sessions, sessions.c.expires_at_ms),
    # What could not be sent for so long; its job, which has failed, stays to be seen.
    (letters, letters.c.created_at_ms),
    # Whose order was never made.
    (order_ticks, order_ticks.c.created_at_ms),
    # Whose order was never made, or whose papers need not be kept any more.
    (form_answers, form_answers.c.keep_until_ms),
)
