"""A house's connection with the platform: set, read, and tried out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from services.contracts.acts import Act
from services.contracts.changes import refused_etag
from services.integrations.podiumkunst.domain.connection import (
    TARGET_ID,
    Connection,
    ConnectionChange,
    Look,
    refused_switch,
)
from services.integrations.podiumkunst.handlers.looks import look_of
from services.integrations.podiumkunst.ports.accounts import Accounts
from services.integrations.podiumkunst.ports.platform import NotTold, PlatformReader
from services.integrations.podiumkunst.ports.transaction import LinksStore
from services.runtime.clock import Clock
from services.runtime.errors import Refusal


class ConnectionHandler:
    """Acts name the fields that were changed, never what was put there."""

    def __init__(
        self,
        store: LinksStore,
        accounts: Accounts,
        platform: PlatformReader,
        clock: Clock,
        look_soon: Callable[[], None],
    ) -> None:
        """`look_soon` is called when a connection was set: the platform is looked at by it at once."""
        self._store = store
        self._accounts = accounts
        self._platform = platform
        self._clock = clock
        self._look_soon = look_soon

    async def set(self, house_id: str, etag: str, change: ConnectionChange) -> Connection | Refusal:
        """Refusals: EtagStale, FieldInvalid where it would be on without an account."""
        async with self._store.transaction(house_id) as transaction:
            before = await transaction.connections.find(lock=True)
            after = _changed(before, change)
            if after == before and change.client_secret is None:
                return before
            if refusal := refused_etag("the connection", etag, before.revision) or refused_switch(after):
                return refusal
            await transaction.connections.save(replace(after, revision=before.revision + 1), change.client_secret)
            named = [name for name in ("client_id", "client_secret", "theatre_ids", "is_on") if _is_set(change, name)]
            facts = {"fields": ",".join(named), "is_on": str(after.is_on).lower()}
            transaction.record_act(Act("connection.set", "connection", TARGET_ID, facts=facts))
            saved = await transaction.connections.find()
            await transaction.commit()
        self._look_soon()
        return saved

    async def get(self, house_id: str) -> Connection:
        """One that is off, where the house has none."""
        async with self._store.transaction(house_id) as transaction:
            return await transaction.connections.find()

    async def check(self, house_id: str) -> tuple[Look, int]:
        """How the platform answers just now, and how many performances it has. Nothing of it is kept."""
        before = (await self.get(house_id)).look
        account = await self._accounts.account(house_id)
        told = None if account is None else await self._platform.performances(account)
        look = look_of(told, self._clock.now_ms(), 0 if before is None else before.told_at_ms)
        return look, 0 if told is None or isinstance(told, NotTold) else len(told.performances)


def _is_set(change: ConnectionChange, name: str) -> bool:
    return getattr(change, name) is not None


def _changed(before: Connection, change: ConnectionChange) -> Connection:
    secret = change.client_secret
    return replace(
        before,
        client_id=before.client_id if change.client_id is None else change.client_id,
        has_secret=before.has_secret if secret is None else bool(secret),
        theatre_ids=before.theatre_ids if change.theatre_ids is None else change.theatre_ids,
        is_on=before.is_on if change.is_on is None else change.is_on,
    )
