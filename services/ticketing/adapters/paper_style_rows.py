"""Styles of paper in PostgreSQL, inside one transaction's connection."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ticketing.adapters.paper_style_tables import paper_styles
from services.ticketing.domain.paper_style import KeptStyle, PaperStyle

_STYLE = paper_styles.c


class PaperStyleRows:
    """See PaperStyles."""

    def __init__(self, connection: AsyncConnection, house_id: str) -> None:
        self._connection = connection
        self._house_id = house_id

    async def get(self) -> KeptStyle:
        wanted = sa.select(paper_styles).where(_STYLE.house_id == self._house_id)
        row = (await self._connection.execute(wanted)).first()
        if row is None:
            return KeptStyle(PaperStyle(), 0)
        style = PaperStyle(
            primary_color=row.primary_color,
            accent_color=row.accent_color,
            address_lines=tuple(row.address_lines),
            conditions=row.conditions,
            logo=bytes(row.logo),
            stocks=tuple(row.stocks),
        )
        return KeptStyle(style, row.revision)

    async def save(self, kept: KeptStyle) -> bool:
        style = kept.style
        values = {
            "primary_color": style.primary_color,
            "accent_color": style.accent_color,
            "address_lines": list(style.address_lines),
            "conditions": style.conditions,
            "logo": style.logo,
            "stocks": list(style.stocks),
            "revision": kept.revision + 1,
        }
        made = insert(paper_styles).values(house_id=self._house_id, **values)
        # Two who are first meet at the row, and the second finds another revision than 0.
        saved = made.on_conflict_do_update(
            index_elements=["house_id"], set_=values, where=_STYLE.revision == kept.revision
        ).returning(_STYLE.revision)
        return (await self._connection.execute(saved)).first() is not None
