"""The listed numbers of passes as rows of keys."""

from __future__ import annotations

from collections.abc import Collection

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.catalogue.adapters.tables import pass_numbers

_NUMBER = pass_numbers.c


class PostgresPassNumbers:
    """See PassNumbers. Lives as long as its connection's block."""

    def __init__(self, connection: AsyncConnection, now_ms: int) -> None:
        self._connection = connection
        self._now_ms = now_ms

    async def add(self, house_id: str, pass_kind_id: str, keys: Collection[str]) -> int:
        keys_given = sa.func.unnest(sa.cast(sorted(keys), sa.ARRAY(sa.Text))).column_valued("pass_key")
        given = sa.select(
            sa.literal(house_id), sa.literal(pass_kind_id), keys_given, sa.literal(self._now_ms, sa.BigInteger)
        )
        add = insert(pass_numbers).from_select(["house_id", "pass_kind_id", "pass_key", "created_at_ms"], given)
        return int((await self._connection.execute(add.on_conflict_do_nothing())).rowcount)

    async def remove(self, house_id: str, pass_kind_id: str, keys: Collection[str]) -> int:
        remove = sa.delete(pass_numbers).where(*_these(house_id, pass_kind_id, keys))
        return int((await self._connection.execute(remove)).rowcount)

    async def listed(self, house_id: str, pass_kind_id: str, keys: Collection[str]) -> frozenset[str]:
        wanted = sa.select(_NUMBER.pass_key).where(*_these(house_id, pass_kind_id, keys))
        return frozenset((await self._connection.execute(wanted)).scalars())


def _these(house_id: str, pass_kind_id: str, keys: Collection[str]) -> tuple[sa.ColumnElement[bool], ...]:
    given = sa.cast(sorted(keys), sa.ARRAY(sa.Text))
    return (
        _NUMBER.house_id == house_id,
        _NUMBER.pass_kind_id == pass_kind_id,
        _NUMBER.pass_key == sa.any_(given),
    )
