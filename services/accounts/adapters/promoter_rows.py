"""Promoters in PostgreSQL, inside one transaction's connection."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.accounts.adapters.house_tables import houses
from services.accounts.adapters.people_rows import PeopleRows
from services.accounts.adapters.promoter_tables import promoters
from services.accounts.domain.grant import MakingHouse
from services.accounts.domain.promoter import Promoter
from services.contracts.pages import Place

_AS_MADE = (promoters.c.created_at_ms, promoters.c.person_id)


class PromoterRows:
    """See Promoters."""

    def __init__(self, connection: AsyncConnection, people: PeopleRows) -> None:
        self._connection = connection
        self._people = people

    async def add(self, house_id: str, person_id: str, created_at_ms: int) -> None:
        values = {"house_id": house_id, "person_id": person_id, "created_at_ms": created_at_ms}
        await self._connection.execute(insert(promoters), values)

    async def find(self, house_id: str, person_id: str) -> Promoter | None:
        wanted = sa.select(promoters).where(promoters.c.house_id == house_id, promoters.c.person_id == person_id)
        found = await self._with_people((await self._connection.execute(wanted)).all())
        return found[0] if found else None

    async def page(self, house_id: str, after: Place | None, limit: int) -> Sequence[Promoter]:
        wanted = sa.select(promoters).where(promoters.c.house_id == house_id).order_by(*_AS_MADE).limit(limit)
        if after is not None:
            place = sa.tuple_(sa.literal(after.time_ms), sa.literal(after.item_id))
            wanted = wanted.where(sa.tuple_(*_AS_MADE) > place)
        return await self._with_people((await self._connection.execute(wanted)).all())

    async def made_by(self, person_id: str) -> MakingHouse | None:
        wanted = (
            sa.select(houses.c.house_id, houses.c.label, houses.c.name)
            .join(promoters, promoters.c.house_id == houses.c.house_id)
            .where(promoters.c.person_id == person_id)
        )
        row = (await self._connection.execute(wanted)).first()
        return None if row is None else MakingHouse(row.house_id, row.label, row.name)

    async def _with_people(self, rows: Sequence[sa.Row[Any]]) -> list[Promoter]:
        people = await self._people.find_many([row.person_id for row in rows]) if rows else {}
        return [Promoter(row.house_id, people[row.person_id], row.created_at_ms) for row in rows]
