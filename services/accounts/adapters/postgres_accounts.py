"""Accounts' record in PostgreSQL: transactions over one house, or over people, whatever houses they are in."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from services.accounts.adapters.house_tables import idempotency_keys
from services.accounts.adapters.people_tables import sessions
from services.accounts.adapters.postgres_transaction import EventForms, PostgresTransaction
from services.accounts.adapters.revocation_rows import revocations
from services.runtime.clock import Clock
from services.runtime.ids import Ids
from services.runtime.sql.connections import after_commit, connected
from services.runtime.sql.scopes import AllHouses, HouseScope

_PEOPLE = AllHouses("people belong to no house, and their memberships are in many")
_OLD = AllHouses("keys, sessions and revocations are forgotten by age")


class PostgresAccounts:
    """See AccountsStore. `wake` is called after a commit with events."""

    def __init__(
        self, engine: AsyncEngine, *, clock: Clock, ids: Ids, forms: EventForms, wake: Callable[[], None]
    ) -> None:
        self._engine = engine
        self._clock = clock
        self._ids = ids
        self._forms = forms
        self._wake = wake

    @asynccontextmanager
    async def transaction(self, house_id: str = "") -> AsyncIterator[PostgresTransaction]:
        scope = HouseScope(house_id) if house_id else _PEOPLE
        async with connected(self._engine, scope) as connection:
            transaction = PostgresTransaction(connection, self._clock.now_ms(), self._ids, self._forms)
            yield transaction
            if not transaction.is_complete:
                await connection.rollback()
            elif transaction.has_published:
                after_commit(connection, self._wake)

    async def purge_keys(self, created_before_ms: int, limit: int) -> int:
        names = (idempotency_keys.c.owner_id, idempotency_keys.c.key)
        old = sa.select(*names).where(idempotency_keys.c.created_at_ms < created_before_ms).limit(limit)
        async with connected(self._engine, _OLD) as connection:
            done = await connection.execute(sa.delete(idempotency_keys).where(sa.tuple_(*names).in_(old)))
        return int(done.rowcount)

    async def purge_sessions(self, expired_before_ms: int, limit: int) -> int:
        old = sa.select(sessions.c.session_id).where(sessions.c.expires_at_ms < expired_before_ms).limit(limit)
        async with connected(self._engine, _OLD) as connection:
            done = await connection.execute(sa.delete(sessions).where(sessions.c.session_id.in_(old)))
        return int(done.rowcount)

    async def purge_revocations(self, until_before_ms: int, limit: int) -> int:
        old = sa.select(revocations.c.name).where(revocations.c.void_until_ms < until_before_ms).limit(limit)
        async with connected(self._engine, _OLD) as connection:
            done = await connection.execute(sa.delete(revocations).where(revocations.c.name.in_(old)))
        return int(done.rowcount)
