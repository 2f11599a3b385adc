"""Visits: what a visitor allows, how far it comes, and what its page does."""

from __future__ import annotations

from services.integrations.trackers.domain.attachment import Show
from services.integrations.trackers.domain.consents import NOTHING_ALLOWED, Consents
from services.integrations.trackers.domain.reached import Reached
from services.integrations.trackers.domain.refusals import PerformanceNotFound
from services.integrations.trackers.domain.snippet_hosts import Hosts, hosts_of
from services.integrations.trackers.domain.snippet_page import SnippetItem, SnippetPage
from services.integrations.trackers.domain.snippets import Snippets, snippets_of
from services.integrations.trackers.domain.visit import Traces, Visit, told_again
from services.integrations.trackers.ports.catalogue import Catalogue
from services.integrations.trackers.ports.transaction import TrackersStore, TrackersTransaction
from services.runtime.errors import Refusal

_SILENT = Snippets((), ())


class VisitHandler:
    """Asked by the shop's server, on a visitor's behalf."""

    def __init__(self, store: TrackersStore, catalogue: Catalogue) -> None:
        self._store = store
        self._catalogue = catalogue

    async def record(self, house_id: str, visit_id: str, consents: Consents, traces: Traces) -> Consents:
        """What counts now. What is not allowed any more is gone with the answer."""
        async with self._store.transaction(house_id) as transaction:
            known = await transaction.visits.lock(visit_id)
            said = Visit(house_id, visit_id, consents, traces, transaction.now_ms)
            visit = told_again(known, said)
            await transaction.visits.save(visit)
            await transaction.commit()
        return visit.consents

    async def forget(self, house_id: str, visit_id: str) -> None:
        """Forgetting twice is fine."""
        async with self._store.transaction(house_id) as transaction:
            await transaction.visits.forget(visit_id)
            await transaction.commit()

    async def report(self, reached: Reached) -> Refusal | None:
        """Published once the performance is known to be the house's own. Refusals: PerformanceNotFound."""
        async with self._store.transaction(reached.house_id) as transaction:
            if await self._show(transaction, reached.performance_id) is None:
                return PerformanceNotFound(reached.performance_id)
            transaction.publish_step(reached)
            await transaction.commit()
        return None

    async def snippets(
        self, reached: Reached, consents: Consents | None, items: tuple[SnippetItem, ...]
    ) -> tuple[Snippets, Hosts] | Refusal:
        """What the page does. `consents` None: as the visit was told. Refusals: PerformanceNotFound."""
        async with self._store.transaction(reached.house_id) as transaction:
            show = await self._show(transaction, reached.performance_id)
            if show is None:
                return PerformanceNotFound(reached.performance_id)
            trackers = await transaction.attachments.attached(reached.performance_id)
            if not trackers:
                return _SILENT, Hosts()
            if consents is None:
                visit = await transaction.visits.find(reached.visit_id)
                consents = visit.consents if visit else NOTHING_ALLOWED
            snippets = snippets_of(SnippetPage(show, reached, consents, items), trackers)
            await transaction.calls.handed_out(snippets.tells)
            await transaction.commit()
        return snippets, hosts_of(trackers)

    async def _show(self, transaction: TrackersTransaction, performance_id: str) -> Show | None:
        """As its events told it; asked for where they have not yet. Raises CatalogueSilent."""
        known = await transaction.shows.find(performance_id)
        if known is None:
            known = await self._catalogue.show(transaction.house_id, performance_id)
            if known is not None:
                await transaction.shows.learn(known)
        return known
