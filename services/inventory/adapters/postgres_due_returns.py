"""A look at the record for allotments that are due, whatever their house and whoever owns the performance."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import BigInteger, cast, func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncEngine

from services.inventory.adapters.tables import allotment as allotments
from services.inventory.ports import DueReturn
from services.runtime.sql.connections import connected
from services.runtime.sql.scopes import AllHouses

_ALL = AllHouses("the day comes for the allotments of every house")


class PostgresDueReturns:
    """See ports.DueReturns."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def due(self, after: DueReturn | None, limit: int) -> Sequence[DueReturn]:
        """See DueReturns."""
        row = allotments.c
        order = (row.return_due_at_ms, row.performance_id, row.allotment_id)
        now_ms = cast(func.extract("epoch", func.clock_timestamp()) * 1000, BigInteger)
        query = select(*order, row.house_id).where(row.return_pending, row.return_due_at_ms <= now_ms)
        if after is not None:
            place = (after.return_due_at_ms, after.performance_id, after.allotment_id)
            query = query.where(tuple_(*order) > place)
        async with connected(self._engine, _ALL) as connection:
            found = await connection.execute(query.order_by(*order).limit(limit))
            return [DueReturn(*each) for each in found]
