"""Which consumer groups operators have paused: a row in the service's own database, so that it outlives processes."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from services.runtime.sql.connections import connected
from services.runtime.sql.scopes import AllHouses

_GROUPS = AllHouses("a consumer group reads the events of many houses")

_PAUSE = text(
    """INSERT INTO consumer_pause (consumer, paused_at_ms) VALUES (:consumer, :now_ms)
       ON CONFLICT (consumer) DO NOTHING"""
)


class Pauses:
    """The pauses of one group. Each of its members reads them every few seconds (Membership)."""

    def __init__(self, engine: AsyncEngine, consumer: str) -> None:
        self._engine = engine
        self._consumer = consumer

    async def since_ms(self) -> int | None:
        """When the group was paused; None when it is not."""
        query = text("SELECT paused_at_ms FROM consumer_pause WHERE consumer = :consumer")
        async with connected(self._engine, _GROUPS) as connection:
            since_ms: int | None = (await connection.execute(query, {"consumer": self._consumer})).scalar()
        return since_ms

    async def pause(self, now_ms: int) -> None:
        """From now on; the moment of an earlier pause stays."""
        async with connected(self._engine, _GROUPS) as connection:
            await connection.execute(_PAUSE, {"consumer": self._consumer, "now_ms": now_ms})

    async def resume(self) -> None:
        """Ends the pause; no error without one."""
        query = text("DELETE FROM consumer_pause WHERE consumer = :consumer")
        async with connected(self._engine, _GROUPS) as connection:
            await connection.execute(query, {"consumer": self._consumer})
