"""Days of performances out of Postgres. Each movement is put into its day by comparing numbers: no clock is asked."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from services.reporting.adapters.figures_sql import OF_PERFORMANCE, seen, serving
from services.reporting.ports.daily_figures import DailyRow
from services.reporting.ports.figures import Narrowing, Sight
from services.runtime.sql.connections import connected, for_snapshots
from services.runtime.sql.scopes import HouseScope


class PostgresDailyFigures:
    """See DailyFigures."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._moments = for_snapshots(engine)

    async def daily(self, sight: Sight, narrowing: Narrowing, bounds_ms: Sequence[int]) -> Sequence[DailyRow]:
        """See DailyFigures.daily."""
        if sight.is_empty:
            return []
        found = seen(sight, narrowing)
        found.between("s.minute_ms", "moved", bounds_ms[0], bounds_ms[-1])
        query = f"""
            SELECT performance_id, currency, array_agg(day - 1), array_agg(tickets), array_agg(minor), sum(sold)::bigint
            FROM (
                SELECT s.performance_id, s.currency, width_bucket(s.minute_ms, CAST(:bounds AS bigint[])) AS day,
                       sum(s.tickets_sold - s.tickets_back)::bigint AS tickets,
                       sum(s.sold_minor - s.back_minor)::bigint AS minor,
                       sum(s.tickets_sold)::bigint AS sold
                FROM sales_minutes s {OF_PERFORMANCE}
                WHERE s.generation = {serving("sales")} AND {found}
                GROUP BY 1, 2, 3
            ) by_day
            GROUP BY 1, 2"""  # noqa: S608 (fixed parts)
        parameters = {**found.parameters, "bounds": list(bounds_ms)}
        async with connected(self._moments, HouseScope(sight.house_id)) as connection:
            return [DailyRow(*row) for row in await connection.execute(text(query), parameters)]
