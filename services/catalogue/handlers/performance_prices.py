"""Which prices a performance has: those of a price list, its own, or both; and other ones from now on."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from services.catalogue.domain.performance import Performance
from services.catalogue.domain.price import Price, faults_of_prices, refused_prices
from services.catalogue.domain.price_list import PriceList, WantedPrices, refused_wanted, taken
from services.catalogue.domain.refusals import PerformanceNotFound
from services.catalogue.ports.price_things import Sort
from services.catalogue.ports.store import CatalogueStore
from services.catalogue.ports.transaction import CatalogueTransaction
from services.contracts.acts import Act
from services.contracts.changes import refused_etag, refused_unset_etag
from services.runtime.errors import FieldInvalid, Refusal, refused_fields
from services.runtime.ids import refused_key


async def all_prices(
    transaction: CatalogueTransaction, house_id: str, wanted: WantedPrices
) -> tuple[Price, ...] | FieldInvalid:
    """With those of the list. They are not compared with a plan yet."""
    if not wanted.price_list_id:
        return wanted.prices
    found = await transaction.price_things.get(Sort.PRICE_LIST, house_id, wanted.price_list_id, PriceList)
    if found is None or found.archived_at_ms:
        problem = f"{wanted.price_list_id!r} is unknown or archived"
        return FieldInvalid("price_list_id", problem, "a price list of the house")
    prices = taken(found.body, wanted.prices)
    return refused_fields(faults_of_prices(prices)) or prices


class PerformancePrices:
    """One transaction for a change."""

    def __init__(self, store: CatalogueStore) -> None:
        self._store = store

    async def update(
        self, house_id: str, performance_id: str, wanted: WantedPrices, etag: str
    ) -> Performance | Refusal:
        """Other prices for new orders. Refusals: FieldInvalid, PerformanceNotFound, EtagStale."""
        checks = (
            refused_key("house_id", house_id),
            refused_key("performance_id", performance_id),
            refused_wanted(wanted),
            refused_unset_etag(etag),
        )
        if refusal := refused_fields(checks):
            return refusal
        async with self._store.transaction(house_id) as transaction:
            performance = await transaction.lock_performance(house_id, performance_id)
            if performance is None:
                return PerformanceNotFound(performance_id)
            if stale := refused_etag("prices", etag, performance.prices_revision):
                return stale
            prices = await self._checked(transaction, performance, wanted)
            if isinstance(prices, Refusal):
                return prices
            return await self._saved(transaction, performance, prices, wanted.price_list_id)

    async def _checked(
        self, transaction: CatalogueTransaction, performance: Performance, wanted: WantedPrices
    ) -> tuple[Price, ...] | Refusal:
        prices = await all_prices(transaction, performance.house_id, wanted)
        if isinstance(prices, Refusal):
            return prices
        plan = await transaction.plan_facts(performance.house_id, performance.hall_id, performance.plan_version)
        assert plan is not None, "a performance's plan stays"
        book, currency = performance.book, performance.prices[0].currency
        return refused_prices(prices, plan.categories, currency, book.usable, book.kinds) or prices

    @staticmethod
    async def _saved(
        transaction: CatalogueTransaction, performance: Performance, prices: Sequence[Price], price_list_id: str
    ) -> Performance:
        changed = dataclasses.replace(
            performance, prices=tuple(prices), prices_revision=performance.prices_revision + 1
        )
        await transaction.performances.save_prices(changed)
        facts = {"prices": str(len(prices))} | ({"price_list": price_list_id} if price_list_id else {})
        act = Act("performance.prices_changed", "performance", performance.performance_id, facts=facts)
        await transaction.record_act(performance.house_id, act)
        await transaction.commit()
        return changed
