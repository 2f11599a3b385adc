"""Copies of houses in PostgreSQL, in one transaction's connection. Whatever brings one, the newer revision stays."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.customers.adapters.customer_tables import houses
from services.customers.domain.house import House


class HouseRows:
    """See HouseCopies."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def find(self, house_id: str) -> House | None:
        row = (await self._connection.execute(sa.select(houses).where(houses.c.house_id == house_id))).first()
        if row is None:
            return None
        return House(
            house_id=row.house_id,
            name=row.name,
            time_zone=row.time_zone,
            languages=tuple(row.languages),
            revision=row.revision,
            double_opt_in=row.double_opt_in,
        )

    async def keep(self, house: House) -> None:
        told = {
            "name": house.name,
            "time_zone": house.time_zone,
            "languages": list(house.languages),
            "revision": house.revision,
        }
        add = insert(houses)
        keep = add.on_conflict_do_update(
            index_elements=["house_id"],
            set_={name: add.excluded[name] for name in told},
            where=houses.c.revision < add.excluded.revision,
        )
        await self._connection.execute(keep, {"house_id": house.house_id, **told})

    async def settle(self, house_id: str, *, double_opt_in: bool | None) -> None:
        settle = sa.update(houses).where(houses.c.house_id == house_id).values(double_opt_in=double_opt_in)
        await self._connection.execute(settle)
