"""Creates performances, and tells of those that there are."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

from services.catalogue.domain.performance import (
    Performance,
    PerformanceTerms,
    new_performance,
    refused_terms,
)
from services.catalogue.domain.performance_events import PerformanceCreated
from services.catalogue.domain.price_list import WantedPrices
from services.catalogue.domain.refusals import PerformanceNotFound
from services.catalogue.handlers.once import Asked, once
from services.catalogue.handlers.performance_places import PerformancePlace, usable_place
from services.catalogue.handlers.performance_prices import all_prices
from services.catalogue.ports.store import CatalogueStore
from services.catalogue.ports.transaction import CatalogueTransaction
from services.contracts.acts import Act
from services.contracts.pages import asked_page, fitting, token_after
from services.contracts.texts import refused_idempotency_key
from services.runtime.errors import FieldInvalid, Refusal, refused_fields
from services.runtime.ids import Ids, refused_key


@dataclass(frozen=True, slots=True)
class PerformancePage:
    """Performances by start; `next_page_token` is empty on the last page."""

    performances: Sequence[Performance]
    next_page_token: str


class PerformanceHandler:
    """A creation is one transaction, its event and its act in it."""

    def __init__(self, store: CatalogueStore, ids: Ids) -> None:
        self._store = store
        self._ids = ids

    async def create(
        self, asked: Asked[Performance], place: PerformancePlace, terms: PerformanceTerms
    ) -> bytes | Refusal:
        """A draft, in wire form.

        Refusals: FieldInvalid, those of usable_place, CodeTaken, IdempotencyKeyReused.
        """
        if refusal := refused_fields(
            (
                refused_key("house_id", place.house_id),
                refused_key("hall_id", place.hall_id),
                refused_key("production_id", place.production_id),
                refused_terms(terms),
                refused_idempotency_key(asked.key),
            )
        ):
            return refusal

        async def act(transaction: CatalogueTransaction) -> Performance | Refusal:
            performance = await self._draft(transaction, place, terms)
            if isinstance(performance, Performance):
                if taken := await transaction.performances.add(performance):
                    return taken
                await transaction.publish(PerformanceCreated(performance))
                await transaction.record_act(place.house_id, _act("performance.created", performance))
            return performance

        return await once(self._store, place.house_id, asked, Performance, act)

    async def _draft(
        self, transaction: CatalogueTransaction, place: PerformancePlace, terms: PerformanceTerms
    ) -> Performance | Refusal:
        found = await usable_place(transaction, place)
        if isinstance(found, Refusal):
            return found
        prices = await all_prices(transaction, place.house_id, WantedPrices(terms.prices, terms.price_list_id))
        if isinstance(prices, Refusal):
            return prices
        terms = dataclasses.replace(terms, prices=prices)
        book = await transaction.price_things.book(place.house_id)
        return new_performance(self._ids.new_id("prf"), found.house, found.plan, found.production, terms, book)

    async def performance(self, house_id: str, performance_id: str) -> Performance | Refusal:
        """Refusals: FieldInvalid, PerformanceNotFound."""
        if refusal := _refused_ids(house_id, performance_id):
            return refusal
        return await self._store.performance(house_id, performance_id) or PerformanceNotFound(performance_id)

    async def performances(self, house_id: str, page_size: int, page_token: str) -> PerformancePage | Refusal:
        """A page by start; 0 takes DEFAULT_PAGE_SIZE. Refusals: FieldInvalid. A house that is unknown has none."""
        asked = asked_page(page_size, page_token, house_id, refused_key("house_id", house_id))
        if isinstance(asked, FieldInvalid):
            return asked
        after, limit = asked
        found = list(await self._store.performances(house_id, after, limit + 1))
        page = found[: min(limit, fitting(len(performance.prices) for performance in found))]
        more = len(found) > len(page)
        token = token_after(house_id, page[-1].performance_id, page[-1].starts_at_ms) if more else ""
        return PerformancePage(page, token)


def _refused_ids(house_id: str, performance_id: str) -> FieldInvalid | None:
    return refused_fields((refused_key("house_id", house_id), refused_key("performance_id", performance_id)))


def _act(done: str, performance: Performance) -> Act:
    return Act(done, "performance", performance.performance_id)
