"""The served read models' figures out of Postgres: one snapshot and one house a question."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any, Final

from balcon.funnel.v1.funnel_events_pb2 import FunnelStep
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.contracts.channels import Channel
from services.reporting.adapters.figures_sql import (
    OF_PERFORMANCE,
    narrowed_sales,
    seen,
    serving,
    sums_sql,
)
from services.reporting.ports.figures import (
    AllotmentFigures,
    Dimension,
    FunnelStepCount,
    Movement,
    Narrowing,
    PerformanceFigures,
    Sight,
    SumRow,
    Sums,
)
from services.runtime.sql.connections import connected, for_snapshots
from services.runtime.sql.scopes import HouseScope

# What is in memory of a stream at a time.
STREAM_ROWS: Final = 1_000
UNKNOWN_ZONE: Final = "UTC"

# What is said of performances is joined by hashes. A generation that has just been filled has no statistics yet, and
# what is taken for one row would be looked at once for each of hundreds of thousands.
_HASHED = text("SELECT set_config('enable_nestloop', 'off', true), set_config('work_mem', '64MB', true)")
# A fortnight of hundreds of performances is added up by hashes, too, which the usual 4 MB would sort on disk instead.
_IN_MEMORY = text("SELECT set_config('work_mem', '64MB', true)")
_ZONE = text(
    f"SELECT time_zone FROM house_facts WHERE generation = {serving('houses')} AND house_id = :house_id"  # noqa: S608
)
# Whatever has told of it first: the catalogue, a sale, or the count of its seats.
_KNOWN = f"""
    SELECT house_id, performance_id FROM performance_facts
    WHERE generation = {serving("performances")} AND house_id = :house_id
    UNION SELECT house_id, performance_id FROM sales_sums
    WHERE generation = {serving("sales")} AND house_id = :house_id
    UNION SELECT house_id, performance_id FROM seat_counts
    WHERE generation = {serving("availability")} AND house_id = :house_id"""  # noqa: S608 (fixed parts)
_MOVEMENT = ", ".join(f"s.{name}" for name in Movement.__dataclass_fields__)


class PostgresFigures:
    """See ports.Figures."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._moments = for_snapshots(engine)

    async def sums(self, sight: Sight, narrowing: Narrowing, by: Sequence[Dimension]) -> Sequence[SumRow]:
        if sight.is_empty:
            return []
        async with connected(self._moments, HouseScope(sight.house_id)) as connection:
            return [row for row, _ in await _sums(connection, sight, narrowing, by)]

    async def performances(self, sight: Sight, narrowing: Narrowing) -> Sequence[PerformanceFigures]:
        if sight.is_empty:
            return []
        found = seen(sight, narrowing)
        query = f"""
            SELECT s.performance_id, p.production_id, p.title, p.hall_id, p.starts_at_ms, p.currency, p.is_cancelled,
                   coalesce(p.capacity, c.capacity, 0) AS capacity, c.free, coalesce(c.held + c.claimed, 0) AS held,
                   c.blocked, c.reserved, c.allotted, c.reported_sold,
                   greatest(p.at_ms, c.at_ms) AS at_ms
            FROM ({_KNOWN}) s {OF_PERFORMANCE}
            LEFT JOIN seat_counts c ON c.generation = {serving("availability")}
                 AND c.house_id = :house_id AND c.performance_id = s.performance_id
            WHERE {found}
            ORDER BY coalesce(p.starts_at_ms, 0), s.performance_id COLLATE "C"
            """  # noqa: S608 (fixed parts)
        async with connected(self._moments, HouseScope(sight.house_id)) as connection:
            await connection.execute(_HASHED)
            rows = (await connection.execute(text(query), found.parameters)).all()
            sums = await _sums(connection, sight, narrowing, [Dimension.PERFORMANCE])
        of = {row.values[0]: (row, latest_ms) for row, latest_ms in sums}
        return [_performance(sight.house_id, row, of.get(row.performance_id)) for row in rows]

    async def movements(self, sight: Sight, narrowing: Narrowing) -> AsyncIterator[Movement]:
        """See Figures.movements. A cursor of the database: as much is in memory for a million rows as for a few."""
        if sight.is_empty:
            return
        found = seen(sight, narrowing)
        narrowed_sales(found, narrowing, "s.at_ms")
        query = f"""
            SELECT {_MOVEMENT} FROM sales_ledger s
            WHERE s.generation = {serving("sales")} AND {found}
            ORDER BY s.at_ms, s.performance_id, s.order_id, s.number, s.line"""  # noqa: S608 (fixed parts)
        async with connected(self._moments, HouseScope(sight.house_id)) as connection:
            rows = await connection.stream(
                text(query), found.parameters, execution_options={"max_row_buffer": STREAM_ROWS}
            )
            async for row in rows:
                yield _movement(row)

    async def funnel(self, sight: Sight, narrowing: Narrowing) -> Sequence[FunnelStepCount]:
        if sight.is_empty:
            return []
        found = seen(sight, narrowing)
        counts, visits = "funnel_counts", "sum(s.visits)"
        if narrowing.moved_from_ms is not None or narrowing.moved_until_ms is not None:
            counts, visits = "funnel_steps", "count(*)"
            found.between("s.reached_at_ms", "moved", narrowing.moved_from_ms, narrowing.moved_until_ms)
        query = f"""
            SELECT s.performance_id, s.step, {visits} AS visits FROM {counts} s
            WHERE s.generation = {serving("funnel")} AND {found}
            GROUP BY s.performance_id, s.step ORDER BY s.performance_id COLLATE "C", s.step
            """  # noqa: S608 (fixed parts)
        async with connected(self._moments, HouseScope(sight.house_id)) as connection:
            rows = (await connection.execute(text(query), found.parameters)).all()
        return [FunnelStepCount(row.performance_id, _step(row.step), int(row.visits)) for row in rows]

    async def allotments(self, sight: Sight, narrowing: Narrowing) -> Sequence[AllotmentFigures]:
        if sight.is_empty:
            return []
        found = seen(sight, narrowing)
        found.one_of("s.office_id", "office_ids", narrowing.office_ids)
        names = ", ".join(f"s.{name}" for name in AllotmentFigures.__dataclass_fields__)
        query = f"""
            SELECT {names} FROM allotment_facts s
            WHERE s.generation = {serving("contingents")} AND {found}
            ORDER BY s.performance_id COLLATE "C", s.allotment_id COLLATE "C"
            """  # noqa: S608 (fixed parts)
        async with connected(self._moments, HouseScope(sight.house_id)) as connection:
            rows = (await connection.execute(text(query), found.parameters)).all()
        return [AllotmentFigures(*row) for row in rows]

    async def zone_of(self, house_id: str) -> str:
        async with connected(self._moments, HouseScope(house_id)) as connection:
            return await _zone(connection, house_id)


async def _zone(connection: AsyncConnection, house_id: str) -> str:
    found = (await connection.execute(_ZONE, {"house_id": house_id})).scalar_one_or_none()
    return str(found) if found else UNKNOWN_ZONE


async def _sums(
    connection: AsyncConnection, sight: Sight, narrowing: Narrowing, by: Sequence[Dimension]
) -> Sequence[tuple[SumRow, int]]:
    """With the time of the latest movement of each."""
    query, parameters = sums_sql(sight, narrowing, by)
    await connection.execute(_HASHED if OF_PERFORMANCE in query else _IN_MEMORY)
    rows = (await connection.execute(text(query), parameters)).all()
    count = len(by)
    found = [
        (SumRow(tuple(row[:count]), row[count], Sums(*row[count + 1 : count + 7])), int(row[count + 7])) for row in rows
    ]
    return sorted(found, key=lambda one: (one[0].values, one[0].currency))


def _performance(house_id: str, row: Row[Any], sold: tuple[SumRow, int] | None) -> PerformanceFigures:
    sums, latest_ms = (sold[0].sums, sold[1]) if sold else (Sums(), 0)
    return PerformanceFigures(
        house_id=house_id,
        performance_id=row.performance_id,
        production_id=row.production_id or "",
        title=row.title or "",
        hall_id=row.hall_id or "",
        starts_at_ms=row.starts_at_ms or 0,
        currency=row.currency or (sold[0].currency if sold else ""),
        capacity=row.capacity,
        # Before its owner has counted, what the sales leave.
        free=row.free if row.free is not None else max(0, row.capacity - sums.tickets),
        held=row.held,
        blocked=row.blocked or 0,
        reserved=row.reserved or 0,
        allotted=row.allotted or 0,
        reported_sold=row.reported_sold or 0,
        is_cancelled=bool(row.is_cancelled),
        sums=sums,
        updated_at_ms=max(row.at_ms or 0, latest_ms),
    )


def _movement(row: Row[Any]) -> Movement:
    return Movement(**{**row._mapping, "channel": Channel(row.channel)})


def _step(number: int) -> str:
    """start, seats, customer, payment, done (R3.15); its number for one of a later version."""
    if number in FunnelStep.values():
        return FunnelStep.Name(FunnelStep.ValueType(number)).removeprefix("FUNNEL_STEP_").lower()
    return str(number)
