"""The keys of settlements in PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy.ext.asyncio import AsyncEngine

from services.reporting.adapters.settlement_tables import signing_keys
from services.runtime.signing_keys.rows import SigningKeyRows
from services.runtime.sql.connections import connected
from services.runtime.sql.scopes import AllHouses

_KEYS = AllHouses("the keys of settlements are the deployment's")
# Of the advisory lock: it means this service's signing keys and nothing else.
_LOCK = 7205132


class PostgresSettlementKeys:
    """See SettlementKeys."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[SigningKeyRows]:
        """See SettlementKeys.transaction."""
        async with connected(self._engine, _KEYS) as connection:
            yield SigningKeyRows(connection, signing_keys, _LOCK)
