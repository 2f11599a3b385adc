"""Podiumkunst's record of connections and links in PostgreSQL: transactions over one house, and what is due."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.contracts.transactions import WritingTransaction
from services.integrations.podiumkunst.adapters.connection_rows import ConnectionRows
from services.integrations.podiumkunst.adapters.link_changes import LinkChanges
from services.integrations.podiumkunst.adapters.link_rows import HallMappingRows, LinkRows
from services.integrations.podiumkunst.adapters.link_tables import connections
from services.integrations.podiumkunst.adapters.platform_rows import PlatformPerformanceRows
from services.integrations.podiumkunst.adapters.portfolio_rows import PortfolioRows
from services.integrations.podiumkunst.adapters.show_rows import ShowRows
from services.integrations.podiumkunst.adapters.show_tables import houses
from services.runtime.clock import Clock
from services.runtime.ids import Ids
from services.runtime.seal import Seal
from services.runtime.sql.connections import connected
from services.runtime.sql.scopes import AllHouses, HouseScope

_DUE = AllHouses("whose list or portfolio is due is found whichever house it is")


class PostgresLinksTransaction(WritingTransaction):
    """See LinksTransaction. Lives as long as its connection's block."""

    def __init__(
        self,
        connection: AsyncConnection,
        house_id: str,
        now_ms: int,
        *,
        ids: Ids,
        seal: Seal,
        changes: Sequence[LinkChanges],
    ) -> None:
        super().__init__(connection, house_id, now_ms, ids)
        self.connections = ConnectionRows(connection, house_id, now_ms, seal, changes)
        self.platform = PlatformPerformanceRows(connection, house_id, now_ms)
        self.shows = ShowRows(connection, house_id)
        self.links = LinkRows(connection, house_id, changes)
        self.halls = HallMappingRows(connection, house_id)
        self.portfolios = PortfolioRows(connection, house_id)

    async def zone(self) -> str | None:
        """See LinksTransaction.zone."""
        wanted = sa.select(houses.c.time_zone).where(houses.c.house_id == self.house_id)
        return (await self._connection.execute(wanted)).scalar_one_or_none()

    async def keep_zone(self, zone: str) -> None:
        """See LinksTransaction.keep_zone. It never changes."""
        await keep_house(self._connection, self.house_id, zone, revision=0)


class PostgresLinks:
    """See LinksStore. `wake` is called after a commit with acts."""

    def __init__(
        self,
        engine: AsyncEngine,
        *,
        clock: Clock,
        ids: Ids,
        seal: Seal,
        wake: Callable[[], None],
        changes: Sequence[LinkChanges] = (),
    ) -> None:
        self._engine = engine
        self._clock = clock
        self._ids = ids
        self._seal = seal
        self._wake = wake
        self._changes = tuple(changes)

    @asynccontextmanager
    async def transaction(self, house_id: str) -> AsyncIterator[PostgresLinksTransaction]:
        """See LinksStore.transaction."""
        async with connected(self._engine, HouseScope(house_id)) as connection:
            transaction = PostgresLinksTransaction(
                connection, house_id, self._clock.now_ms(), ids=self._ids, seal=self._seal, changes=self._changes
            )
            yield transaction
            await transaction.end(self._wake)

    async def lease_lists(self, limit: int, now_ms: int, next_ms: int) -> Sequence[str]:
        """See LinksStore.lease_lists."""
        return await self._lease(connections.c.list_due_at_ms, limit, now_ms, next_ms)

    async def lease_portfolios(self, limit: int, now_ms: int, next_ms: int) -> Sequence[str]:
        """See LinksStore.lease_portfolios."""
        return await self._lease(connections.c.portfolio_due_at_ms, limit, now_ms, next_ms)

    async def _lease(self, due: sa.Column[int], limit: int, now_ms: int, next_ms: int) -> Sequence[str]:
        async with connected(self._engine, _DUE) as connection:
            first = (
                sa.select(connections.c.house_id)
                .where(connections.c.is_on, due <= now_ms)
                # In one order for both leases, and never skipped: a row that the other one has locked for a moment is
                # as due as before.
                .order_by(connections.c.house_id)
                .limit(limit)
                .with_for_update()
            )
            lease = sa.update(connections).where(connections.c.house_id.in_(first)).values({due.name: next_ms})
            return [*(await connection.execute(lease.returning(connections.c.house_id))).scalars()]


async def keep_house(connection: AsyncConnection, house_id: str, zone: str, *, revision: int) -> None:
    """As accounts says it; of two words the newer."""
    add = insert(houses)
    values = {"house_id": house_id, "time_zone": zone, "revision": revision}
    newer = add.on_conflict_do_update(
        index_elements=["house_id"],
        set_={name: add.excluded[name] for name in ("time_zone", "revision")},
        where=houses.c.revision < add.excluded.revision,
    )
    await connection.execute(newer, values)
