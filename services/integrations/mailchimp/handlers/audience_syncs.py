"""Which consents make subscribers of which audiences: made, changed, archived, and how far each is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from services.contracts.acts import Act
from services.contracts.changes import masked, refused_etag
from services.contracts.once import Asked, answer_once
from services.contracts.pages import AskedPage, token_after
from services.integrations.mailchimp.domain.audience_sync import MAX_SYNCS, AudienceSync, Manner, changed_sync
from services.integrations.mailchimp.domain.refusals import (
    AudienceNotThere,
    AudienceSyncArchived,
    AudienceSyncNotFound,
    AudienceSyncTaken,
    ConsentNotForEmail,
    TooManyAudienceSyncs,
)
from services.integrations.mailchimp.handlers.accounts import AccountHandler
from services.integrations.mailchimp.handlers.dispatching import members_due, webhook_due
from services.integrations.mailchimp.ports.people import People
from services.integrations.mailchimp.ports.store import (
    Audience,
    MailchimpStore,
    Progress,
    StoreTransaction,
    Troubled,
)
from services.runtime.errors import Refusal
from services.runtime.ids import Ids


@dataclass(frozen=True, slots=True)
class WantedSync:
    """What is to be kept in step."""

    consent_id: str
    list_id: str
    manner: Manner


@dataclass(frozen=True, slots=True)
class SyncPage:
    """The oldest first; `next_page_token` is empty on the last page."""

    syncs: Sequence[AudienceSync]
    next_page_token: str = ""


@dataclass(frozen=True, slots=True)
class TroubledPage:
    """By the customers' ids."""

    members: Sequence[Troubled]
    next_page_token: str = ""


class AudienceSyncHandler:
    """Each change with its act; whom it concerns is due by the same transaction, and is told at once."""

    def __init__(self, store: MailchimpStore, accounts: AccountHandler, people: People, ids: Ids) -> None:
        self._store = store
        self._accounts = accounts
        self._people = people
        self._ids = ids

    async def create(self, asked: Asked[AudienceSync], house_id: str, wanted: WantedSync) -> bytes | Refusal:
        """Refusals: those of the account, AudienceNotThere, ConsentNotForEmail, AudienceSyncTaken,
        TooManyAudienceSyncs. Raises CustomersSilent.
        """
        title = await self._title(house_id, wanted.consent_id)
        if isinstance(title, Refusal):
            return title
        if refusal := await self._refused_audience(house_id, wanted.list_id):
            return refusal

        async def act(transaction: StoreTransaction) -> AudienceSync | Refusal:
            active = [one for one in await transaction.syncs() if not one.archived]
            for one in active:
                if (one.consent_id, one.list_id) == (wanted.consent_id, wanted.list_id):
                    return AudienceSyncTaken(one.sync_id)
            if len(active) >= MAX_SYNCS:
                return TooManyAudienceSyncs(MAX_SYNCS)
            sync = AudienceSync(
                house_id=house_id,
                sync_id=self._ids.new_id("aud"),
                consent_id=wanted.consent_id,
                consent_title=title,
                list_id=wanted.list_id,
                manner=wanted.manner,
                archived=False,
                created_at_ms=transaction.now_ms,
                revision=1,
            )
            await transaction.add_sync(sync)
            await self._follow(transaction, sync)
            facts = {"consent_id": sync.consent_id, "list_id": sync.list_id}
            transaction.record_act(Act("audience_sync.created", "audience_sync", sync.sync_id, facts=facts))
            return sync

        return await answer_once(self._store.transaction(house_id), house_id, asked, act)

    async def update(
        self, house_id: str, sync_id: str, etag: str, wanted: Manner, paths: Sequence[str]
    ) -> AudienceSync | Refusal:
        """Refusals: AudienceSyncNotFound, AudienceSyncArchived, EtagStale, ConsentNotForEmail.

        Raises CustomersSilent.
        """
        async with self._store.transaction(house_id) as transaction:
            found = await transaction.sync(sync_id)
        if found is None:
            return AudienceSyncNotFound(sync_id)
        title: str | Refusal = found.consent_title
        if "tags" in paths:
            title = await self._title(house_id, found.consent_id)
        if isinstance(title, Refusal):
            return title
        async with self._store.transaction(house_id) as transaction:
            sync = await transaction.sync(sync_id, lock=True)
            if sync is None:
                return AudienceSyncNotFound(sync_id)
            after = changed_sync(sync, masked(sync.manner, wanted, paths), title)
            if after == sync:
                return sync
            if sync.archived:
                return AudienceSyncArchived(sync_id)
            if refusal := refused_etag("the audience sync", etag, sync.revision):
                return refusal
            await transaction.save_sync(after)
            await self._follow(transaction, after)
            facts = {"changed": ", ".join(paths)[:100]}
            transaction.record_act(Act("audience_sync.changed", "audience_sync", sync_id, facts=facts))
            await transaction.commit()
        return after

    async def archive(self, house_id: str, sync_id: str) -> AudienceSync | Refusal:
        """Refusals: AudienceSyncNotFound."""
        async with self._store.transaction(house_id) as transaction:
            sync = await transaction.sync(sync_id, lock=True)
            if sync is None:
                return AudienceSyncNotFound(sync_id)
            after = changed_sync(sync, sync.manner, sync.consent_title, archived=True)
            if after != sync:
                await transaction.save_sync(after)
                await self._follow(transaction, after)
                transaction.record_act(Act("audience_sync.archived", "audience_sync", sync_id))
                await transaction.commit()
        return after

    async def get(self, house_id: str, sync_id: str) -> tuple[AudienceSync, Progress] | Refusal:
        """AudienceSyncNotFound."""
        async with self._store.transaction(house_id) as transaction:
            sync = await transaction.sync(sync_id)
            return AudienceSyncNotFound(sync_id) if sync is None else (sync, await transaction.progress(sync))

    async def page(self, house_id: str, asked: AskedPage, *, archived: bool) -> SyncPage:
        """Of a house."""
        async with self._store.transaction(house_id) as transaction:
            found = await transaction.page_syncs(asked.after, asked.size + 1, archived=archived)
        page = found[: asked.size]
        if len(found) == len(page):
            return SyncPage(page)
        return SyncPage(page, token_after(house_id, page[-1].sync_id, page[-1].created_at_ms))

    async def sync_now(self, house_id: str, sync_id: str) -> Progress | Refusal:
        """Refusals: AudienceSyncNotFound, AudienceSyncArchived, MailchimpAccountMissing."""
        access = await self._accounts.access(house_id)
        async with self._store.transaction(house_id) as transaction:
            sync = await transaction.sync(sync_id)
            if sync is None:
                return AudienceSyncNotFound(sync_id)
            if sync.archived:
                return AudienceSyncArchived(sync_id)
            if isinstance(access, Refusal):
                return access
            await transaction.retry_troubled(sync.list_id)
            shards = await transaction.due_shards(sync.list_id)
            await transaction.put(members_due(house_id, sync.list_id, shards, transaction.now_ms))
            transaction.record_act(Act("audience_sync.asked", "audience_sync", sync_id))
            progress = await transaction.progress(sync)
            await transaction.commit()
        return progress

    async def troubled(self, house_id: str, sync_id: str, asked: AskedPage) -> TroubledPage | Refusal:
        """AudienceSyncNotFound."""
        async with self._store.transaction(house_id) as transaction:
            sync = await transaction.sync(sync_id)
            if sync is None:
                return AudienceSyncNotFound(sync_id)
            found = await transaction.troubled(sync, asked.after, asked.size + 1)
        page = found[: asked.size]
        return TroubledPage(page, token_after(house_id, page[-1].customer_id) if len(found) > len(page) else "")

    async def _title(self, house_id: str, consent_id: str) -> str | Refusal:
        """Of the house's question; another house's is none."""
        for one in await self._people.asked(house_id):
            if one.consent_id == consent_id and one.is_for_email and not one.archived:
                return one.title
        return ConsentNotForEmail(consent_id)

    async def _refused_audience(self, house_id: str, list_id: str) -> Refusal | None:
        access = await self._accounts.access(house_id)
        if isinstance(access, Refusal):
            return access
        found = await self._accounts.audiences(access)
        if isinstance(found, Refusal):
            return found
        ids = tuple(one.list_id for one in found)
        return None if list_id in ids else AudienceNotThere(list_id, ids)

    async def _follow(self, transaction: StoreTransaction, sync: AudienceSync) -> None:
        """The audience is told of in two ways where one of its syncs is; who is due goes over at once."""
        house_id, list_id, now_ms = sync.house_id, sync.list_id, transaction.now_ms
        before = await transaction.audience(list_id)
        two_way = any(one.is_two_way and not one.archived for one in await transaction.syncs(list_id))
        # Nothing is known of an audience before today: the first comparison is of what has changed since then.
        audience = before or Audience(list_id, self._ids.new_secret(), two_way, now_ms, now_ms)
        await transaction.keep_audience(audience.told_both_ways(two_way))
        due = members_due(house_id, list_id, await transaction.due_shards(list_id), now_ms)
        if two_way or (before is not None and before.is_two_way):
            due.append(webhook_due(house_id, list_id, now_ms))
        await transaction.put(due)
