"""Accounts with providers in PostgreSQL, inside one transaction's connection. Credentials are kept sealed."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from services.contracts.pages import AskedPage
from services.payments.adapters.tables import PROVIDER_ACCOUNTS as TABLE
from services.payments.domain.provider_account import AccountState, Choice, Credentials, ProviderAccount, ProviderKind
from services.runtime.seal import Seal

_IS_LIVE = TABLE.c.state != AccountState.ARCHIVED.value
_ONE_AT_A_TIME = sa.text("SELECT pg_advisory_xact_lock(hashtextextended('provider accounts of ' || :house_id, 0))")
_PLACE = sa.tuple_(TABLE.c.created_at_ms, TABLE.c.account_id)


class PostgresAccountRows:
    """See ProviderAccountRows."""

    def __init__(self, connection: AsyncConnection, house_id: str, seal: Seal) -> None:
        self._connection = connection
        self._house_id = house_id
        self._seal = seal
        self._mine = TABLE.c.house_id == house_id

    async def find(self, account_id: str) -> ProviderAccount | None:
        return await self._first(self._one(account_id))

    async def lock(self, account_id: str) -> ProviderAccount | None:
        return await self._first(self._one(account_id).with_for_update())

    async def lock_live(self) -> Sequence[ProviderAccount]:
        await self._connection.execute(_ONE_AT_A_TIME, {"house_id": self._house_id})
        wanted = sa.select(TABLE).where(self._mine, _IS_LIVE).order_by(_PLACE).with_for_update()
        return [account_of(row) for row in await self._connection.execute(wanted)]

    async def page(self, asked: AskedPage, *, archived: bool) -> Sequence[ProviderAccount]:
        wanted = sa.select(TABLE).where(self._mine).order_by(_PLACE).limit(asked.size + 1)
        if not archived:
            wanted = wanted.where(_IS_LIVE)
        if asked.after is not None:
            wanted = wanted.where(sa.tuple_(sa.literal(asked.after.time_ms), sa.literal(asked.after.item_id)) < _PLACE)
        return [account_of(row) for row in await self._connection.execute(wanted)]

    async def add(self, account: ProviderAccount, credentials: Credentials) -> None:
        values = _values(account) | {"credentials": sealed(self._seal, credentials)}
        await self._connection.execute(sa.insert(TABLE), values)

    async def save(self, account: ProviderAccount) -> None:
        await self._connection.execute(self._update(account).values(**_values(account)))

    async def credentials(self, account_id: str) -> Credentials:
        wanted = sa.select(TABLE.c.credentials).where(self._mine, TABLE.c.account_id == account_id)
        return opened(self._seal, (await self._connection.execute(wanted)).scalar_one())

    async def set_credentials(self, account: ProviderAccount, credentials: Credentials) -> None:
        values = _values(account) | {"credentials": sealed(self._seal, credentials)}
        await self._connection.execute(self._update(account).values(**values))

    def _one(self, account_id: str) -> sa.Select[Any]:
        return sa.select(TABLE).where(self._mine, TABLE.c.account_id == account_id)

    def _update(self, account: ProviderAccount) -> sa.Update:
        return sa.update(TABLE).where(self._mine, TABLE.c.account_id == account.account_id)

    async def _first(self, wanted: sa.Select[Any]) -> ProviderAccount | None:
        row = (await self._connection.execute(wanted)).first()
        return None if row is None else account_of(row)


def sealed(seal: Seal, credentials: Credentials) -> bytes:
    """As they are kept."""
    return seal.sealed(msgspec.json.encode(dataclasses.asdict(credentials)))


def opened(seal: Seal, kept: bytes) -> Credentials:
    """SealBroken."""
    return msgspec.json.decode(seal.opened(bytes(kept)), type=Credentials)


def account_of(row: sa.Row[Any]) -> ProviderAccount:
    """Of a row of all columns."""
    return ProviderAccount(
        house_id=row.house_id,
        account_id=row.account_id,
        provider=ProviderKind(row.provider),
        choice=Choice(row.name, row.is_default, tuple(row.default_currencies)),
        is_test=row.is_test,
        tail=row.tail,
        has_webhook_secret=row.has_webhook_secret,
        provider_ref=row.provider_ref,
        provider_name=row.provider_name,
        created_at_ms=row.created_at_ms,
        rotated_at_ms=row.rotated_at_ms,
        state=AccountState(row.state),
        locked_at_ms=row.locked_at_ms,
        locked_note=row.locked_note,
        archived_at_ms=row.archived_at_ms,
        revision=row.revision,
    )


def _values(account: ProviderAccount) -> dict[str, Any]:
    return {
        "house_id": account.house_id,
        "account_id": account.account_id,
        "provider": account.provider.value,
        "name": account.choice.name,
        "is_default": account.choice.is_default,
        "default_currencies": [*account.choice.default_currencies],
        "is_test": account.is_test,
        "tail": account.tail,
        "has_webhook_secret": account.has_webhook_secret,
        "provider_ref": account.provider_ref,
        "provider_name": account.provider_name,
        "created_at_ms": account.created_at_ms,
        "rotated_at_ms": account.rotated_at_ms,
        "state": account.state.value,
        "locked_at_ms": account.locked_at_ms,
        "locked_note": account.locked_note,
        "archived_at_ms": account.archived_at_ms,
        "revision": account.revision,
    }
