"""What the platform told of productions, in PostgreSQL, inside one transaction's connection."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.integrations.podiumkunst.adapters.link_tables import (
    links,
    platform_performances,
    portfolio_figures,
    portfolio_looks,
)
from services.integrations.podiumkunst.domain.connection import Look, LookAnswer
from services.integrations.podiumkunst.domain.platform import ProductionSales
from services.integrations.podiumkunst.domain.portfolio import Figure, ProductionLook

_f, _k, _p = portfolio_figures.c, portfolio_looks.c, platform_performances.c


class PortfolioRows:
    """See Portfolios."""

    def __init__(self, connection: AsyncConnection, house_id: str) -> None:
        self._connection = connection
        self._house_id = house_id

    async def keep(self, sales: ProductionSales, look: ProductionLook) -> None:
        mine = (_f.house_id == self._house_id) & (_f.production == sales.production_id)
        await self._connection.execute(sa.delete(portfolio_figures).where(mine))
        provinces = await self._provinces()
        rows: dict[str, dict[str, Any]] = {}
        for one in sales.theatres:
            told = (one.theatre.province_id, one.theatre.province)
            province_id, province = told if any(told) else provinces.get(one.theatre.theatre_id, ("", ""))
            row = rows.setdefault(
                one.theatre.theatre_id,
                {
                    "house_id": self._house_id,
                    "production": sales.production_id,
                    "theatre_id": one.theatre.theatre_id,
                    "theatre": one.theatre.name,
                    "province_id": province_id,
                    "province": province,
                    "tickets": 0,
                    "recette_minor": 0,
                },
            )
            row["tickets"] += one.tickets
            row["recette_minor"] += one.recette_minor
        if rows:
            await self._connection.execute(insert(portfolio_figures), [*rows.values()])
        await self.looked(look)

    async def looked(self, look: ProductionLook) -> None:
        values = {
            "house_id": self._house_id,
            "production": look.production_id,
            "answer": look.look.answer.value,
            "note": look.look.note,
            "looked_at_ms": look.look.looked_at_ms,
            "told_at_ms": look.look.told_at_ms,
            "adds_up": look.adds_up,
        }
        add = insert(portfolio_looks)
        keep = add.on_conflict_do_update(
            index_elements=["house_id", "production"], set_={name: add.excluded[name] for name in values}
        )
        await self._connection.execute(keep, values)

    async def figures(self, production: str = "") -> Sequence[Figure]:
        titles = (
            sa.select(sa.func.split_part(_p.number, "|", 1).label("production"), sa.func.min(_p.title).label("title"))
            .join(links, (links.c.house_id == _p.house_id) & (links.c.number == _p.number))
            .where(_p.house_id == self._house_id)
            .group_by(sa.literal_column("1"))
            .subquery()
        )
        wanted = (
            sa.select(portfolio_figures, titles.c.title)
            .join(titles, titles.c.production == _f.production)
            .where(_f.house_id == self._house_id)
            .order_by(_f.production, _f.theatre_id)
        )
        if production:
            wanted = wanted.where(_f.production == production)
        return [
            Figure(
                production_id=row.production,
                title=row.title,
                theatre_id=row.theatre_id,
                theatre=row.theatre,
                province_id=row.province_id,
                province=row.province,
                tickets=row.tickets,
                recette_minor=row.recette_minor,
            )
            for row in await self._connection.execute(wanted)
        ]

    async def looks(self, productions: Collection[str]) -> Mapping[str, ProductionLook]:
        wanted = sa.select(portfolio_looks).where(_k.house_id == self._house_id, _k.production.in_(productions))
        return {
            row.production: ProductionLook(
                row.production,
                Look(LookAnswer(row.answer), row.note, row.looked_at_ms, row.told_at_ms),
                row.adds_up,
            )
            for row in await self._connection.execute(wanted)
        }

    async def _provinces(self) -> Mapping[str, tuple[str, str]]:
        """Of theatres, as the platform's list has named them: its sales need not say it again."""
        wanted = (
            sa.select(_p.theatre_id, sa.func.max(_p.province_id), sa.func.max(_p.province))
            .where(_p.house_id == self._house_id)
            .group_by(_p.theatre_id)
        )
        return {theatre_id: (one, name) for theatre_id, one, name in await self._connection.execute(wanted)}
