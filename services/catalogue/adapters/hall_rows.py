"""Halls between rows and the domain."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from services.catalogue.adapters.tables import halls, seating_plans
from services.catalogue.domain.hall import Hall
from services.contracts.pages import Place

_CAPACITY = (
    sa.select(seating_plans.c.seat_count)
    .where(
        seating_plans.c.house_id == halls.c.house_id,
        seating_plans.c.hall_id == halls.c.hall_id,
        seating_plans.c.plan_version == halls.c.latest_plan_version,
    )
    .scalar_subquery()
    .label("capacity")
)


class PostgresHallRows:
    """See HallRows."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, hall: Hall) -> None:
        await self._connection.execute(
            sa.insert(halls),
            {
                "house_id": hall.house_id,
                "hall_id": hall.hall_id,
                "created_at_ms": hall.created_at_ms,
                **_changeable(hall),
            },
        )

    async def hall(self, house_id: str, hall_id: str, *, locked: bool = False) -> Hall | None:
        wanted = sa.select(halls, _CAPACITY).where(halls.c.house_id == house_id, halls.c.hall_id == hall_id)
        row = (await self._connection.execute(wanted.with_for_update(of=halls) if locked else wanted)).first()
        return None if row is None else _hall(row)

    async def halls(self, house_id: str, after: Place | None, limit: int, *, archived: bool) -> Sequence[Hall]:
        wanted = (
            sa.select(halls, _CAPACITY)
            .where(halls.c.house_id == house_id)
            .order_by(halls.c.created_at_ms, halls.c.hall_id)
            .limit(limit)
        )
        if not archived:
            wanted = wanted.where(halls.c.archived_at_ms.is_(None))
        if after is not None:
            place = sa.tuple_(halls.c.created_at_ms, halls.c.hall_id)
            wanted = wanted.where(place > sa.tuple_(sa.literal(after.time_ms), sa.literal(after.item_id)))
        return [_hall(row) for row in await self._connection.execute(wanted)]

    async def save(self, hall: Hall) -> None:
        await self._connection.execute(
            sa.update(halls)
            .where(halls.c.house_id == hall.house_id, halls.c.hall_id == hall.hall_id)
            .values(**_changeable(hall))
        )


def _changeable(hall: Hall) -> dict[str, Any]:
    return {
        "name": hall.name,
        "address": hall.address,
        "city": hall.city,
        "description": hall.description,
        "archived_at_ms": hall.archived_at_ms or None,
        "revision": hall.revision,
    }


def _hall(row: sa.Row[Any]) -> Hall:
    return Hall(
        hall_id=row.hall_id,
        house_id=row.house_id,
        name=row.name,
        address=row.address,
        city=row.city,
        description=row.description,
        created_at_ms=row.created_at_ms,
        latest_plan_version=row.latest_plan_version,
        capacity=row.capacity or 0,
        archived_at_ms=row.archived_at_ms or 0,
        revision=row.revision,
    )
