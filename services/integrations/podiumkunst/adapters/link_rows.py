"""Links and hall mappings in PostgreSQL, inside one transaction's connection."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.contracts.pages import Place
from services.integrations.podiumkunst.adapters.link_changes import LinkChanges
from services.integrations.podiumkunst.adapters.link_tables import hall_mappings, links
from services.integrations.podiumkunst.domain.hall_mapping import CategoryRank, HallMapping
from services.integrations.podiumkunst.domain.place import number_of_item
from services.integrations.podiumkunst.domain.platform import split_number
from services.integrations.podiumkunst.domain.show import Link

_l, _h = links.c, hall_mappings.c


class LinkRows:
    """See Links. `changes`: who hears of them in the same transaction."""

    def __init__(self, connection: AsyncConnection, house_id: str, changes: Sequence[LinkChanges]) -> None:
        self._connection = connection
        self._house_id = house_id
        self._changes = changes
        self._mine = _l.house_id == house_id

    async def lock(self) -> None:
        key = sa.func.hashtextextended(f"podiumkunst.links:{self._house_id}", 0)
        await self._connection.execute(sa.select(sa.func.pg_advisory_xact_lock(key)))

    async def by_numbers(self, numbers: Collection[str]) -> Mapping[str, Link]:
        wanted = sa.select(links).where(self._mine, _l.number.in_(numbers))
        return {row.number: _link(row) for row in await self._connection.execute(wanted)}

    async def by_performances(self, performance_ids: Collection[str]) -> Mapping[str, Link]:
        wanted = sa.select(links).where(self._mine, _l.performance_id.in_(performance_ids))
        return {row.performance_id: _link(row) for row in await self._connection.execute(wanted)}

    async def add(self, link: Link) -> None:
        values = {
            "house_id": self._house_id,
            "number": link.number,
            "performance_id": link.performance_id,
            "code": link.code,
            "linked_at_ms": link.linked_at_ms,
            "linked_by_kind": link.linked_by_kind,
            "linked_by": link.linked_by,
        }
        await self._connection.execute(insert(links), values)
        for one in self._changes:
            await one.linked(self._connection, self._house_id, link)

    async def remove(self, link: Link) -> None:
        await self._connection.execute(sa.delete(links).where(self._mine, _l.number == link.number))
        for one in self._changes:
            await one.unlinked(self._connection, self._house_id, link)

    async def page(self, after: Place | None, limit: int) -> Sequence[Link]:
        wanted = sa.select(links).where(self._mine).order_by(_l.number).limit(limit)
        if after is not None:
            wanted = wanted.where(_l.number > number_of_item(after.item_id))
        return [_link(row) for row in await self._connection.execute(wanted)]

    async def count(self) -> int:
        counted = sa.select(sa.func.count()).select_from(links).where(self._mine)
        return (await self._connection.execute(counted)).scalar_one()

    async def productions(self) -> Sequence[str]:
        numbers = (await self._connection.execute(sa.select(_l.number).where(self._mine))).scalars()
        return sorted({split_number(one)[0] for one in numbers})


class HallMappingRows:
    """See HallMappings."""

    def __init__(self, connection: AsyncConnection, house_id: str) -> None:
        self._connection = connection
        self._house_id = house_id
        self._mine = _h.house_id == house_id

    async def find(self, hall_id: str, *, lock: bool = False) -> HallMapping:
        if lock:
            await self._connection.execute(
                insert(hall_mappings).on_conflict_do_nothing(), _mapped(self._house_id, HallMapping(hall_id))
            )
        wanted = sa.select(hall_mappings).where(self._mine, _h.hall_id == hall_id)
        row = (await self._connection.execute(wanted.with_for_update() if lock else wanted)).first()
        return HallMapping(hall_id) if row is None else _mapping(row)

    async def all(self) -> Mapping[str, HallMapping]:
        rows = await self._connection.execute(sa.select(hall_mappings).where(self._mine))
        return {row.hall_id: _mapping(row) for row in rows}

    async def save(self, mapping: HallMapping) -> None:
        values = _mapped(self._house_id, mapping)
        add = insert(hall_mappings)
        save = add.on_conflict_do_update(
            index_elements=["house_id", "hall_id"], set_={name: add.excluded[name] for name in values}
        )
        await self._connection.execute(save, values)


def _link(row: sa.Row[Any]) -> Link:
    return Link(row.number, row.performance_id, row.code, row.linked_at_ms, row.linked_by_kind, row.linked_by)


def _mapped(house_id: str, mapping: HallMapping) -> dict[str, Any]:
    return {
        "house_id": house_id,
        "hall_id": mapping.hall_id,
        "theatre_id": mapping.theatre_id,
        "location": mapping.location,
        "ranks": [[one.category, one.rank] for one in mapping.ranks],
        "revision": mapping.revision,
    }


def _mapping(row: sa.Row[Any]) -> HallMapping:
    ranks = tuple(CategoryRank(category, rank) for category, rank in row.ranks)
    return HallMapping(row.hall_id, row.theatre_id, row.location, ranks, row.revision)
