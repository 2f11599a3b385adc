"""See RoundStore and LinkChanges: when figures go out next, in PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.integrations.podiumkunst.adapters.figure_tables import figure_rounds, figure_told
from services.integrations.podiumkunst.adapters.link_tables import connections
from services.integrations.podiumkunst.adapters.show_tables import houses
from services.integrations.podiumkunst.domain.connection import TARGET_ID
from services.integrations.podiumkunst.domain.rounds import Rounds, rounds_after
from services.integrations.podiumkunst.domain.show import Link
from services.runtime.outbound.port import OutboundQueue, Target
from services.runtime.sql.connections import after_commit, connected
from services.runtime.sql.scopes import AllHouses, HouseScope

_DUE = AllHouses("rounds of all houses come due")


class PostgresRounds:
    """See RoundStore."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def due(self, now_ms: int, limit: int) -> Sequence[str]:
        """See RoundStore.due."""
        mine = figure_rounds.c.house_id == connections.c.house_id
        is_due = (
            figure_rounds.c.house_id.is_(None)
            | (figure_rounds.c.hourly_at_ms <= now_ms)
            | (figure_rounds.c.nightly_at_ms <= now_ms)
        )
        wanted = (
            sa.select(connections.c.house_id)
            .select_from(connections.outerjoin(figure_rounds, mine))
            .where(connections.c.is_on, is_due)
            .order_by(figure_rounds.c.hourly_at_ms.nulls_first())
            .limit(limit)
        )
        async with connected(self._engine, _DUE) as connection:
            return list((await connection.execute(wanted)).scalars())

    async def take(self, house_id: str, now_ms: int) -> Rounds | None:
        """See RoundStore.take."""
        mine = figure_rounds.c.house_id == house_id
        async with connected(self._engine, HouseScope(house_id)) as connection:
            begin = insert(figure_rounds).values(house_id=house_id, hourly_at_ms=0, nightly_at_ms=0)
            await connection.execute(begin.on_conflict_do_nothing())
            row = (await connection.execute(sa.select(figure_rounds).where(mine).with_for_update())).one()
            was = Rounds(row.hourly_at_ms, row.nightly_at_ms)
            if not was.are_due(now_ms):
                return None
            zone = sa.select(houses.c.time_zone).where(houses.c.house_id == house_id)
            then = rounds_after(house_id, (await connection.execute(zone)).scalar_one_or_none() or "", now_ms)
            nightly_at_ms = then.nightly_at_ms if was.is_nightly_due(now_ms) else was.nightly_at_ms
            later = {"hourly_at_ms": then.hourly_at_ms, "nightly_at_ms": nightly_at_ms}
            await connection.execute(sa.update(figure_rounds).where(mine).values(later))
            return was


class FiguresFollowLinks:
    """See LinkChanges: a new link's figures go out at once, and those of a link that is no more are not compared with.

    What still waits of them is dropped when its turn comes (R0.6).
    """

    def __init__(self, wake: Callable[[], None], queue: OutboundQueue) -> None:
        self._wake = wake
        self._queue = queue

    async def linked(self, connection: AsyncConnection, house_id: str, link: Link) -> None:
        """See LinkChanges.linked."""
        await self._forget(connection, house_id, link.number)
        begin = insert(figure_rounds).values(house_id=house_id, hourly_at_ms=0, nightly_at_ms=0)
        await connection.execute(begin.on_conflict_do_update(index_elements=["house_id"], set_={"hourly_at_ms": 0}))
        after_commit(connection, self._wake)

    async def unlinked(self, connection: AsyncConnection, house_id: str, link: Link) -> None:
        """See LinkChanges.unlinked."""
        await self._forget(connection, house_id, link.number)

    async def account_set(self, connection: AsyncConnection, house_id: str) -> None:
        """See LinkChanges.account_set: what waited for it goes on."""
        await self._queue.mend(connection, Target(house_id, TARGET_ID))
        after_commit(connection, self._wake)

    async def _forget(self, connection: AsyncConnection, house_id: str, number: str) -> None:
        mine = (figure_told.c.house_id == house_id) & (figure_told.c.number == number)
        await connection.execute(sa.delete(figure_told).where(mine))
