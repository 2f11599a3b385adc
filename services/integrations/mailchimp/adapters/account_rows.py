"""Accounts, syncs and audiences in PostgreSQL, in one transaction's connection."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.contracts.pages import Place
from services.integrations.mailchimp.adapters.account_tables import accounts, audience_syncs, audiences
from services.integrations.mailchimp.adapters.member_tables import DUE, members, standings
from services.integrations.mailchimp.domain.account import Account
from services.integrations.mailchimp.domain.audience_sync import (
    AudienceSync,
    Direction,
    Joining,
    Manner,
    MergeField,
    MergeValue,
)
from services.integrations.mailchimp.ports.store import Audience
from services.runtime.seal import Seal

_MADE = (audience_syncs.c.created_at_ms, audience_syncs.c.sync_id)


class AccountRows:
    """The account of one house."""

    def __init__(self, connection: AsyncConnection, house_id: str, seal: Seal) -> None:
        self._connection = connection
        self._house_id = house_id
        self._seal = seal
        self._mine = accounts.c.house_id == house_id

    async def find(self) -> Account | None:
        row = (await self._connection.execute(sa.select(accounts).where(self._mine))).first()
        return None if row is None else Account(row.house_id, row.data_centre, row.tail, row.set_at_ms)

    async def key(self) -> str:
        sealed = (await self._connection.execute(sa.select(accounts.c.sealed).where(self._mine))).scalar_one()
        return self._seal.opened(bytes(sealed)).decode()

    async def set(self, account: Account, key: str) -> None:
        values = {
            "house_id": account.house_id,
            "data_centre": account.data_centre,
            "tail": account.tail,
            "sealed": self._seal.sealed(key.encode()),
            "set_at_ms": account.set_at_ms,
        }
        add = insert(accounts)
        changed = {name: add.excluded[name] for name in values if name != "house_id"}
        await self._connection.execute(add.on_conflict_do_update(index_elements=["house_id"], set_=changed), values)


class SyncRows:
    """The syncs of one house; whom a change concerns is due by the same transaction."""

    def __init__(self, connection: AsyncConnection, house_id: str) -> None:
        self._connection = connection
        self._house_id = house_id
        self._mine = audience_syncs.c.house_id == house_id

    async def find(self, sync_id: str, *, lock: bool) -> AudienceSync | None:
        wanted = sa.select(audience_syncs).where(self._mine, audience_syncs.c.sync_id == sync_id)
        row = (await self._connection.execute(wanted.with_for_update() if lock else wanted)).first()
        return None if row is None else _sync(row)

    async def all(self, list_id: str) -> Sequence[AudienceSync]:
        wanted = sa.select(audience_syncs).where(self._mine).order_by(*_MADE)
        if list_id:
            wanted = wanted.where(audience_syncs.c.list_id == list_id)
        return [_sync(row) for row in await self._connection.execute(wanted)]

    async def page(self, after: Place | None, limit: int, *, archived: bool) -> Sequence[AudienceSync]:
        wanted = sa.select(audience_syncs).where(self._mine).order_by(*_MADE).limit(limit)
        if not archived:
            wanted = wanted.where(sa.not_(audience_syncs.c.archived))
        if after is not None:
            wanted = wanted.where(sa.tuple_(*_MADE) > sa.tuple_(sa.literal(after.time_ms), sa.literal(after.item_id)))
        return [_sync(row) for row in await self._connection.execute(wanted)]

    async def add(self, sync: AudienceSync) -> None:
        await self._connection.execute(insert(audience_syncs), {**_values(sync), "first_done": False})
        # Whoever writes a standing now is waited for, or looks for syncs after this one is there: nobody is missed.
        await self._connection.execute(sa.text("LOCK TABLE standings IN SHARE MODE"))
        await self._due(sync)

    async def save(self, sync: AudienceSync) -> None:
        mine = self._mine & (audience_syncs.c.sync_id == sync.sync_id)
        await self._connection.execute(sa.update(audience_syncs).where(mine).values(**_values(sync)))
        await self._due(sync)

    async def _due(self, sync: AudienceSync) -> None:
        given = sa.select(
            standings.c.house_id, sa.literal(sync.list_id), standings.c.customer_id, standings.c.shard
        ).where(
            standings.c.house_id == self._house_id,
            standings.c.consent_id == sync.consent_id,
            standings.c.state == "CONFIRMED",
        )
        add = insert(members).from_select(["house_id", "list_id", "customer_id", "shard"], given)
        key = ["house_id", "list_id", "customer_id"]
        again = add.on_conflict_do_update(index_elements=key, set_={"generation": members.c.generation + 1})
        await self._connection.execute(again)

    async def finish_first(self, list_id: str) -> None:
        due = (
            sa.exists()
            .where(members.c.house_id == self._house_id, members.c.list_id == list_id, sa.text(DUE))
            .correlate(audience_syncs)
        )
        done = (
            sa.update(audience_syncs)
            .where(self._mine, audience_syncs.c.list_id == list_id, sa.not_(audience_syncs.c.first_done), ~due)
            .values(first_done=True)
        )
        await self._connection.execute(done)


class AudienceRows:
    """What is kept of audiences themselves."""

    def __init__(self, connection: AsyncConnection, house_id: str, seal: Seal) -> None:
        self._connection = connection
        self._house_id = house_id
        self._seal = seal
        self._mine = audiences.c.house_id == house_id

    async def find(self, list_id: str) -> Audience | None:
        wanted = sa.select(audiences).where(self._mine, audiences.c.list_id == list_id)
        row = (await self._connection.execute(wanted)).first()
        return None if row is None else self._audience(row)

    async def all(self) -> Sequence[Audience]:
        wanted = sa.select(audiences).where(self._mine).order_by(audiences.c.list_id)
        return [self._audience(row) for row in await self._connection.execute(wanted)]

    async def keep(self, audience: Audience) -> None:
        values = {
            "house_id": self._house_id,
            "list_id": audience.list_id,
            "sealed_secret": self._seal.sealed(audience.secret.encode()),
            "is_two_way": audience.is_two_way,
            "compared_at_ms": audience.compared_at_ms,
            "compared_whole_at_ms": audience.compared_whole_at_ms,
        }
        add = insert(audiences)
        # The secret is made once: MailChimp knows it.
        changed = {name: add.excluded[name] for name in values if name not in {"house_id", "list_id", "sealed_secret"}}
        await self._connection.execute(
            add.on_conflict_do_update(index_elements=["house_id", "list_id"], set_=changed), values
        )

    def _audience(self, row: sa.Row[Any]) -> Audience:
        secret = self._seal.opened(bytes(row.sealed_secret)).decode()
        return Audience(row.list_id, secret, row.is_two_way, row.compared_at_ms, row.compared_whole_at_ms)


def _values(sync: AudienceSync) -> dict[str, Any]:
    return {
        "house_id": sync.house_id,
        "sync_id": sync.sync_id,
        "consent_id": sync.consent_id,
        "consent_title": sync.consent_title,
        "list_id": sync.list_id,
        "merge_fields": [[one.tag, one.value.value] for one in sync.merge_fields],
        "sends_language": sync.sends_language,
        "tags": list(sync.manner.tags),
        "joining": sync.joining.value,
        "direction": sync.manner.direction.value,
        "permissions": list(sync.permissions),
        "archived": sync.archived,
        "created_at_ms": sync.created_at_ms,
        "revision": sync.revision,
    }


def _sync(row: sa.Row[Any]) -> AudienceSync:
    manner = Manner(
        merge_fields=tuple(MergeField(tag, MergeValue(value)) for tag, value in row.merge_fields),
        sends_language=row.sends_language,
        tags=tuple(row.tags),
        joining=Joining(row.joining),
        direction=Direction(row.direction),
        marketing_permission_ids=tuple(row.permissions),
    )
    return AudienceSync(
        house_id=row.house_id,
        sync_id=row.sync_id,
        consent_id=row.consent_id,
        consent_title=row.consent_title,
        list_id=row.list_id,
        manner=manner,
        archived=row.archived,
        created_at_ms=row.created_at_ms,
        revision=row.revision,
    )
