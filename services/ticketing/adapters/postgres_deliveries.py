"""What is due of the ledger of letters, whatever its house, in PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from services.runtime.clock import Clock
from services.runtime.sql.connections import connected
from services.runtime.sql.scopes import AllHouses
from services.ticketing.adapters.delivery_rows import delivery_of
from services.ticketing.adapters.delivery_tables import deliveries
from services.ticketing.ports.due_deliveries import DueLine

_DUE = AllHouses("letters to buyers come due, whatever their house")
_OLD = AllHouses("the ledger of letters is forgotten by age")
_LINE = deliveries.c
_KEY = (_LINE.house_id, _LINE.delivery_id)


class PostgresDeliveries:
    """See DueDeliveries."""

    def __init__(self, engine: AsyncEngine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock

    async def lease(self, limit: int, lease_ms: int) -> Sequence[DueLine]:
        """See DueDeliveries.lease."""
        now_ms = self._clock.now_ms()
        due = (
            sa.select(*_KEY)
            .where(_LINE.ended_at_ms.is_(None), _LINE.due_at_ms <= now_ms)
            .order_by(_LINE.due_at_ms)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        taken = (
            sa.update(deliveries)
            .where(sa.tuple_(*_KEY).in_(due))
            .values(due_at_ms=now_ms + lease_ms)
            .returning(deliveries)
        )
        async with connected(self._engine, _DUE) as connection:
            return [DueLine(row.house_id, delivery_of(row)) for row in await connection.execute(taken)]

    async def oldest_ms(self) -> int | None:
        """See DueDeliveries.oldest_ms."""
        wanted = sa.select(sa.func.min(_LINE.created_at_ms)).where(_LINE.ended_at_ms.is_(None))
        async with connected(self._engine, _DUE) as connection:
            oldest: int | None = (await connection.execute(wanted)).scalar()
            return oldest

    async def purge(self, created_before_ms: int, limit: int) -> int:
        """See DueDeliveries.purge."""
        old = sa.select(*_KEY).where(_LINE.created_at_ms < created_before_ms, _LINE.ended_at_ms.is_not(None))
        gone = sa.delete(deliveries).where(sa.tuple_(*_KEY).in_(old.limit(limit)))
        async with connected(self._engine, _OLD) as connection:
            return int((await connection.execute(gone)).rowcount)
