"""Quotas between rows and the domain, by house, production and performance."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.catalogue.adapters.tables import performances, quota_performances, quotas
from services.catalogue.domain.kept import Kept
from services.catalogue.domain.performance import Performance
from services.catalogue.domain.quota import Quota
from services.catalogue.ports.quotas import QuotaFilter
from services.contracts.pages import Place

_QUOTA, _LINK = quotas.c, quota_performances.c


async def load_quotas(
    connection: AsyncConnection, house_id: str, production_of: Mapping[str, str]
) -> Mapping[str, tuple[Kept[Quota], ...]]:
    """For each performance in `production_of`, those that it is one of. One statement where there are none."""
    wanted = sa.select(quotas).where(
        _QUOTA.house_id == house_id,
        _QUOTA.production_id.in_(set(production_of.values())),
        _QUOTA.archived_at_ms == 0,
    )
    found = await _loaded(connection, house_id, wanted.order_by(_QUOTA.created_at_ms, _QUOTA.quota_id))
    of_production: defaultdict[str, list[Kept[Quota]]] = defaultdict(list)
    for quota in found:
        of_production[quota.body.production_id].append(quota)
    return {
        performance_id: tuple(
            quota
            for quota in of_production.get(production_id, ())
            if not quota.body.performance_ids or performance_id in quota.body.performance_ids
        )
        for performance_id, production_id in production_of.items()
    }


async def _loaded(connection: AsyncConnection, house_id: str, wanted: sa.Select[Any]) -> list[Kept[Quota]]:
    rows = (await connection.execute(wanted)).all()
    some = [row.quota_id for row in rows if not row.is_for_all]
    named: defaultdict[str, list[str]] = defaultdict(list)
    if some:
        links = sa.select(_LINK.quota_id, _LINK.performance_id).where(
            _LINK.house_id == house_id, _LINK.quota_id.in_(some)
        )
        for quota_id, performance_id in await connection.execute(links.order_by(_LINK.performance_id)):
            named[quota_id].append(performance_id)
    return [_kept(row, tuple(named[row.quota_id])) for row in rows]


def _kept(row: sa.Row[Any], performance_ids: tuple[str, ...]) -> Kept[Quota]:
    body = dataclasses.replace(msgspec.convert(row.body, Quota), performance_ids=performance_ids)
    return Kept(row.house_id, row.quota_id, body, row.created_at_ms, row.revision, row.archived_at_ms)


def _values(body: Quota) -> dict[str, Any]:
    # Which performances it is of has a table of its own: copies join it.
    bare = msgspec.to_builtins(dataclasses.replace(body, performance_ids=()))
    return {"production_id": body.production_id, "is_for_all": not body.performance_ids, "body": bare}


class PostgresQuotas:
    """See Quotas. Lives as long as its connection's block."""

    def __init__(self, connection: AsyncConnection, now_ms: int) -> None:
        self._connection = connection
        self._now_ms = now_ms

    async def add(self, house_id: str, quota_id: str, body: Quota) -> Kept[Quota] | None:
        values = {"house_id": house_id, "quota_id": quota_id, "created_at_ms": self._now_ms, **_values(body)}
        add = insert(quotas).on_conflict_do_nothing().returning(_QUOTA.quota_id)
        if (await self._connection.execute(add, values)).first() is None:
            return None
        await self._name(house_id, quota_id, body.performance_ids)
        return Kept(house_id, quota_id, body, self._now_ms)

    async def get(self, house_id: str, quota_id: str, *, lock: bool = False) -> Kept[Quota] | None:
        wanted = sa.select(quotas).where(_QUOTA.house_id == house_id, _QUOTA.quota_id == quota_id)
        found = await _loaded(self._connection, house_id, wanted.with_for_update() if lock else wanted)
        return found[0] if found else None

    async def save(self, quota: Kept[Quota]) -> None:
        house_id, quota_id = quota.house_id, quota.thing_id
        this = _QUOTA.house_id == house_id, _QUOTA.quota_id == quota_id
        values = {"revision": quota.revision, "archived_at_ms": quota.archived_at_ms, **_values(quota.body)}
        await self._connection.execute(sa.update(quotas).where(*this).values(values))
        links = _LINK.house_id == house_id, _LINK.quota_id == quota_id
        await self._connection.execute(sa.delete(quota_performances).where(*links))
        await self._name(house_id, quota_id, quota.body.performance_ids)

    async def _name(self, house_id: str, quota_id: str, performance_ids: Collection[str]) -> None:
        links = [
            {"house_id": house_id, "quota_id": quota_id, "performance_id": performance_id}
            for performance_id in sorted(performance_ids)
        ]
        if links:
            await self._connection.execute(sa.insert(quota_performances), links)

    async def page(self, house_id: str, wanted: QuotaFilter, after: Place | None, limit: int) -> Sequence[Kept[Quota]]:
        place = _QUOTA.created_at_ms, _QUOTA.quota_id
        query = sa.select(quotas).where(_QUOTA.house_id == house_id)
        if not wanted.include_archived:
            query = query.where(_QUOTA.archived_at_ms == 0)
        if wanted.production_id:
            query = query.where(_QUOTA.production_id == wanted.production_id)
        if wanted.performance_id:
            query = query.where(self._is_of(house_id, wanted.performance_id))
        if after is not None:
            query = query.where(sa.tuple_(*place) > sa.tuple_(sa.literal(after.time_ms), sa.literal(after.item_id)))
        return await _loaded(self._connection, house_id, query.order_by(*place).limit(limit))

    @staticmethod
    def _is_of(house_id: str, performance_id: str) -> sa.ColumnElement[bool]:
        its_production = (
            sa.select(performances.c.production_id)
            .where(performances.c.house_id == house_id, performances.c.performance_id == performance_id)
            .scalar_subquery()
        )
        named = sa.select(_LINK.quota_id).where(_LINK.house_id == house_id, _LINK.performance_id == performance_id)
        return (_QUOTA.production_id == its_production) & (_QUOTA.is_for_all | _QUOTA.quota_id.in_(named))

    async def of_production(self, house_id: str, production_id: str) -> Sequence[Kept[Quota]]:
        of_it = _QUOTA.house_id == house_id, _QUOTA.production_id == production_id, _QUOTA.archived_at_ms == 0
        wanted = sa.select(quotas).where(*of_it).order_by(_QUOTA.created_at_ms, _QUOTA.quota_id)
        return await _loaded(self._connection, house_id, wanted)

    async def now_of(self, performance: Performance) -> Performance:
        production_of = {performance.performance_id: performance.production_id}
        found = await load_quotas(self._connection, performance.house_id, production_of)
        return dataclasses.replace(performance, quotas=found[performance.performance_id])

    async def follow(self, house_id: str, source_id: str, copy_ids: Sequence[str]) -> None:
        copies = sa.func.unnest(sa.cast(list(copy_ids), sa.ARRAY(sa.Text))).table_valued("copy_id").render_derived()
        of_source = (
            sa.select(sa.literal(house_id), _LINK.quota_id, copies.c.copy_id)
            .select_from(quota_performances.join(copies, sa.true()))
            .where(_LINK.house_id == house_id, _LINK.performance_id == source_id)
        )
        add = insert(quota_performances).from_select(["house_id", "quota_id", "performance_id"], of_source)
        await self._connection.execute(add.on_conflict_do_nothing())
