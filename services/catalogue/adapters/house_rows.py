"""The catalogue's copies of houses. Whatever brings one, the newer revision stays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.catalogue.adapters.tables import houses
from services.catalogue.domain.house import House
from services.runtime.sql.connections import connected
from services.runtime.sql.scopes import AllHouses

_EVERY_HOUSE = AllHouses("accounts adopts the houses that it does not know")


async def load_house(connection: AsyncConnection, house_id: str) -> House | None:
    """The copy; None: there is none yet."""
    row = (await connection.execute(sa.select(houses).where(houses.c.house_id == house_id))).first()
    return None if row is None else _house(row)


async def keep_house(connection: AsyncConnection, house: House, now_ms: int) -> None:
    """Adds the copy, or replaces an older one."""
    told = {
        "label": house.label,
        "name": house.name,
        "time_zone": house.time_zone,
        "currency": house.currency,
        "languages": list(house.languages),
        "revision": house.revision,
    }
    add = insert(houses)
    keep = add.on_conflict_do_update(
        index_elements=["house_id"],
        set_={name: add.excluded[name] for name in told},
        where=houses.c.revision < add.excluded.revision,
    )
    await connection.execute(keep, {"house_id": house.house_id, "created_at_ms": now_ms, **told})


class PostgresHouseCopies:
    """See HouseCopies."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def copies(self, after_house_id: str, limit: int) -> Sequence[House]:
        wanted = sa.select(houses).where(houses.c.house_id > after_house_id).order_by(houses.c.house_id).limit(limit)
        async with connected(self._engine, _EVERY_HOUSE) as connection:
            return [_house(row) for row in await connection.execute(wanted)]


def _house(row: sa.Row[Any]) -> House:
    return House(
        row.house_id, row.label, row.name, row.time_zone, row.currency, tuple(row.languages), int(row.revision)
    )
