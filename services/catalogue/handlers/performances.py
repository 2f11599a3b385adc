"""Creates and changes performances, and tells of those that there are."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

from services.catalogue.domain import performance_details as details
from services.catalogue.domain.performance import (
    Performance,
    PerformanceTerms,
    new_performance,
    refused_code,
    refused_terms,
)
from services.catalogue.domain.performance_details import PerformanceDetails
from services.catalogue.domain.performance_events import PerformanceCreated, PerformanceUpdated
from services.catalogue.domain.performance_filter import PerformanceFilter, refused_filter
from services.catalogue.domain.performance_texts import parts_of
from services.catalogue.domain.price_list import WantedPrices
from services.catalogue.domain.quota import parts_of as parts_of_quota
from services.catalogue.domain.refusals import CodeUnknown, PerformanceNotFound
from services.catalogue.handlers.once import once
from services.catalogue.handlers.performance_places import PerformancePlace, usable_place, usable_production
from services.catalogue.handlers.performance_prices import all_prices
from services.catalogue.ports.store import CatalogueStore
from services.catalogue.ports.transaction import CatalogueTransaction
from services.contracts.acts import Act
from services.contracts.changes import refused_change
from services.contracts.once import Asked
from services.contracts.pages import asked_page, fitting, token_after
from services.contracts.texts import refused_idempotency_key
from services.runtime.clock import Clock
from services.runtime.errors import UNSET, FieldInvalid, Refusal, refused_fields
from services.runtime.ids import Ids, refused_key


@dataclass(frozen=True, slots=True)
class PerformancePage:
    """Performances by start; `next_page_token` is empty on the last page."""

    performances: Sequence[Performance]
    next_page_token: str


class PerformanceHandler:
    """Each creation and change is one transaction, its event and its act in it."""

    def __init__(self, store: CatalogueStore, clock: Clock, ids: Ids) -> None:
        self._store = store
        self._clock = clock
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
        of_all = await transaction.quotas.of_production(place.house_id, place.production_id)
        quotas = tuple(quota for quota in of_all if not quota.body.performance_ids)
        return new_performance(self._ids.new_id("prf"), found.house, found.plan, found.production, terms, book, quotas)

    async def performance(self, house_id: str, performance_id: str) -> Performance | Refusal:
        """Refusals: FieldInvalid, PerformanceNotFound."""
        if refusal := _refused_ids(house_id, performance_id):
            return refusal
        return await self._store.performance(house_id, performance_id) or PerformanceNotFound(performance_id)

    async def by_code(self, house_id: str, code: str) -> Performance | Refusal:
        """R0.9. Refusals: FieldInvalid, CodeUnknown."""
        checks = (
            refused_key("house_id", house_id),
            refused_code(code) if code else FieldInvalid("code", UNSET, "a code"),
        )
        if refusal := refused_fields(checks):
            return refusal
        async with self._store.transaction(house_id) as transaction:
            performance_id = await transaction.performances.id_of_code(house_id, code)
        found = await self._store.performance(house_id, performance_id) if performance_id else None
        return found or CodeUnknown(code)

    async def performances(
        self, house_id: str, wanted: PerformanceFilter, page_size: int, page_token: str
    ) -> PerformancePage | Refusal:
        """A page by start; 0 takes DEFAULT_PAGE_SIZE. Refusals: FieldInvalid. A house that is unknown has none."""
        asked = asked_page(page_size, page_token, house_id, refused_key("house_id", house_id), refused_filter(wanted))
        if isinstance(asked, FieldInvalid):
            return asked
        after, limit = asked
        async with self._store.transaction(house_id) as transaction:
            found = await transaction.performances.performances(house_id, wanted, after, limit + 1)
        page = found[
            : min(
                limit,
                fitting(
                    len(one.prices) + parts_of(one.texts) + sum(parts_of_quota(each.body) for each in one.quotas)
                    for one in found
                ),
            )
        ]
        more = len(found) > len(page)
        token = token_after(house_id, page[-1].performance_id, page[-1].starts_at_ms) if more else ""
        return PerformancePage(page, token)

    async def update(
        self, house_id: str, performance_id: str, wanted: PerformanceDetails, named: Sequence[str], etag: str
    ) -> Performance | Refusal:
        """What `named` names as wanted. One that changes nothing is fine, whatever its etag.

        Refusals: FieldInvalid, PerformanceNotFound, those of details.update, ProductionNotFound, ProductionArchived,
        CodeTaken.
        """
        checks = (
            refused_key("house_id", house_id),
            refused_key("performance.performance_id", performance_id),
            details.refused_by_themselves(wanted, named),
            refused_change(etag, named, details.CHANGEABLE),
        )
        if refusal := refused_fields(checks):
            return refusal
        async with self._store.transaction(house_id) as transaction:
            performance = await transaction.lock_performance(house_id, performance_id)
            if performance is None:
                return PerformanceNotFound(performance_id)
            updated = details.update(performance, wanted, named, etag, self._clock.now_ms())
            if updated is None:
                return performance
            if isinstance(updated, Refusal):
                return updated
            return await self._updated(transaction, performance, updated)

    async def _updated(
        self, transaction: CatalogueTransaction, before: Performance, updated: PerformanceUpdated
    ) -> Performance | Refusal:
        if updated.performance.production_id != before.production_id:
            production = await usable_production(transaction, before.house_id, updated.performance.production_id)
            if isinstance(production, Refusal):
                return production
            updated = details.shown_as(updated, production)
            now = await transaction.quotas.now_of(updated.performance)
            updated = dataclasses.replace(updated, performance=now)
        if taken := await transaction.performances.save(updated.performance):
            return taken
        await transaction.publish(updated)
        facts = {"fields": ",".join(updated.fields)}
        act = Act("performance.changed", "performance", before.performance_id, facts=facts)
        await transaction.record_act(before.house_id, act)
        await transaction.commit()
        return updated.performance


def _refused_ids(house_id: str, performance_id: str) -> FieldInvalid | None:
    return refused_fields((refused_key("house_id", house_id), refused_key("performance_id", performance_id)))


def _parts(performance: Performance) -> int:
    of_quotas = sum(parts_of_quota(quota.body) for quota in performance.quotas)
    return len(performance.prices) + parts_of(performance.texts) + of_quotas


def _act(done: str, performance: Performance) -> Act:
    return Act(done, "performance", performance.performance_id)
