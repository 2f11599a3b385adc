"""What makes tokens void before their time, for the services that ask; kept as long as a token can live."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.accounts.adapters.metadata import metadata
from services.accounts.domain.revocation import Revocation

revocations = sa.Table(
    "revocations",
    metadata,
    # A subject, a session or a signing key.
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("void_until_ms", sa.BigInteger, nullable=False),
)
sa.Index("ix_revocations_void_until_ms", revocations.c.void_until_ms)


class RevocationRows:
    """See Revocations."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, until_ms: Mapping[str, int]) -> None:
        # In one order, so that two transactions never wait for each other.
        values = [{"name": name, "void_until_ms": until} for name, until in sorted(until_ms.items())]
        add = insert(revocations)
        later = sa.func.greatest(revocations.c.void_until_ms, add.excluded.void_until_ms)
        await self._connection.execute(
            add.on_conflict_do_update(index_elements=["name"], set_={"void_until_ms": later}), values
        )

    async def since(self, since_ms: int, limit: int) -> Sequence[Revocation]:
        wanted = (
            sa.select(revocations)
            .where(revocations.c.void_until_ms >= since_ms)
            .order_by(revocations.c.void_until_ms.desc(), revocations.c.name)
            .limit(limit)
        )
        return [Revocation(row.name, row.void_until_ms) for row in await self._connection.execute(wanted)]
