"""Creates performances, and tells of those that there are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from services.catalogue.domain.hall import usable_hall
from services.catalogue.domain.performance import (
    Performance,
    PerformanceTerms,
    new_performance,
    refused_terms,
)
from services.catalogue.domain.performance_events import PerformanceCreated
from services.catalogue.domain.refusals import (
    PerformanceNotFound,
    ProductionArchived,
    ProductionNotFound,
    SeatingPlanNotFound,
)
from services.catalogue.domain.seating_plan import MAX_PLAN_VERSION
from services.catalogue.handlers.once import Asked, once
from services.catalogue.ports.store import CatalogueStore
from services.catalogue.ports.transaction import CatalogueTransaction
from services.contracts.acts import Act
from services.contracts.pages import asked_page, fitting, token_after
from services.contracts.texts import refused_idempotency_key
from services.runtime.access.refusals import HouseNotFound
from services.runtime.errors import FieldInvalid, Refusal, refused_fields
from services.runtime.ids import Ids, refused_key


@dataclass(frozen=True, slots=True)
class PerformancePlace:
    """Where and what: the hall's plan (version 0 is the latest) and the production."""

    house_id: str
    hall_id: str
    plan_version: int
    production_id: str


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

        Refusals: FieldInvalid, House-, Hall-, SeatingPlan-, ProductionNotFound, ProductionArchived, CodeTaken,
        IdempotencyKeyReused.
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
        house = await transaction.house(place.house_id)
        if house is None:
            return HouseNotFound(place.house_id)
        hall = usable_hall(place.hall_id, await transaction.halls.hall(place.house_id, place.hall_id))
        if isinstance(hall, Refusal):
            return hall
        plan = None
        if place.plan_version <= MAX_PLAN_VERSION:
            plan = await transaction.plan_facts(place.house_id, place.hall_id, place.plan_version)
        if plan is None:
            return SeatingPlanNotFound(place.hall_id, place.plan_version)
        production = await transaction.productions.find(place.house_id, place.production_id)
        if production is None:
            return ProductionNotFound(place.production_id)
        if production.archived_at_ms is not None:
            return ProductionArchived(place.production_id)
        book = await transaction.price_things.book(place.house_id)
        return new_performance(self._ids.new_id("prf"), house, plan, production, terms, book)

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
