"""Attaching trackers to performances and productions of their own house (R3.13, R3.14), and taking them off."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from services.contracts.acts import Act
from services.contracts.pages import AskedPage, token_after
from services.integrations.trackers.domain.attachment import Attachment, AttachmentScope
from services.integrations.trackers.domain.refusals import (
    PerformanceNotFound,
    ProductionNotFound,
    TrackerArchived,
    TrackerNotFound,
)
from services.integrations.trackers.ports.catalogue import Catalogue
from services.integrations.trackers.ports.transaction import TrackersStore, TrackersTransaction
from services.runtime.errors import Refusal


@dataclass(frozen=True, slots=True)
class AttachmentPage:
    """Some of what is attached."""

    attachments: Sequence[Attachment]
    next_page_token: str


class AttachmentHandler:
    """The catalogue says what is the house's own: a performance of another house is none here."""

    def __init__(self, store: TrackersStore, catalogue: Catalogue) -> None:
        self._store = store
        self._catalogue = catalogue

    async def to_performance(self, house_id: str, tracker_id: str, performance_id: str) -> Attachment | Refusal:
        """Refusals: PerformanceNotFound, TrackerNotFound, TrackerArchived. Raises CatalogueSilent."""
        show = await self._catalogue.show(house_id, performance_id)
        if show is None:
            return PerformanceNotFound(performance_id)
        wanted = Attachment(house_id, tracker_id, AttachmentScope.PERFORMANCE, performance_id)
        async with self._store.transaction(house_id) as transaction:
            # Its event may come later than the first visitor.
            await transaction.shows.learn(show)
            return await _attached(transaction, wanted)

    async def to_production(self, house_id: str, tracker_id: str, production_id: str) -> Attachment | Refusal:
        """Refusals: ProductionNotFound, TrackerNotFound, TrackerArchived. Raises CatalogueSilent."""
        if not await self._catalogue.has_production(house_id, production_id):
            return ProductionNotFound(production_id)
        wanted = Attachment(house_id, tracker_id, AttachmentScope.PRODUCTION, production_id)
        async with self._store.transaction(house_id) as transaction:
            return await _attached(transaction, wanted)

    async def detach(self, house_id: str, tracker_id: str, scope: AttachmentScope, thing_id: str) -> Refusal | None:
        """What is not attached may be taken off. Refusals: TrackerNotFound."""
        async with self._store.transaction(house_id) as transaction:
            if await transaction.trackers.find(tracker_id) is None:
                return TrackerNotFound(tracker_id)
            if await transaction.attachments.remove(Attachment(house_id, tracker_id, scope, thing_id)):
                _record(transaction, "tracker.detached", tracker_id, scope, thing_id)
                await transaction.commit()
        return None

    async def all(self, house_id: str, asked: AskedPage, *, tracker_id: str, performance_id: str) -> AttachmentPage:
        """The oldest first."""
        async with self._store.transaction(house_id) as transaction:
            found = await transaction.attachments.page(
                tracker_id=tracker_id, performance_id=performance_id, after=asked.after, size=asked.size + 1
            )
        page = found[: asked.size]
        token = token_after(house_id, page[-1][1]) if len(found) > len(page) else ""
        return AttachmentPage([one for one, _ in page], token)


async def _attached(transaction: TrackersTransaction, wanted: Attachment) -> Attachment | Refusal:
    tracker = await transaction.trackers.lock(wanted.tracker_id)
    if tracker is None:
        return TrackerNotFound(wanted.tracker_id)
    if tracker.archived:
        return TrackerArchived(wanted.tracker_id)
    known = await transaction.attachments.find(wanted)
    if known is not None:
        return known
    attachment = replace(wanted, attached_at_ms=transaction.now_ms)
    await transaction.attachments.add(attachment)
    _record(transaction, "tracker.attached", wanted.tracker_id, wanted.scope, wanted.thing_id)
    await transaction.commit()
    return attachment


def _record(transaction: TrackersTransaction, act: str, tracker_id: str, scope: AttachmentScope, thing_id: str) -> None:
    transaction.record_act(Act(act, "tracker", tracker_id, facts={scope.value.lower(): thing_id}))
