"""Copies of the house's performances in PostgreSQL, inside one transaction's connection."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.contracts.pages import Place
from services.integrations.podiumkunst.adapters.link_tables import links
from services.integrations.podiumkunst.adapters.show_tables import shows
from services.integrations.podiumkunst.domain.show import Show, ShowState
from services.integrations.podiumkunst.ports.transaction import ShowFilter

_s = shows.c
_ORDER = (_s.starts_at_ms, _s.performance_id)


class ShowRows:
    """See Shows."""

    def __init__(self, connection: AsyncConnection, house_id: str) -> None:
        self._connection = connection
        self._house_id = house_id
        self._mine = _s.house_id == house_id

    async def find(self, performance_ids: Collection[str]) -> Mapping[str, Show]:
        wanted = sa.select(shows).where(self._mine, _s.performance_id.in_(performance_ids))
        return {row.performance_id: _show(row) for row in await self._connection.execute(wanted)}

    async def by_code(self, code: str) -> Show | None:
        row = (await self._connection.execute(sa.select(shows).where(self._mine, _s.code == code))).first()
        return None if row is None else _show(row)

    async def keep(self, show: Show, sequence: int = 0) -> None:
        values = {
            "house_id": self._house_id,
            "performance_id": show.performance_id,
            "sequence": sequence,
            "code": show.code,
            "title": show.title,
            "production_id": show.production_id,
            "hall_id": show.hall_id,
            "starts_at_ms": show.starts_at_ms,
            "state": show.state.value,
            "capacity": show.capacity,
            "is_archived": show.is_archived,
            "prices": dict(show.prices),
        }
        add = insert(shows)
        newer = add.on_conflict_do_update(
            index_elements=["house_id", "performance_id"],
            set_={name: add.excluded[name] for name in values},
            where=_s.sequence <= add.excluded.sequence,
        )
        await self._connection.execute(newer, values)

    async def page(self, wanted: ShowFilter, after: Place | None, limit: int) -> Sequence[tuple[Show, str]]:
        is_theirs = (links.c.house_id == _s.house_id) & (links.c.performance_id == _s.performance_id)
        found = sa.select(shows, links.c.number).outerjoin_from(shows, links, is_theirs)
        found = found.where(self._mine, ~_s.is_archived).order_by(*_ORDER).limit(limit)
        if not wanted.with_linked:
            found = found.where(links.c.number.is_(None))
        if wanted.text:
            found = found.where(sa.or_(*(one.icontains(wanted.text, autoescape=True) for one in (_s.title, _s.code))))
        if wanted.from_ms is not None:
            found = found.where(_s.starts_at_ms >= wanted.from_ms)
        if wanted.until_ms is not None:
            found = found.where(_s.starts_at_ms < wanted.until_ms)
        if after is not None:
            place = sa.tuple_(sa.literal(after.time_ms), sa.literal(after.item_id))
            found = found.where(sa.tuple_(*_ORDER) > place)
        return [(_show(row), row.number or "") for row in await self._connection.execute(found)]

    async def unlinked_between(self, from_ms: int, until_ms: int) -> Sequence[Show]:
        is_linked = sa.exists().where(links.c.house_id == self._house_id, links.c.performance_id == _s.performance_id)
        wanted = sa.select(shows).where(
            self._mine, ~_s.is_archived, ~is_linked, _s.starts_at_ms.between(from_ms, until_ms)
        )
        return [_show(row) for row in await self._connection.execute(wanted)]

    async def prices(self, hall_ids: Collection[str]) -> Mapping[str, Mapping[str, int]]:
        each = sa.func.jsonb_each(_s.prices).table_valued("key", "value")
        amount = sa.cast(sa.cast(each.c.value, sa.Text), sa.BigInteger)
        dearest = (
            sa.select(_s.hall_id, each.c.key, sa.func.max(amount))
            .join_from(shows, each, sa.true())
            .where(self._mine, _s.hall_id.in_(hall_ids))
            .group_by(_s.hall_id, each.c.key)
        )
        found: dict[str, dict[str, int]] = {}
        for hall_id, category, most in await self._connection.execute(dearest):
            found.setdefault(hall_id, {})[category] = most
        return found


def _show(row: sa.Row[Any]) -> Show:
    return Show(
        house_id=row.house_id,
        performance_id=row.performance_id,
        code=row.code,
        title=row.title,
        production_id=row.production_id,
        hall_id=row.hall_id,
        starts_at_ms=row.starts_at_ms,
        state=ShowState(row.state),
        capacity=row.capacity,
        is_archived=row.is_archived,
        prices=row.prices,
    )
