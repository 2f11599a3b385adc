"""Generations of the read model: opened, compared, served, dropped. The rows inside one are postgres_read_model's."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import ColumnElement, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.reporting.adapters.tables import (
    generations,
    inbox,
    inbox_sequence,
    order_lines,
    orders,
    performances,
    sales_lines,
)
from services.reporting.ports.generations import GenerationGone, Progress, ProgressKey, group_of
from services.runtime.bus.topics import AVAILABILITY
from services.runtime.sql.connections import connected
from services.runtime.sql.scopes import AllHouses

_GENERATIONS = AllHouses("a generation of the read model holds every house")


class PostgresGenerations:
    """See ports.Generations."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def serving(self) -> int:
        async with connected(self._engine, _GENERATIONS) as connection:
            return await _serving(connection)

    async def begin(self) -> int:
        async with connected(self._engine, _GENERATIONS) as connection:
            await _drop_all_but(connection, await _serving(connection))
            opened = await connection.execute(insert(generations).values(serving=False).returning(generations))
            return int(opened.scalar_one())

    async def kept(self) -> Collection[int]:
        async with connected(self._engine, _GENERATIONS) as connection:
            return list((await connection.execute(select(generations.c.generation))).scalars())

    async def progress(self, generation: int) -> Progress:
        """See Generations.progress. Events by sequence, counts by (epoch, version)."""
        async with connected(self._engine, _GENERATIONS) as connection:
            await _require(connection, generation)
            keys = select(inbox_sequence.c.source, inbox_sequence.c.topic, inbox_sequence.c.key)
            sequences = await connection.execute(
                keys.add_columns(inbox_sequence.c.last_sequence).where(
                    inbox_sequence.c.consumer == group_of(generation)
                )
            )
            counts = await connection.execute(
                select(
                    performances.c.house_id,
                    performances.c.performance_id,
                    performances.c.counted_epoch,
                    performances.c.counted_version,
                ).where(performances.c.generation == generation, performances.c.counted_epoch.is_not(None))
            )
            places = {ProgressKey(row.topic, row.key, row.source): (0, row.last_sequence) for row in sequences}
            return places | {
                ProgressKey(AVAILABILITY, row.performance_id, row.house_id): (row.counted_epoch, row.counted_version)
                for row in counts
            }

    async def serve(self, generation: int) -> None:
        async with connected(self._engine, _GENERATIONS) as connection:
            await _require(connection, generation)
            await connection.execute(update(generations).where(generations.c.serving).values(serving=False))
            of_new = generations.c.generation == generation
            await connection.execute(update(generations).where(of_new).values(serving=True))
            await _drop_all_but(connection, generation)

    async def abandon(self, generation: int) -> None:
        async with connected(self._engine, _GENERATIONS) as connection:
            await _drop(connection, (generations.c.generation == generation) & ~generations.c.serving)


async def _serving(connection: AsyncConnection) -> int:
    query = select(generations.c.generation).where(generations.c.serving)
    return int((await connection.execute(query)).scalar_one())


async def _require(connection: AsyncConnection, generation: int) -> None:
    query = select(generations.c.generation).where(generations.c.generation == generation)
    if (await connection.execute(query)).first() is None:
        raise GenerationGone(generation=generation)


async def _drop_all_but(connection: AsyncConnection, kept: int) -> None:
    await _drop(connection, generations.c.generation != kept)


async def _drop(connection: AsyncConnection, which: ColumnElement[bool]) -> None:
    # The locks wait for transactions that write into a generation, and let no new one begin.
    found = select(generations.c.generation).where(which).with_for_update()
    dropped = [int(row.generation) for row in await connection.execute(found)]
    if not dropped:
        return
    of_dropped = performances.c.generation.in_(dropped)
    await connection.execute(select(performances.c.generation).where(of_dropped).with_for_update())
    for table in (order_lines, orders, sales_lines, performances, generations):
        await connection.execute(delete(table).where(table.c.generation.in_(dropped)))
    groups = [group_of(generation) for generation in dropped]
    for table in (inbox, inbox_sequence):
        await connection.execute(delete(table).where(table.c.consumer.in_(groups)))
