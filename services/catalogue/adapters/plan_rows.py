"""Seating plans between rows and the domain: versions of halls, and the files that they were read from."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.ext.asyncio import AsyncConnection

from services.catalogue.adapters.plan_blob import packed_plan, packed_source, unpacked_plan, unpacked_source
from services.catalogue.adapters.tables import halls, performances, seating_plans
from services.catalogue.domain.plan_version import MAX_PERFORMANCES_NAMED, PlanFiles, PlanVersion
from services.catalogue.domain.quota_checks import PlacesOf
from services.catalogue.domain.seating_plan import SeatingPlan


class PostgresPlanRows:
    """See PlanRows."""

    def __init__(self, connection: AsyncConnection, now_ms: int) -> None:
        self._connection = connection
        self._now_ms = now_ms

    async def add(self, house_id: str, hall_id: str, plan: SeatingPlan, files: PlanFiles) -> int:
        """See PlanRows.add. The hall's row lock makes imports into one hall take turns."""
        blob = await asyncio.to_thread(packed_plan, plan)
        document = await asyncio.to_thread(packed_source, files.document)
        sidecar = await asyncio.to_thread(packed_source, files.sidecar) if files.sidecar else None
        bump = (
            sa.update(halls)
            .where(halls.c.house_id == house_id, halls.c.hall_id == hall_id)
            .values(latest_plan_version=halls.c.latest_plan_version + 1)
            .returning(halls.c.latest_plan_version)
        )
        version: int = (await self._connection.execute(bump)).scalar_one()
        values = {
            "house_id": house_id,
            "hall_id": hall_id,
            "plan_version": version,
            "name": plan.name,
            "seat_count": len(plan.seats),
            "categories": [category.name for category in plan.categories],
            "plan": blob,
            "source": document,
            "sidecar": sidecar,
            "imported_at_ms": self._now_ms,
        }
        await self._connection.execute(sa.insert(seating_plans), values)
        return version

    async def places(self, house_id: str, hall_id: str, plan_version: int) -> PlacesOf:
        plans = seating_plans.c
        wanted = sa.select(plans.plan).where(
            plans.house_id == house_id, plans.hall_id == hall_id, plans.plan_version == plan_version
        )
        blob: bytes = (await self._connection.execute(wanted)).scalar_one()
        plan = await asyncio.to_thread(unpacked_plan, blob)
        return Counter((seat.category, seat.zone) for seat in plan.seats)

    async def files(self, house_id: str, hall_id: str, plan_version: int) -> PlanFiles | None:
        plans = seating_plans.c
        wanted = sa.select(plans.source, plans.sidecar).where(
            plans.house_id == house_id, plans.hall_id == hall_id, plans.plan_version == plan_version
        )
        row = (await self._connection.execute(wanted)).first()
        if row is None:
            return None
        document = await asyncio.to_thread(unpacked_source, row.source)
        sidecar = b"" if row.sidecar is None else await asyncio.to_thread(unpacked_source, row.sidecar)
        return PlanFiles(document, sidecar)

    async def versions(self, house_id: str, hall_id: str, up_to: int, limit: int) -> Sequence[PlanVersion]:
        plans = seating_plans.c
        wanted = (
            sa.select(plans.plan_version, plans.name, plans.seat_count, plans.categories, plans.imported_at_ms)
            .where(plans.house_id == house_id, plans.hall_id == hall_id, plans.plan_version <= up_to)
            .order_by(plans.plan_version.desc())
            .limit(limit)
        )
        rows = (await self._connection.execute(wanted)).all()
        used = await self._users(house_id, hall_id, [row.plan_version for row in rows])
        return [
            PlanVersion(
                plan_version=row.plan_version,
                name=row.name,
                seat_count=row.seat_count,
                categories=tuple(row.categories),
                imported_at_ms=row.imported_at_ms,
                performance_count=used.get(row.plan_version, (0, ()))[0],
                performance_ids=used.get(row.plan_version, (0, ()))[1],
            )
            for row in rows
        ]

    async def _users(
        self, house_id: str, hall_id: str, versions: Sequence[int]
    ) -> dict[int, tuple[int, tuple[str, ...]]]:
        shows = performances.c
        in_order = aggregate_order_by(shows.performance_id, shows.starts_at_ms, shows.performance_id)
        ids = sa.func.array_agg(in_order, type_=sa.ARRAY(sa.Text))
        wanted = (
            sa.select(shows.plan_version, sa.func.count(), ids[1:MAX_PERFORMANCES_NAMED])
            .where(shows.house_id == house_id, shows.hall_id == hall_id, shows.plan_version.in_(versions))
            .group_by(shows.plan_version)
        )
        found = await self._connection.execute(wanted)
        return {version: (count, tuple(named)) for version, count, named in found}
