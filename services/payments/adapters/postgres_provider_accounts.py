"""Houses' accounts with providers in PostgreSQL: transactions over one house, and what opens any of them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.contracts.transactions import AnsweringTransaction
from services.payments.adapters.provider_account_rows import PostgresAccountRows, account_of, opened
from services.payments.adapters.tables import IDEMPOTENCY_KEYS
from services.payments.adapters.tables import PROVIDER_ACCOUNTS as TABLE
from services.payments.domain.provider_account import AccountState, ProviderAccount
from services.payments.ports.provider_account_store import OpenableAccount
from services.runtime.clock import Clock
from services.runtime.ids import Ids
from services.runtime.seal import Seal
from services.runtime.sql.connections import connected, for_single_statements
from services.runtime.sql.old_rows import delete_old
from services.runtime.sql.scopes import AllHouses, HouseScope

_NAMED = AllHouses("a payment or a webhook's address names the account; its house is known once it is found")
_LOCKED = AllHouses("accounts of every house that are locked are counted and checked again")
_LISTED = AllHouses("the payments of every house's accounts are listed")
_SEALED = AllHouses("credentials are sealed anew after the secret was changed")
_OLD = AllHouses("what is over is forgotten by age")

# What was paid at an account comes back from there for so long: refunds, disputes.
_LISTED_AFTER_ARCHIVING_MS = 180 * 86_400_000


class ProviderAccountsTransaction(AnsweringTransaction):
    """See the port of this name. Lives as long as its connection's block."""

    def __init__(self, connection: AsyncConnection, house_id: str, now_ms: int, *, ids: Ids, seal: Seal) -> None:
        super().__init__(connection, house_id, now_ms, ids, IDEMPOTENCY_KEYS)
        self.accounts = PostgresAccountRows(connection, house_id, seal)


class PostgresProviderAccounts:
    """See ProviderAccountStore. `wake` is called after a commit with acts."""

    def __init__(self, engine: AsyncEngine, *, clock: Clock, ids: Ids, seal: Seal, wake: Callable[[], None]) -> None:
        self._engine = engine
        self._single = for_single_statements(engine)
        self._clock = clock
        self._ids = ids
        self._seal = seal
        self._wake = wake

    @asynccontextmanager
    async def transaction(self, house_id: str) -> AsyncIterator[ProviderAccountsTransaction]:
        async with connected(self._engine, HouseScope(house_id)) as connection:
            transaction = ProviderAccountsTransaction(
                connection, house_id, self._clock.now_ms(), ids=self._ids, seal=self._seal
            )
            yield transaction
            await transaction.end(self._wake)

    async def of_house(self, house_id: str) -> Sequence[ProviderAccount]:
        wanted = sa.select(TABLE).where(TABLE.c.house_id == house_id).order_by(TABLE.c.created_at_ms)
        async with connected(self._single, HouseScope(house_id)) as connection:
            return [account_of(row) for row in await connection.execute(wanted)]

    async def openable(self, account_id: str) -> OpenableAccount | None:
        wanted = sa.select(TABLE).where(TABLE.c.account_id == account_id)
        async with connected(self._single, _NAMED) as connection:
            row = (await connection.execute(wanted)).first()
        return None if row is None else OpenableAccount(account_of(row), opened(self._seal, row.credentials))

    async def revision(self, account_id: str) -> int | None:
        wanted = sa.select(TABLE.c.revision).where(TABLE.c.account_id == account_id)
        async with connected(self._single, _NAMED) as connection:
            found: int | None = (await connection.execute(wanted)).scalar_one_or_none()
        return found

    async def listed(self) -> Sequence[ProviderAccount]:
        archived_after_ms = self._clock.now_ms() - _LISTED_AFTER_ARCHIVING_MS
        wanted = sa.select(TABLE).where(
            sa.or_(TABLE.c.state != AccountState.ARCHIVED.value, TABLE.c.archived_at_ms > archived_after_ms)
        )
        async with connected(self._single, _LISTED) as connection:
            return [account_of(row) for row in await connection.execute(wanted)]

    async def locked(self) -> Sequence[ProviderAccount]:
        wanted = sa.select(TABLE).where(TABLE.c.state == AccountState.LOCKED.value).order_by(TABLE.c.account_id)
        async with connected(self._single, _LOCKED) as connection:
            return [account_of(row) for row in await connection.execute(wanted)]

    async def reseal(self, limit: int) -> int:
        """See ProviderAccountStore.reseal. Rows that another process seals meanwhile are left to it."""
        done = 0
        async with connected(self._engine, _SEALED) as connection:
            wanted = sa.select(TABLE.c.account_id, TABLE.c.credentials).with_for_update(skip_locked=True)
            for row in (await connection.execute(wanted)).all():
                anew = self._seal.resealed(bytes(row.credentials)) if done < limit else None
                if anew is not None:
                    update = sa.update(TABLE).where(TABLE.c.account_id == row.account_id)
                    await connection.execute(update.values(credentials=anew))
                    done += 1
        return done

    async def purge_keys(self, created_before_ms: int, limit: int) -> int:
        """Idempotency keys by age."""
        async with connected(self._engine, _OLD) as connection:
            return await delete_old(connection, IDEMPOTENCY_KEYS, created_before_ms, limit)
