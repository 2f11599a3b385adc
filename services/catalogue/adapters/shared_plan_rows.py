"""Shared plans between rows and the domain."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.catalogue.adapters.plan_blob import packed_source, unpacked_source
from services.catalogue.adapters.tables import shared_plans
from services.catalogue.domain.plan_version import PlanFiles
from services.catalogue.domain.shared_plan import SharedPlan
from services.contracts.pages import Place
from services.runtime.sql.connections import connected
from services.runtime.sql.scopes import AllHouses

_SHARED = AllHouses("shared plans are there for every house to pick")
# All but the files.
_TOLD = tuple(column for column in shared_plans.c if column.name not in {"source", "sidecar"})


class PostgresSharedPlanRows:
    """See SharedPlanRows."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, plan: SharedPlan, files: PlanFiles) -> None:
        row = {
            "house_id": plan.offered_by,
            "shared_plan_id": plan.shared_plan_id,
            "name": plan.name,
            "city": plan.city,
            "description": plan.description,
            "seat_count": plan.seat_count,
            "categories": list(plan.categories),
            "source": await asyncio.to_thread(packed_source, files.document),
            "sidecar": await asyncio.to_thread(packed_source, files.sidecar) if files.sidecar else None,
            "published_at_ms": plan.published_at_ms,
        }
        await self._connection.execute(insert(shared_plans).values(row).on_conflict_do_nothing())

    async def lock(self, offered_by: str, shared_plan_id: str) -> SharedPlan | None:
        wanted = sa.select(*_TOLD).where(_is(offered_by, shared_plan_id)).with_for_update()
        row = (await self._connection.execute(wanted)).first()
        return None if row is None else _shared_plan(row)

    async def save_withdrawal(self, plan: SharedPlan) -> None:
        save = sa.update(shared_plans).where(_is(plan.offered_by, plan.shared_plan_id))
        await self._connection.execute(save.values(withdrawn_at_ms=plan.withdrawn_at_ms or None))


class PostgresSharedPlans:
    """See SharedPlans."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def find(self, shared_plan_id: str) -> SharedPlan | None:
        wanted = sa.select(*_TOLD).where(shared_plans.c.shared_plan_id == shared_plan_id)
        async with connected(self._engine, _SHARED) as connection:
            row = (await connection.execute(wanted)).first()
        return None if row is None else _shared_plan(row)

    async def files(self, shared_plan_id: str) -> PlanFiles | None:
        wanted = sa.select(shared_plans.c.source, shared_plans.c.sidecar).where(
            shared_plans.c.shared_plan_id == shared_plan_id, shared_plans.c.withdrawn_at_ms.is_(None)
        )
        async with connected(self._engine, _SHARED) as connection:
            row = (await connection.execute(wanted)).first()
        if row is None:
            return None
        sidecar = b"" if row.sidecar is None else await asyncio.to_thread(unpacked_source, row.sidecar)
        return PlanFiles(await asyncio.to_thread(unpacked_source, row.source), sidecar)

    async def page(self, words: str, after: Place | None, limit: int) -> Sequence[SharedPlan]:
        plans = shared_plans.c
        wanted = (
            sa.select(*_TOLD)
            .where(plans.withdrawn_at_ms.is_(None))
            .order_by(plans.published_at_ms, plans.shared_plan_id)
            .limit(limit)
        )
        if words:
            found = plans.name.icontains(words, autoescape=True) | plans.city.icontains(words, autoescape=True)
            wanted = wanted.where(found)
        if after is not None:
            place = sa.tuple_(plans.published_at_ms, plans.shared_plan_id)
            wanted = wanted.where(place > sa.tuple_(sa.literal(after.time_ms), sa.literal(after.item_id)))
        async with connected(self._engine, _SHARED) as connection:
            return [_shared_plan(row) for row in await connection.execute(wanted)]


def _is(offered_by: str, shared_plan_id: str) -> sa.ColumnElement[bool]:
    return (shared_plans.c.house_id == offered_by) & (shared_plans.c.shared_plan_id == shared_plan_id)


def _shared_plan(row: sa.Row[Any]) -> SharedPlan:
    return SharedPlan(
        shared_plan_id=row.shared_plan_id,
        offered_by=row.house_id,
        name=row.name,
        city=row.city,
        description=row.description,
        seat_count=row.seat_count,
        categories=tuple(row.categories),
        published_at_ms=row.published_at_ms,
        withdrawn_at_ms=row.withdrawn_at_ms or 0,
    )
