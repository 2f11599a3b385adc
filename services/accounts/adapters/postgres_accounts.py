"""Accounts' record in PostgreSQL: transactions over one house, or over people, whatever houses they are in."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from services.accounts.adapters.guard_tables import log_in_attempts
from services.accounts.adapters.house_tables import idempotency_keys
from services.accounts.adapters.link_tables import letters, one_time_links
from services.accounts.adapters.people_tables import sessions
from services.accounts.adapters.postgres_transaction import EventForms, PostgresTransaction
from services.accounts.adapters.revocation_rows import revocations
from services.runtime.clock import Clock
from services.runtime.ids import Ids
from services.runtime.seal import Seal
from services.runtime.sql.connections import after_commit, connected
from services.runtime.sql.old_rows import delete_old
from services.runtime.sql.scopes import AllHouses, HouseScope

_PEOPLE = AllHouses("people belong to no house, and their memberships are in many")
_OLD = AllHouses("what is over is forgotten by age")


class PostgresAccounts:
    """See AccountsStore. `wake` is called after a commit with events."""

    def __init__(
        self, engine: AsyncEngine, *, clock: Clock, ids: Ids, forms: EventForms, seal: Seal, wake: Callable[[], None]
    ) -> None:
        self._engine = engine
        self._clock = clock
        self._ids = ids
        self._forms = forms
        self._seal = seal
        self._wake = wake

    @asynccontextmanager
    async def transaction(self, house_id: str = "") -> AsyncIterator[PostgresTransaction]:
        scope = HouseScope(house_id) if house_id else _PEOPLE
        async with connected(self._engine, scope) as connection:
            now_ms = self._clock.now_ms()
            transaction = PostgresTransaction(
                connection, house_id, now_ms, ids=self._ids, forms=self._forms, seal=self._seal
            )
            yield transaction
            if not transaction.is_complete:
                await connection.rollback()
            elif transaction.has_published:
                after_commit(connection, self._wake)

    async def purge_keys(self, created_before_ms: int, limit: int) -> int:
        async with connected(self._engine, _OLD) as connection:
            return await delete_old(connection, idempotency_keys, created_before_ms, limit)

    async def purge_revocations(self, until_before_ms: int, limit: int) -> int:
        old = sa.select(revocations.c.name).where(revocations.c.void_until_ms < until_before_ms).limit(limit)
        async with connected(self._engine, _OLD) as connection:
            done = await connection.execute(sa.delete(revocations).where(revocations.c.name.in_(old)))
        return int(done.rowcount)

    async def purge_old(self, over_before_ms: int, limit: int) -> int:
        """See AccountsStore.purge_old."""
        purged = 0
        async with connected(self._engine, _OLD) as connection:
            for key, over_at_ms in _OVER:
                old = sa.select(key).where(over_at_ms < over_before_ms).limit(limit)
                purged = max(purged, (await connection.execute(sa.delete(key.table).where(key.in_(old)))).rowcount)
        return purged


# What is forgotten some time after it was over: its key, and when that was.
_OVER: Sequence[tuple[sa.Column[Any], sa.Column[int]]] = (
    (sessions.c.session_id, sessions.c.expires_at_ms),
    (one_time_links.c.secret_hash, one_time_links.c.expires_at_ms),
    # What could not be sent for so long; its job, which has failed, stays to be seen.
    (letters.c.letter_id, letters.c.created_at_ms),
    (log_in_attempts.c.name_hash, log_in_attempts.c.last_at_ms),
)
