"""The platform's performances in PostgreSQL, inside one transaction's connection."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.contracts.pages import Place
from services.integrations.podiumkunst.adapters.line_filters import conditions_of
from services.integrations.podiumkunst.adapters.link_tables import links, platform_performances
from services.integrations.podiumkunst.domain.linkable import LineFilter, is_linkable, season_of
from services.integrations.podiumkunst.domain.place import number_of_item
from services.integrations.podiumkunst.domain.platform import PlatformPerformance, Theatre, wall_ms, wall_of
from services.integrations.podiumkunst.ports.transaction import Listed

_p = platform_performances.c
_TEXTS: Final = sa.ARRAY(sa.Text)
_ORDER: Final = (_p.wall_ms, _p.number)
_ROWS_AT_ONCE = 500


class PlatformPerformanceRows:
    """See PlatformRows."""

    def __init__(self, connection: AsyncConnection, house_id: str, now_ms: int) -> None:
        self._connection = connection
        self._house_id = house_id
        self._now_ms = now_ms
        self._mine = _p.house_id == house_id

    async def all(self) -> Mapping[str, Listed]:
        rows = await self._connection.execute(sa.select(platform_performances).where(self._mine))
        return {row.number: _listed(row) for row in rows}

    async def keep(self, performances: Sequence[PlatformPerformance]) -> None:
        add = insert(platform_performances)
        changing = [column for column in platform_performances.c if not column.primary_key]
        keep = add.on_conflict_do_update(
            index_elements=["house_id", "number"], set_={one.name: add.excluded[one.name] for one in changing}
        )
        for some in _in_parts(performances):
            await self._connection.execute(keep, [_values(self._house_id, one) for one in some])

    async def lose(self, numbers: Collection[str]) -> None:
        lost = sa.update(platform_performances).where(self._mine, _p.number == _any(numbers), _p.gone_at_ms.is_(None))
        await self._connection.execute(lost.values(gone_at_ms=self._now_ms))

    async def find(self, numbers: Collection[str]) -> Mapping[str, Listed]:
        wanted = sa.select(platform_performances).where(self._mine, _p.number == _any(numbers))
        return {row.number: _listed(row) for row in await self._connection.execute(wanted)}

    async def unlinked(self, wanted: LineFilter, after: Place | None, limit: int) -> Sequence[Listed]:
        found = sa.select(platform_performances).where(*self._unlinked(wanted)).order_by(*_ORDER).limit(limit)
        if after is not None:
            place = sa.tuple_(sa.literal(after.time_ms), sa.literal(number_of_item(after.item_id)))
            found = found.where(sa.tuple_(*_ORDER) > place)
        return [_listed(row) for row in await self._connection.execute(found)]

    async def unlinked_between(self, from_wall_ms: int, until_wall_ms: int) -> Sequence[PlatformPerformance]:
        wanted = sa.select(platform_performances).where(
            self._mine,
            _p.is_linkable,
            _p.gone_at_ms.is_(None),
            _p.wall_ms.between(from_wall_ms, until_wall_ms),
            ~self._is_linked(),
        )
        return [_performance(row) for row in await self._connection.execute(wanted)]

    async def count(self, wanted: LineFilter) -> int:
        counted = sa.select(sa.func.count()).select_from(platform_performances).where(*self._unlinked(wanted))
        return (await self._connection.execute(counted)).scalar_one()

    async def at_the_same_time(self, lines: Sequence[PlatformPerformance]) -> Sequence[PlatformPerformance]:
        places = {(one.theatre.theatre_id, wall_ms(one.starts)) for one in lines}
        if not places:
            return []
        same = sa.tuple_(_p.theatre_id, _p.wall_ms).in_(sorted(places))
        wanted = sa.select(platform_performances).where(self._mine, _p.gone_at_ms.is_(None), same).order_by(_p.number)
        return [_performance(row) for row in await self._connection.execute(wanted)]

    async def theatres(self) -> Sequence[tuple[Theatre, str]]:
        wanted = (
            sa.select(_p.theatre_id, _p.theatre, _p.province_id, _p.province, _p.location)
            .where(self._mine, _p.gone_at_ms.is_(None))
            .distinct()
            .order_by(_p.theatre, _p.theatre_id, _p.location)
        )
        rows = await self._connection.execute(wanted)
        return [(Theatre(row.theatre_id, row.theatre, row.province_id, row.province), row.location) for row in rows]

    def _unlinked(self, wanted: LineFilter) -> Iterable[sa.ColumnElement[bool]]:
        return (self._mine, ~self._is_linked(), *conditions_of(wanted))

    def _is_linked(self) -> sa.ColumnElement[bool]:
        return sa.exists().where(links.c.house_id == self._house_id, links.c.number == _p.number)


def _any(texts: Collection[str]) -> sa.ColumnElement[Any]:
    return sa.any_(sa.literal([*texts], _TEXTS))


def _in_parts(performances: Sequence[PlatformPerformance]) -> Iterator[Sequence[PlatformPerformance]]:
    for first in range(0, len(performances), _ROWS_AT_ONCE):
        yield performances[first : first + _ROWS_AT_ONCE]


def _values(house_id: str, one: PlatformPerformance) -> dict[str, Any]:
    return {
        "house_id": house_id,
        "number": one.number,
        "title": one.title,
        "performer": one.performer,
        "theatre_id": one.theatre.theatre_id,
        "theatre": one.theatre.name,
        "province_id": one.theatre.province_id,
        "province": one.theatre.province,
        "location": one.location,
        "wall_ms": wall_ms(one.starts),
        "has_time": one.at is not None,
        "season": one.season,
        "status": one.status,
        "kind": one.kind,
        "is_private": one.is_private,
        "is_school": one.is_school,
        "capacity": [*one.capacity],
        "season_year": season_of(one),
        "is_linkable": is_linkable(one),
        "gone_at_ms": None,
    }


def _performance(row: sa.Row[Any]) -> PlatformPerformance:
    wall = wall_of(row.wall_ms)
    return PlatformPerformance(
        number=row.number,
        title=row.title,
        performer=row.performer,
        theatre=Theatre(row.theatre_id, row.theatre, row.province_id, row.province),
        location=row.location,
        day=wall.date(),
        at=wall.time() if row.has_time else None,
        season=row.season,
        status=row.status,
        kind=row.kind,
        is_private=row.is_private,
        is_school=row.is_school,
        capacity=tuple(row.capacity),
    )


def _listed(row: sa.Row[Any]) -> Listed:
    return Listed(_performance(row), row.gone_at_ms)
