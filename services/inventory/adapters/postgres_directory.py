"""The directory of owners in Postgres. Each epoch is one conditional UPDATE, whoever asks (RULE 1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import Executable, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncEngine

from services.inventory.adapters.tables import performance_owner as owners
from services.inventory.adapters.tables import placement_pin as pins
from services.inventory.ports import OwnedPerformance, Owner
from services.runtime.sql.connections import connected
from services.runtime.sql.scopes import AllHouses

_OWNERS = AllHouses("the directory knows performances and nodes, and no houses")


class PostgresDirectory:
    """See ports.Directory."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def owner_of(self, performance_id: str) -> Owner | None:
        query = select(owners.c.incarnation, owners.c.endpoint, owners.c.epoch)
        async with connected(self._engine, _OWNERS) as connection:
            row = (await connection.execute(query.where(owners.c.performance_id == performance_id))).one_or_none()
        return None if row is None else Owner(row.incarnation, row.endpoint, row.epoch)

    async def take(self, performance_id: str, seen_epoch: int, incarnation: str, endpoint: str) -> int | None:
        taken = {"incarnation": incarnation, "endpoint": endpoint, "epoch": seen_epoch + 1, "record_batch": 0}
        if seen_epoch == 0:
            first = upsert(owners).values(performance_id=performance_id, **taken)
            statement: Executable = first.on_conflict_do_nothing().returning(owners.c.epoch)
        else:
            unchanged = (owners.c.performance_id == performance_id) & (owners.c.epoch == seen_epoch)
            statement = update(owners).where(unchanged).values(**taken).returning(owners.c.epoch)
        async with connected(self._engine, _OWNERS) as connection:
            epoch: int | None = (await connection.execute(statement)).scalar_one_or_none()
        return epoch

    async def release(self, performance_id: str, epoch: int) -> None:
        still_ours = (owners.c.performance_id == performance_id) & (owners.c.epoch == epoch)
        async with connected(self._engine, _OWNERS) as connection:
            await connection.execute(update(owners).where(still_ours).values(incarnation="", endpoint=""))

    async def epochs_of(self, performance_ids: Sequence[str]) -> Mapping[str, int]:
        query = select(owners.c.performance_id, owners.c.epoch).where(owners.c.performance_id.in_(performance_ids))
        async with connected(self._engine, _OWNERS) as connection:
            return {row.performance_id: row.epoch for row in await connection.execute(query)}

    async def pins(self) -> Mapping[str, str]:
        async with connected(self._engine, _OWNERS) as connection:
            rows = await connection.execute(select(pins.c.performance_id, pins.c.endpoint))
            return {row.performance_id: row.endpoint for row in rows}

    async def pin(self, performance_id: str, endpoint: str) -> None:
        statement: Executable = delete(pins).where(pins.c.performance_id == performance_id)
        if endpoint:
            wanted = upsert(pins).values(performance_id=performance_id, endpoint=endpoint)
            statement = wanted.on_conflict_do_update(index_elements=["performance_id"], set_={"endpoint": endpoint})
        async with connected(self._engine, _OWNERS) as connection:
            await connection.execute(statement)

    async def page(self, after: str, size: int) -> Sequence[OwnedPerformance]:
        query = (
            select(owners, func.coalesce(pins.c.endpoint, "").label("pinned_to"))
            .outerjoin(pins, pins.c.performance_id == owners.c.performance_id)
            .where(owners.c.performance_id > after)
            .order_by(owners.c.performance_id)
            .limit(size)
        )
        async with connected(self._engine, _OWNERS) as connection:
            return [
                OwnedPerformance(row.performance_id, Owner(row.incarnation, row.endpoint, row.epoch), row.pinned_to)
                for row in await connection.execute(query)
            ]
