"""Keys of ticket codes in PostgreSQL, inside one transaction's connection."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ticketing.adapters.key_tables import signing_keys
from services.ticketing.domain.signing_key import SigningKey

# Of the transaction; the number means ticketing's signing keys and nothing else.
_LOCK = sa.text("SELECT pg_advisory_xact_lock(7205111)")


class SigningKeyRows:
    """See SigningKeys."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def all(self) -> Sequence[SigningKey]:
        wanted = sa.select(signing_keys).order_by(signing_keys.c.signs_from_ms, signing_keys.c.key_id)
        return [
            SigningKey(
                row.key_id, bytes(row.public_key), bytes(row.sealed_private), row.created_at_ms, row.signs_from_ms
            )
            for row in await self._connection.execute(wanted)
        ]

    async def lock(self) -> Sequence[SigningKey]:
        await self._connection.execute(_LOCK)
        return await self.all()

    async def add(self, key: SigningKey) -> None:
        values = {
            "key_id": key.key_id,
            "public_key": key.public_key,
            "sealed_private": key.sealed_private,
            "created_at_ms": key.created_at_ms,
            "signs_from_ms": key.signs_from_ms,
        }
        await self._connection.execute(insert(signing_keys), values)
