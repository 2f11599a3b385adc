"""Generations of the read model: opened, compared, served, dropped. The rows inside one are postgres_read_model's."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import ColumnElement, delete, insert, select, true, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.reporting.adapters.projections.projection import Projection
from services.reporting.adapters.tables import (
    generations,
    inbox,
    inbox_sequence,
    performances,
    read_model_generations,
)
from services.reporting.ports.generations import TOTALS_MODEL, GenerationGone, Progress, ProgressKey, group_of
from services.runtime.sql.connections import connected
from services.runtime.sql.scopes import AllHouses

_GENERATIONS = AllHouses("a generation of the read model holds every house")


class PostgresGenerations:
    """See ports.Generations. Those of one read model."""

    def __init__(self, engine: AsyncEngine, projection: Projection) -> None:
        self._engine = engine
        self._projection = projection
        self._is_totals = projection.name == TOTALS_MODEL
        self._table = generations if self._is_totals else read_model_generations
        self._of_model = true() if self._is_totals else read_model_generations.c.model == projection.name

    async def serving(self) -> int:
        async with connected(self._engine, _GENERATIONS) as connection:
            return await self._serving(connection)

    async def begin(self) -> int:
        async with connected(self._engine, _GENERATIONS) as connection:
            await self._drop(connection, self._table.c.generation != await self._serving(connection))
            values = {"serving": False} if self._is_totals else {"serving": False, "model": self._projection.name}
            opened = await connection.execute(insert(self._table).values(values).returning(self._table.c.generation))
            return int(opened.scalar_one())

    async def kept(self) -> Collection[int]:
        async with connected(self._engine, _GENERATIONS) as connection:
            query = select(self._table.c.generation).where(self._of_model)
            return list((await connection.execute(query)).scalars())

    async def progress(self, generation: int) -> Progress:
        """See Generations.progress. Events by sequence, states by (epoch, version)."""
        async with connected(self._engine, _GENERATIONS) as connection:
            await self._require(connection, generation)
            keys = select(inbox_sequence.c.source, inbox_sequence.c.topic, inbox_sequence.c.key)
            sequences = await connection.execute(
                keys.add_columns(inbox_sequence.c.last_sequence).where(
                    inbox_sequence.c.consumer == group_of(generation, self._projection.name)
                )
            )
            places = {ProgressKey(row.topic, row.key, row.source): (0, row.last_sequence) for row in sequences}
            if self._projection.versions is None:
                return places
            versions = await connection.execute(self._projection.versions(generation))
            return places | {
                ProgressKey(topic, key, source): (epoch, version) for topic, key, source, epoch, version in versions
            }

    async def serve(self, generation: int) -> None:
        """See Generations.serve. Who reads sees the switch before the old rows are gone: those may be millions."""
        async with connected(self._engine, _GENERATIONS) as connection:
            await self._require(connection, generation)
            of_old = self._table.c.serving & self._of_model
            await connection.execute(update(self._table).where(of_old).values(serving=False))
            of_new = self._table.c.generation == generation
            await connection.execute(update(self._table).where(of_new).values(serving=True))
        async with connected(self._engine, _GENERATIONS) as connection:
            await self._drop(connection, ~self._table.c.serving)

    async def abandon(self, generation: int) -> None:
        async with connected(self._engine, _GENERATIONS) as connection:
            await self._drop(connection, (self._table.c.generation == generation) & ~self._table.c.serving)

    async def _serving(self, connection: AsyncConnection) -> int:
        query = select(self._table.c.generation).where(self._table.c.serving, self._of_model)
        return int((await connection.execute(query)).scalar_one())

    async def _require(self, connection: AsyncConnection, generation: int) -> None:
        query = select(self._table.c.generation).where(self._table.c.generation == generation, self._of_model)
        if (await connection.execute(query)).first() is None:
            raise GenerationGone(generation=generation)

    async def _drop(self, connection: AsyncConnection, which: ColumnElement[bool]) -> None:
        # The locks wait for transactions that write into a generation, and let no new one begin.
        found = select(self._table.c.generation).where(which, self._of_model).with_for_update()
        dropped = [int(row.generation) for row in await connection.execute(found)]
        if not dropped:
            return
        if self._is_totals:
            # Whose writers hold their performance, not their generation.
            of_dropped = performances.c.generation.in_(dropped)
            await connection.execute(select(performances.c.generation).where(of_dropped).with_for_update())
        for table in (*self._projection.tables, self._table):
            await connection.execute(delete(table).where(table.c.generation.in_(dropped)))
        groups = [group_of(generation, self._projection.name) for generation in dropped]
        for table in (inbox, inbox_sequence):
            await connection.execute(delete(table).where(table.c.consumer.in_(groups)))
