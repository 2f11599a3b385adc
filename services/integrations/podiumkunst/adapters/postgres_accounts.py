"""The Accounts out of a house's connection."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from services.integrations.podiumkunst.adapters.link_tables import connections
from services.integrations.podiumkunst.ports.platform import PlatformAccount
from services.runtime.seal import Seal
from services.runtime.sql.connections import connected
from services.runtime.sql.scopes import HouseScope


class PostgresAccounts:
    """See Accounts."""

    def __init__(self, engine: AsyncEngine, seal: Seal) -> None:
        self._engine = engine
        self._seal = seal

    async def account(self, house_id: str) -> PlatformAccount | None:
        """See Accounts.account."""
        mine = (connections.c.house_id == house_id) & connections.c.is_on & (connections.c.client_id != "")
        wanted = sa.select(connections.c.client_id, connections.c.sealed_secret).where(mine)
        async with connected(self._engine, HouseScope(house_id)) as connection:
            row = (await connection.execute(wanted)).first()
        if row is None or row.sealed_secret is None:
            return None
        return PlatformAccount(house_id, row.client_id, self._seal.opened(row.sealed_secret).decode())
