"""Signing keys in PostgreSQL, inside one transaction's connection; private ones are sealed."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.runtime.signing_keys.rotation import SigningKey


def signing_keys_table(metadata: sa.MetaData) -> sa.Table:
    """The table, in a service's own tables."""
    return sa.Table(
        "signing_keys",
        metadata,
        sa.Column("key_id", sa.Text, primary_key=True),
        sa.Column("public_key", sa.LargeBinary, nullable=False),
        # Opened with the deployment's sealing secret only.
        sa.Column("sealed_private", sa.LargeBinary, nullable=False),
        sa.Column("created_at_ms", sa.BigInteger, nullable=False),
        sa.Column("signs_from_ms", sa.BigInteger, nullable=False),
    )


class SigningKeyRows:
    """See SigningKeys. `lock_number`: of the transaction's advisory lock; it means these keys and nothing else."""

    def __init__(self, connection: AsyncConnection, table: sa.Table, lock_number: int) -> None:
        self._connection = connection
        self._table = table
        self._lock_number = lock_number

    async def all(self) -> Sequence[SigningKey]:
        wanted = sa.select(self._table).order_by(self._table.c.signs_from_ms, self._table.c.key_id)
        return [
            SigningKey(
                row.key_id, bytes(row.public_key), bytes(row.sealed_private), row.created_at_ms, row.signs_from_ms
            )
            for row in await self._connection.execute(wanted)
        ]

    async def lock(self) -> Sequence[SigningKey]:
        await self._connection.execute(sa.select(sa.func.pg_advisory_xact_lock(self._lock_number)))
        return await self.all()

    async def add(self, key: SigningKey) -> None:
        values = {
            "key_id": key.key_id,
            "public_key": key.public_key,
            "sealed_private": key.sealed_private,
            "created_at_ms": key.created_at_ms,
            "signs_from_ms": key.signs_from_ms,
        }
        await self._connection.execute(insert(self._table), values)

    async def remove(self, key_id: str) -> None:
        await self._connection.execute(sa.delete(self._table).where(self._table.c.key_id == key_id))
