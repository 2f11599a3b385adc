"""Trackers of a house: made, changed, silenced, and shown with what they were told."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from services.contracts.acts import Act
from services.contracts.changes import refused_etag
from services.contracts.once import Asked, answer_once
from services.contracts.pages import AskedPage, token_after
from services.integrations.trackers.domain.called import Activity, CallRecord
from services.integrations.trackers.domain.refusals import TooManyTrackers, TrackerArchived, TrackerNotFound
from services.integrations.trackers.domain.steps import TOLD_OF, Step
from services.integrations.trackers.domain.tracker import (
    MAX_TRACKERS,
    Credentials,
    Tracker,
    TrackerIds,
    TrackerKind,
    refused_credentials,
    refused_ids,
    refused_name,
)
from services.integrations.trackers.ports.transaction import TrackersStore, TrackersTransaction
from services.runtime.errors import Refusal, refused_fields
from services.runtime.ids import Ids


@dataclass(frozen=True, slots=True)
class WantedTracker:
    """What is to be made, or what is to be changed: then what is not named is not looked at."""

    name: str
    ids: TrackerIds
    credentials: Credentials


@dataclass(frozen=True, slots=True)
class TrackerPage:
    """Some of the house's trackers."""

    trackers: Sequence[Tracker]
    next_page_token: str


@dataclass(frozen=True, slots=True)
class CallPage:
    """Some of what trackers were told."""

    calls: Sequence[CallRecord]
    next_page_token: str


class TrackerHandler:
    """Whoever may write trackers; nothing here tells a company anything."""

    def __init__(self, store: TrackersStore, ids: Ids) -> None:
        self._store = store
        self._ids = ids

    async def create(
        self, asked: Asked[Tracker], house_id: str, kind: TrackerKind, wanted: WantedTracker
    ) -> bytes | Refusal:
        """Refusals: TooManyTrackers, IdempotencyKeyReused."""

        async def act(transaction: TrackersTransaction) -> Tracker | Refusal:
            if await transaction.trackers.count() >= MAX_TRACKERS:
                return TooManyTrackers(MAX_TRACKERS)
            tracker = Tracker(
                house_id=house_id,
                tracker_id=self._ids.new_id("trk"),
                kind=kind,
                name=wanted.name,
                ids=wanted.ids,
                credentials_hint=wanted.credentials.hint(),
                archived=False,
                revision=1,
            )
            await transaction.trackers.add(tracker, wanted.credentials)
            transaction.record_act(Act("tracker.created", "tracker", tracker.tracker_id, facts=_facts(tracker)))
            return tracker

        return await answer_once(self._store.transaction(house_id), house_id, asked, act)

    async def update(
        self, house_id: str, tracker_id: str, etag: str, wanted: WantedTracker, paths: Collection[str]
    ) -> Tracker | Refusal:
        """Refusals: TrackerNotFound, FieldInvalid, TrackerArchived, EtagStale."""
        async with self._store.transaction(house_id) as transaction:
            tracker = await transaction.trackers.lock(tracker_id)
            if tracker is None:
                return TrackerNotFound(tracker_id)
            if refusal := _refused_change(tracker.kind, wanted, paths):
                return refusal
            known = await transaction.trackers.credentials(tracker_id)
            new_credentials = "credentials" in paths and wanted.credentials != known
            after = replace(
                tracker,
                name=wanted.name if "name" in paths else tracker.name,
                ids=wanted.ids if "ids" in paths else tracker.ids,
                credentials_hint=wanted.credentials.hint() if new_credentials else tracker.credentials_hint,
            )
            if after == tracker and not new_credentials:
                return tracker
            if tracker.archived:
                return TrackerArchived(tracker_id)
            if stale := refused_etag("the tracker", etag, tracker.revision):
                return stale
            after = replace(after, revision=tracker.revision + 1)
            await transaction.trackers.save(after)
            if new_credentials:
                await transaction.trackers.seal(tracker_id, wanted.credentials)
            # Whether the ids or the key were wrong: what waits is tried with the new ones.
            await transaction.mended(tracker_id)
            facts = {**_facts(after), "changed": ", ".join(sorted(paths))}
            transaction.record_act(Act("tracker.changed", "tracker", tracker_id, facts=facts))
            await transaction.commit()
        return after

    async def archive(self, house_id: str, tracker_id: str) -> Tracker | Refusal:
        """Refusals: TrackerNotFound."""
        async with self._store.transaction(house_id) as transaction:
            tracker = await transaction.trackers.lock(tracker_id)
            if tracker is None or tracker.archived:
                return tracker or TrackerNotFound(tracker_id)
            after = replace(tracker, archived=True, credentials_hint="", revision=tracker.revision + 1)
            await transaction.trackers.save(after)
            await transaction.trackers.seal(tracker_id, Credentials())
            await transaction.silence(tracker_id)
            transaction.record_act(Act("tracker.archived", "tracker", tracker_id, facts=_facts(after)))
            await transaction.commit()
        return after

    async def get(self, house_id: str, tracker_id: str) -> tuple[Tracker, Sequence[Activity]] | Refusal:
        """With a row for each step that it is told of. Refusals: TrackerNotFound."""
        async with self._store.transaction(house_id) as transaction:
            tracker = await transaction.trackers.find(tracker_id)
            if tracker is None:
                return TrackerNotFound(tracker_id)
            found = {one.step: one for one in await transaction.calls.activity(tracker_id)}
        steps = [step for step in Step if step in TOLD_OF[tracker.kind]]
        return tracker, [found.get(step, Activity(step)) for step in steps]

    async def all(self, house_id: str, asked: AskedPage, *, archived: bool) -> TrackerPage:
        """In the order they were made."""
        async with self._store.transaction(house_id) as transaction:
            found = await transaction.trackers.page(archived=archived, after=asked.after, size=asked.size + 1)
        page = found[: asked.size]
        token = token_after(house_id, page[-1].tracker_id) if len(found) > len(page) else ""
        return TrackerPage(page, token)

    async def calls(self, house_id: str, asked: AskedPage, *, tracker_id: str, performance_id: str) -> CallPage:
        """The latest first."""
        async with self._store.transaction(house_id) as transaction:
            found = await transaction.calls.page(
                tracker_id=tracker_id, performance_id=performance_id, after=asked.after, size=asked.size + 1
            )
        page = found[: asked.size]
        token = token_after(house_id, page[-1][1]) if len(found) > len(page) else ""
        return CallPage([call for call, _ in page], token)


def _refused_change(kind: TrackerKind, wanted: WantedTracker, paths: Collection[str]) -> Refusal | None:
    """By the kind, which only the store knows; fields as an update names them."""
    return refused_fields(
        (
            refused_name("tracker.name", wanted.name) if "name" in paths else None,
            refused_ids(kind, wanted.ids, "tracker.ids.") if "ids" in paths else None,
            refused_credentials(kind, wanted.credentials, "tracker.credentials") if "credentials" in paths else None,
        )
    )


def _facts(tracker: Tracker) -> dict[str, str]:
    return {"kind": tracker.kind.value, "account": tracker.ids.account}
