"""A mark of a house's figures out of sums that only grow: any sale, count, or word of the catalogue makes another."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from services.reporting.adapters.figures_sql import serving
from services.runtime.sql.connections import connected, for_single_statements
from services.runtime.sql.scopes import HouseScope

# Of each part the generation too: a rebuilt model that is served from now on may tell otherwise. Counts: an epoch's
# versions begin anew, so both are told.
_MARK = text(
    f"""
    SELECT concat_ws('/',
        (SELECT string_agg(model || generation, ' ' ORDER BY model) FROM read_model_generations WHERE serving),
        (SELECT concat_ws(' ', sum(tickets_sold + tickets_back), sum(sold_minor + back_minor)) FROM sales_sums
         WHERE generation = {serving("sales")} AND house_id = :house_id),
        (SELECT concat_ws(' ', sum(epoch), sum(version)) FROM seat_counts
         WHERE generation = {serving("availability")} AND house_id = :house_id),
        (SELECT sum(sequence) FROM performance_facts
         WHERE generation = {serving("performances")} AND house_id = :house_id))
    """  # noqa: S608 (fixed parts)
)


class PostgresFigureMarks:
    """See FigureMarks."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._single = for_single_statements(engine)

    async def mark_of(self, house_id: str) -> str:
        """See FigureMarks.mark_of."""
        async with connected(self._single, HouseScope(house_id)) as connection:
            return str((await connection.execute(_MARK, {"house_id": house_id})).scalar_one())
