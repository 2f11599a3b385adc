"""The directory of owners in Postgres. Each epoch is one conditional UPDATE, whoever asks (RULE 1)."""

from __future__ import annotations

from sqlalchemy import Executable, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from services.inventory.adapters.tables import performance_owner as owners
from services.inventory.ports import Owner, StoreUnavailable


class PostgresDirectory:
    """See ports.Directory."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def owner_of(self, performance_id: str) -> Owner | None:
        """See Directory."""
        query = select(owners.c.incarnation, owners.c.endpoint, owners.c.epoch)
        try:
            async with self._engine.connect() as connection:
                row = (await connection.execute(query.where(owners.c.performance_id == performance_id))).one_or_none()
        except (DBAPIError, OSError, TimeoutError) as error:
            raise StoreUnavailable(performance_id=performance_id) from error
        return None if row is None else Owner(row.incarnation, row.endpoint, row.epoch)

    async def take(self, performance_id: str, seen_epoch: int, incarnation: str, endpoint: str) -> int | None:
        """See Directory."""
        taken = {"incarnation": incarnation, "endpoint": endpoint, "epoch": seen_epoch + 1, "record_batch": 0}
        if seen_epoch == 0:
            first = upsert(owners).values(performance_id=performance_id, **taken)
            statement: Executable = first.on_conflict_do_nothing().returning(owners.c.epoch)
        else:
            unchanged = (owners.c.performance_id == performance_id) & (owners.c.epoch == seen_epoch)
            statement = update(owners).where(unchanged).values(**taken).returning(owners.c.epoch)
        try:
            async with self._engine.begin() as connection:
                epoch: int | None = (await connection.execute(statement)).scalar_one_or_none()
        except (DBAPIError, OSError, TimeoutError) as error:
            raise StoreUnavailable(performance_id=performance_id) from error
        return epoch

    async def release(self, performance_id: str, epoch: int) -> None:
        """See Directory."""
        still_ours = (owners.c.performance_id == performance_id) & (owners.c.epoch == epoch)
        try:
            async with self._engine.begin() as connection:
                await connection.execute(update(owners).where(still_ours).values(incarnation="", endpoint=""))
        except (DBAPIError, OSError, TimeoutError) as error:
            raise StoreUnavailable(performance_id=performance_id) from error
