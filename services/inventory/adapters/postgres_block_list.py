"""The blocks of a performance, read for people."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from services.inventory.adapters.tables import seat_block
from services.inventory.domain.records import BlockKind, SeatBlock
from services.runtime.sql.connections import connected
from services.runtime.sql.scopes import HouseScope


class PostgresBlockList:
    """See BlockList."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def blocks(
        self, house_id: str, performance_id: str, kind: BlockKind | None, after: int, size: int
    ) -> Sequence[SeatBlock]:
        """See BlockList."""
        wanted = (seat_block.c.performance_id == performance_id) & (seat_block.c.seat_index > after)
        if kind is not None:
            wanted &= seat_block.c.kind == kind.name
        query = select(seat_block).where(wanted).order_by(seat_block.c.seat_index).limit(size)
        async with connected(self._engine, HouseScope(house_id)) as connection:
            rows = (await connection.execute(query)).all()
        return [SeatBlock(row.seat_index, BlockKind[row.kind], row.reason) for row in rows]
