"""Trackers and what they are attached to in PostgreSQL, inside one transaction's connection."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.contracts.pages import Place
from services.integrations.trackers.adapters.tracker_tables import attachments, shows, trackers
from services.integrations.trackers.domain.attachment import Attachment, AttachmentScope
from services.integrations.trackers.domain.tracker import (
    Credentials,
    GoogleDestination,
    Tracker,
    TrackerIds,
    TrackerKind,
)
from services.runtime.ids import Ids
from services.runtime.seal import Seal


class TrackerRows:
    """See Trackers."""

    def __init__(self, connection: AsyncConnection, house_id: str, seal: Seal) -> None:
        self._connection = connection
        self._seal = seal
        self._all = sa.select(trackers).where(trackers.c.house_id == house_id)
        self._house_id = house_id

    async def find(self, tracker_id: str) -> Tracker | None:
        """See Trackers."""
        return await self._first(self._all.where(trackers.c.tracker_id == tracker_id))

    async def lock(self, tracker_id: str) -> Tracker | None:
        """See Trackers."""
        return await self._first(self._all.where(trackers.c.tracker_id == tracker_id).with_for_update())

    async def count(self) -> int:
        """See Trackers."""
        live = self._all.where(trackers.c.archived.is_(False)).subquery()
        return int((await self._connection.execute(sa.select(sa.func.count()).select_from(live))).scalar_one())

    async def page(self, *, archived: bool, after: Place | None, size: int) -> Sequence[Tracker]:
        """See Trackers."""
        wanted = self._all.order_by(trackers.c.tracker_id).limit(size)
        if not archived:
            wanted = wanted.where(trackers.c.archived.is_(False))
        if after is not None:
            wanted = wanted.where(trackers.c.tracker_id > after.item_id)
        return [tracker_of(row) for row in await self._connection.execute(wanted)]

    async def add(self, tracker: Tracker, credentials: Credentials) -> None:
        """See Trackers."""
        await self._connection.execute(insert(trackers), {**_values(tracker), "sealed_credentials": None})
        await self.seal(tracker.tracker_id, credentials)

    async def save(self, tracker: Tracker) -> None:
        """See Trackers."""
        await self._connection.execute(self._update(tracker.tracker_id).values(**_values(tracker)))

    async def seal(self, tracker_id: str, credentials: Credentials) -> None:
        """See Trackers."""
        sealed = self._seal.sealed(json.dumps(dict(credentials.values)).encode()) if credentials.values else None
        await self._connection.execute(self._update(tracker_id).values(sealed_credentials=sealed))

    async def credentials(self, tracker_id: str) -> Credentials:
        """See Trackers."""
        wanted = sa.select(trackers.c.sealed_credentials).where(
            trackers.c.house_id == self._house_id, trackers.c.tracker_id == tracker_id
        )
        sealed = (await self._connection.execute(wanted)).scalar_one_or_none()
        return Credentials() if sealed is None else Credentials(json.loads(self._seal.opened(bytes(sealed))))

    def _update(self, tracker_id: str) -> sa.Update:
        return sa.update(trackers).where(trackers.c.house_id == self._house_id, trackers.c.tracker_id == tracker_id)

    async def _first(self, wanted: sa.Select[Any]) -> Tracker | None:
        row = (await self._connection.execute(wanted)).first()
        return None if row is None else tracker_of(row)


class AttachmentRows:
    """See Attachments."""

    def __init__(self, connection: AsyncConnection, house_id: str, ids: Ids) -> None:
        self._connection = connection
        self._house_id = house_id
        self._ids = ids
        self._all = sa.select(attachments).where(attachments.c.house_id == house_id)

    async def add(self, attachment: Attachment) -> None:
        """See Attachments."""
        values = {
            **_key(attachment),
            "attachment_id": self._ids.new_id("att"),
            "attached_at_ms": attachment.attached_at_ms,
        }
        await self._connection.execute(insert(attachments), values)

    async def find(self, attachment: Attachment) -> Attachment | None:
        """See Attachments."""
        row = (await self._connection.execute(self._all.where(*_is(attachment)))).first()
        return None if row is None else _attachment(row)

    async def remove(self, attachment: Attachment) -> bool:
        """See Attachments."""
        return bool((await self._connection.execute(sa.delete(attachments).where(*_is(attachment)))).rowcount)

    async def page(
        self, *, tracker_id: str, performance_id: str, after: Place | None, size: int
    ) -> Sequence[tuple[Attachment, str]]:
        """See Attachments."""
        wanted = self._all.order_by(attachments.c.attachment_id).limit(size)
        if tracker_id:
            wanted = wanted.where(attachments.c.tracker_id == tracker_id)
        if performance_id:
            wanted = wanted.where(self._reaches(performance_id))
        if after is not None:
            wanted = wanted.where(attachments.c.attachment_id > after.item_id)
        return [(_attachment(row), row.attachment_id) for row in await self._connection.execute(wanted)]

    async def attached(self, performance_id: str) -> Sequence[Tracker]:
        """See Attachments."""
        of_it = sa.select(attachments.c.tracker_id).where(
            attachments.c.house_id == self._house_id, self._reaches(performance_id)
        )
        wanted = (
            sa.select(trackers)
            .where(trackers.c.house_id == self._house_id, trackers.c.archived.is_(False))
            .where(trackers.c.tracker_id.in_(of_it))
            .order_by(trackers.c.tracker_id)
        )
        return [tracker_of(row) for row in await self._connection.execute(wanted)]

    def _reaches(self, performance_id: str) -> sa.ColumnElement[bool]:
        production = (
            sa.select(shows.c.production_id)
            .where(shows.c.house_id == self._house_id, shows.c.performance_id == performance_id)
            .scalar_subquery()
        )
        scope, thing = attachments.c.scope, attachments.c.thing_id
        return sa.or_(
            sa.and_(scope == AttachmentScope.PERFORMANCE.value, thing == performance_id),
            sa.and_(scope == AttachmentScope.PRODUCTION.value, thing == production),
        )


def _values(tracker: Tracker) -> dict[str, Any]:
    ids = tracker.ids
    return {
        "house_id": tracker.house_id,
        "tracker_id": tracker.tracker_id,
        "kind": tracker.kind.value,
        "name": tracker.name,
        "account": ids.account,
        "start_event": ids.start_event,
        "purchase_event": ids.purchase_event,
        "google": asdict(ids.google) if ids.google.is_set else {},
        "credentials_hint": tracker.credentials_hint,
        "archived": tracker.archived,
        "revision": tracker.revision,
    }


def tracker_of(row: sa.Row[Any]) -> Tracker:
    """The tracker of a row of the table."""
    return Tracker(
        house_id=row.house_id,
        tracker_id=row.tracker_id,
        kind=TrackerKind(row.kind),
        name=row.name,
        ids=TrackerIds(row.account, row.start_event, row.purchase_event, GoogleDestination(**row.google)),
        credentials_hint=row.credentials_hint,
        archived=row.archived,
        revision=row.revision,
    )


def _key(attachment: Attachment) -> dict[str, str]:
    return {
        "house_id": attachment.house_id,
        "tracker_id": attachment.tracker_id,
        "scope": attachment.scope.value,
        "thing_id": attachment.thing_id,
    }


def _is(attachment: Attachment) -> list[sa.ColumnElement[bool]]:
    return [attachments.c[name] == value for name, value in _key(attachment).items()]


def _attachment(row: sa.Row[Any]) -> Attachment:
    return Attachment(
        house_id=row.house_id,
        tracker_id=row.tracker_id,
        scope=AttachmentScope(row.scope),
        thing_id=row.thing_id,
        attached_at_ms=row.attached_at_ms,
    )
