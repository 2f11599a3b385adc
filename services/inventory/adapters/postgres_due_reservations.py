"""A look at the record for reservations that are due, whatever their house and whoever owns the performance."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import BigInteger, cast, func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncEngine

from services.inventory.adapters.tables import reservation as rows
from services.inventory.domain.reservations import STANDING
from services.inventory.ports import DueReservation
from services.runtime.sql.connections import connected
from services.runtime.sql.scopes import AllHouses

_ALL = AllHouses("deadlines come for the reservations of every house")


class PostgresDueReservations:
    """See ports.DueReservations."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def due(self, after: DueReservation | None, limit: int) -> Sequence[DueReservation]:
        """See DueReservations."""
        order = (rows.c.deadline_ms, rows.c.performance_id, rows.c.reservation_id)
        now_ms = cast(func.extract("epoch", func.clock_timestamp()) * 1000, BigInteger)
        query = select(*order, rows.c.house_id).where(
            rows.c.state == STANDING, rows.c.deadline_ms > 0, rows.c.deadline_ms <= now_ms
        )
        if after is not None:
            query = query.where(tuple_(*order) > (after.deadline_ms, after.performance_id, after.reservation_id))
        async with connected(self._engine, _ALL) as connection:
            found = await connection.execute(query.order_by(*order).limit(limit))
            return [DueReservation(*each) for each in found]
