"""API keys in PostgreSQL, inside one transaction's connection."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.accounts.adapters.key_tables import api_keys
from services.accounts.domain.api_key import ApiKey, KeyScope
from services.contracts.pages import Place

_LIVE = api_keys.c.withdrawn_at_ms.is_(None)
_AS_MADE = (api_keys.c.created_at_ms, api_keys.c.key_id)


class ApiKeyRows:
    """See ApiKeys."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, key: ApiKey) -> None:
        values = {
            "house_id": key.house_id,
            "key_id": key.key_id,
            "reseller_id": key.reseller_id,
            "reseller_name": key.reseller_name,
            "secret_hash": key.secret_hash,
            "scope": msgspec.to_builtins(key.scope),
            "created_at_ms": key.created_at_ms,
        }
        await self._connection.execute(insert(api_keys), values)

    async def find(self, house_id: str, key_id: str) -> ApiKey | None:
        return await self._first(api_keys.c.house_id == house_id, api_keys.c.key_id == key_id)

    async def find_anywhere(self, key_id: str) -> ApiKey | None:
        return await self._first(api_keys.c.key_id == key_id)

    async def live(self, house_id: str) -> Sequence[ApiKey]:
        wanted = sa.select(api_keys).where(api_keys.c.house_id == house_id, _LIVE).order_by(*_AS_MADE)
        return [_key(row) for row in await self._connection.execute(wanted)]

    async def withdraw(self, house_id: str, key_id: str, now_ms: int) -> None:
        await self._set(house_id, key_id, withdrawn_at_ms=now_ms)

    async def touch(self, house_id: str, key_id: str, now_ms: int) -> None:
        await self._set(house_id, key_id, last_used_at_ms=now_ms)

    async def page(self, house_id: str, after: Place | None, limit: int, *, withdrawn: bool) -> Sequence[ApiKey]:
        wanted = sa.select(api_keys).where(api_keys.c.house_id == house_id).order_by(*_AS_MADE).limit(limit)
        if not withdrawn:
            wanted = wanted.where(_LIVE)
        if after is not None:
            place = sa.tuple_(sa.literal(after.time_ms), sa.literal(after.item_id))
            wanted = wanted.where(sa.tuple_(*_AS_MADE) > place)
        return [_key(row) for row in await self._connection.execute(wanted)]

    async def _first(self, *matching: sa.ColumnElement[bool]) -> ApiKey | None:
        row = (await self._connection.execute(sa.select(api_keys).where(*matching))).first()
        return None if row is None else _key(row)

    async def _set(self, house_id: str, key_id: str, **values: int) -> None:
        this = (api_keys.c.house_id == house_id) & (api_keys.c.key_id == key_id)
        await self._connection.execute(sa.update(api_keys).where(this).values(**values))


def _key(row: sa.Row[Any]) -> ApiKey:
    return ApiKey(
        house_id=row.house_id,
        key_id=row.key_id,
        reseller_id=row.reseller_id,
        reseller_name=row.reseller_name,
        secret_hash=bytes(row.secret_hash),
        scope=msgspec.convert(row.scope, KeyScope),
        created_at_ms=row.created_at_ms,
        last_used_at_ms=row.last_used_at_ms,
        withdrawn_at_ms=row.withdrawn_at_ms,
    )
