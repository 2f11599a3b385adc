"""Reads the generation that is served, one snapshot a question. House id in every query (INV-8)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from sqlalchemy import ColumnElement, and_, or_, select, true
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.reporting.adapters.performance_rows import totals_of
from services.reporting.adapters.tables import generations, performances, sales_lines
from services.reporting.domain.totals import Totals
from services.runtime.sql.connections import connected, for_snapshots
from services.runtime.sql.scopes import AllHouses, HouseScope

PAGE = 500

_ALL = AllHouses("the audit compares everything that is served")


async def read_totals(connection: AsyncConnection, chosen: ColumnElement[bool], limit: int) -> Sequence[Totals]:
    """Totals of at most `limit` performances of the served generation, in order of (performance, house)."""
    served = select(generations.c.generation).where(generations.c.serving).scalar_subquery()
    query = (
        select(performances)
        .where(performances.c.generation == served, chosen)
        .order_by(performances.c.performance_id, performances.c.house_id)
        .limit(limit)
    )
    rows = (await connection.execute(query)).mappings().all()
    if not rows:
        return []
    of_lines = and_(
        sales_lines.c.generation == served,
        sales_lines.c.performance_id.in_([row["performance_id"] for row in rows]),
        sales_lines.c.house_id.in_({row["house_id"] for row in rows}),
    )
    lines = (await connection.execute(select(sales_lines).where(of_lines))).mappings().all()
    of: dict[tuple[str, str], list[int]] = {}
    for index, line in enumerate(lines):
        of.setdefault((line["house_id"], line["performance_id"]), []).append(index)
    return [
        totals_of(row, [lines[index] for index in of.get((row["house_id"], row["performance_id"]), [])]) for row in rows
    ]


class PostgresTotalsReader:
    """See ports.TotalsReader."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._moments = for_snapshots(engine)

    async def totals(self, house_id: str, performance_id: str) -> Totals | None:
        of_house = performances.c.house_id == house_id
        async with connected(self._moments, HouseScope(house_id)) as connection:
            found = await read_totals(connection, and_(of_house, performances.c.performance_id == performance_id), 1)
        return found[0] if found else None

    async def page(self, house_id: str, after_performance_id: str, limit: int) -> Sequence[Totals]:
        chosen = and_(performances.c.house_id == house_id, performances.c.performance_id > after_performance_id)
        async with connected(self._moments, HouseScope(house_id)) as connection:
            return await read_totals(connection, chosen, limit)


async def pages_of_all(moments: AsyncEngine, performance_id: str) -> AsyncIterator[Sequence[Totals]]:
    """Everything that is served, over all houses, in pages; for the audit only. `moments`: for_snapshots()."""
    only = performances.c.performance_id == performance_id if performance_id else true()
    after: tuple[str, str] = ("", "")
    while True:
        later = or_(
            performances.c.performance_id > after[0],
            and_(performances.c.performance_id == after[0], performances.c.house_id > after[1]),
        )
        async with connected(moments, _ALL) as connection:
            page = await read_totals(connection, and_(only, later), PAGE)
        if not page:
            return
        yield page
        after = (page[-1].performance_id, page[-1].house_id)
