"""Grants in PostgreSQL, inside one transaction's connection."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.accounts.adapters.grant_tables import grant_versions, grants
from services.accounts.adapters.house_tables import houses
from services.accounts.domain.grant import Grant, HouseGrants, Scope, Thing
from services.contracts.email_addresses import EmailAddress
from services.contracts.pages import Place

_STANDS = grants.c.withdrawn_at_ms.is_(None)


class GrantRows:
    """See Grants."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def raise_version(self, email: EmailAddress, above: int = 0) -> int:
        first = insert(grant_versions).values(email_key=email.key, version=above + 1)
        raised = first.on_conflict_do_update(
            index_elements=["email_key"], set_={"version": sa.func.greatest(grant_versions.c.version, above) + 1}
        ).returning(grant_versions.c.version)
        return int((await self._connection.execute(raised)).scalar_one())

    async def version(self, email: EmailAddress) -> int:
        wanted = sa.select(grant_versions.c.version).where(grant_versions.c.email_key == email.key)
        return int((await self._connection.execute(wanted)).scalar_one_or_none() or 0)

    async def standing(self, house_id: str, email: EmailAddress) -> Sequence[Grant]:
        wanted = sa.select(grants).where(grants.c.house_id == house_id, grants.c.email_key == email.key, _STANDS)
        return [_grant(row) for row in await self._connection.execute(wanted)]

    async def add(self, new: Sequence[Grant]) -> None:
        if not new:
            return
        rows = [
            {
                "house_id": one.house_id,
                "grant_id": one.grant_id,
                "email": one.email.written,
                "email_key": one.email.key,
                "scope": one.thing.scope.value,
                "thing_id": one.thing.thing_id,
                "granted_at_ms": one.granted_at_ms,
            }
            for one in new
        ]
        await self._connection.execute(insert(grants), rows)

    async def find(self, house_id: str, grant_id: str) -> Grant | None:
        wanted = sa.select(grants).where(grants.c.house_id == house_id, grants.c.grant_id == grant_id)
        row = (await self._connection.execute(wanted)).first()
        return None if row is None else _grant(row)

    async def withdraw(self, house_id: str, grant_id: str, now_ms: int) -> None:
        withdraw = (
            sa.update(grants)
            .where(grants.c.house_id == house_id, grants.c.grant_id == grant_id)
            .values(withdrawn_at_ms=now_ms)
        )
        await self._connection.execute(withdraw)

    async def page(
        self, house_id: str, email: EmailAddress | None, after: Place | None, limit: int, *, withdrawn: bool
    ) -> Sequence[Grant]:
        as_made = (grants.c.granted_at_ms, grants.c.grant_id)
        wanted = sa.select(grants).where(grants.c.house_id == house_id).order_by(*as_made).limit(limit)
        if email is not None:
            wanted = wanted.where(grants.c.email_key == email.key)
        if not withdrawn:
            wanted = wanted.where(_STANDS)
        if after is not None:
            place = sa.tuple_(sa.literal(after.time_ms), sa.literal(after.item_id))
            wanted = wanted.where(sa.tuple_(*as_made) > place)
        return [_grant(row) for row in await self._connection.execute(wanted)]

    async def of_address(self, email: EmailAddress) -> Sequence[HouseGrants]:
        wanted = (
            sa.select(
                grants.c.grant_id,
                grants.c.scope,
                grants.c.thing_id,
                _STANDS.label("stands"),
                houses.c.house_id,
                houses.c.label,
                houses.c.name,
            )
            .join(houses, houses.c.house_id == grants.c.house_id)
            .where(grants.c.email_key == email.key)
            .order_by(houses.c.name, houses.c.house_id, grants.c.granted_at_ms, grants.c.grant_id)
        )
        by_house: dict[str, list[Any]] = {}
        for row in await self._connection.execute(wanted):
            by_house.setdefault(row.house_id, []).append(row)
        return [_house_grants(rows) for rows in by_house.values() if any(row.stands for row in rows)]


def _house_grants(rows: Sequence[Any]) -> HouseGrants:
    def ids(scope: Scope) -> tuple[str, ...]:
        return tuple(row.thing_id for row in rows if row.stands and row.scope == scope.value)

    first = rows[0]
    return HouseGrants(
        house_id=first.house_id,
        label=first.label,
        name=first.name,
        whole_house=bool(ids(Scope.HOUSE)),
        production_ids=ids(Scope.PRODUCTION),
        performance_ids=ids(Scope.PERFORMANCE),
        grant_ids=tuple(row.grant_id for row in rows),
    )


def _grant(row: sa.Row[Any]) -> Grant:
    return Grant(
        house_id=row.house_id,
        grant_id=row.grant_id,
        email=EmailAddress(row.email, row.email_key),
        thing=Thing(Scope(row.scope), row.thing_id),
        granted_at_ms=row.granted_at_ms,
        withdrawn_at_ms=row.withdrawn_at_ms,
    )
