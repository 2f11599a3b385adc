"""Houses and memberships in PostgreSQL, inside one transaction's connection."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.accounts.adapters.house_tables import houses, memberships
from services.accounts.domain.house import House
from services.accounts.domain.membership import Membership
from services.contracts.access import Role
from services.contracts.pages import Place


class HouseRows:
    """See Houses."""

    def __init__(self, connection: AsyncConnection, now_ms: int) -> None:
        self._connection = connection
        self._now_ms = now_ms

    async def add(self, house: House) -> bool:
        add = insert(houses).on_conflict_do_nothing(index_elements=["label"]).returning(houses.c.house_id)
        values = {
            "house_id": house.house_id,
            "label": house.label,
            "name": house.name,
            "time_zone": house.time_zone,
            "currency": house.currency,
            "languages": list(house.languages),
            "revision": house.revision,
            "created_at_ms": self._now_ms,
        }
        return (await self._connection.execute(add, values)).first() is not None

    async def find(self, house_id: str) -> House | None:
        return await self._first(sa.select(houses).where(houses.c.house_id == house_id))

    async def find_by_label(self, label: str) -> House | None:
        return await self._first(sa.select(houses).where(houses.c.label == label))

    async def lock(self, house_id: str) -> House | None:
        return await self._first(sa.select(houses).where(houses.c.house_id == house_id).with_for_update())

    async def find_many(self, house_ids: Sequence[str]) -> Sequence[House]:
        wanted = sa.select(houses).where(houses.c.house_id.in_(house_ids)).order_by(houses.c.name, houses.c.house_id)
        return [_house(row) for row in await self._connection.execute(wanted)]

    async def save(self, house: House) -> None:
        save = (
            sa.update(houses)
            .where(houses.c.house_id == house.house_id)
            .values(name=house.name, languages=list(house.languages), revision=house.revision)
        )
        await self._connection.execute(save)

    async def _first(self, wanted: sa.Select[tuple[object, ...]]) -> House | None:
        row = (await self._connection.execute(wanted)).first()
        return None if row is None else _house(row)


class MemberRows:
    """See Members."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, membership: Membership) -> bool:
        add = insert(memberships).on_conflict_do_nothing().returning(memberships.c.person_id)
        values = {
            "house_id": membership.house_id,
            "person_id": membership.person_id,
            "roles": sorted(membership.roles),
            "joined_at_ms": membership.joined_at_ms,
            "revision": membership.revision,
        }
        return (await self._connection.execute(add, values)).first() is not None

    async def of_person(self, person_id: str) -> Sequence[Membership]:
        wanted = sa.select(memberships).where(memberships.c.person_id == person_id).order_by(memberships.c.house_id)
        return [_membership(row) for row in await self._connection.execute(wanted)]

    async def of_house(self, house_id: str) -> Sequence[Membership]:
        wanted = sa.select(memberships).where(memberships.c.house_id == house_id).order_by(memberships.c.person_id)
        return [_membership(row) for row in await self._connection.execute(wanted)]

    async def page_of_house(self, house_id: str, after: Place | None, limit: int) -> Sequence[Membership]:
        place = sa.tuple_(memberships.c.joined_at_ms, memberships.c.person_id)
        wanted = (
            sa.select(memberships)
            .where(memberships.c.house_id == house_id)
            .order_by(memberships.c.joined_at_ms, memberships.c.person_id)
            .limit(limit)
        )
        if after is not None:
            wanted = wanted.where(place > sa.tuple_(sa.literal(after.time_ms), sa.literal(after.item_id)))
        return [_membership(row) for row in await self._connection.execute(wanted)]

    async def save(self, membership: Membership) -> None:
        save = (
            sa.update(memberships)
            .where(memberships.c.house_id == membership.house_id, memberships.c.person_id == membership.person_id)
            .values(roles=sorted(membership.roles), revision=membership.revision)
        )
        await self._connection.execute(save)

    async def remove(self, house_id: str, person_id: str) -> None:
        remove = sa.delete(memberships).where(memberships.c.house_id == house_id, memberships.c.person_id == person_id)
        await self._connection.execute(remove)


def _house(row: sa.Row[tuple[object, ...]]) -> House:
    return House(row.house_id, row.label, row.name, row.time_zone, row.currency, tuple(row.languages), row.revision)


def _membership(row: sa.Row[tuple[object, ...]]) -> Membership:
    roles = frozenset(map(Role, row.roles))
    return Membership(row.house_id, row.person_id, roles, row.joined_at_ms, row.revision)
