"""Creates, changes and archives productions, and tells about them. The model for everything that a house changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from services.catalogue.domain.performance_events import PerformanceUpdated
from services.catalogue.domain.production import (
    CHANGEABLE,
    Production,
    ProductionDetails,
    ProductionFilter,
    archived,
    changed,
    refused_details,
    refused_filter,
    with_language,
)
from services.catalogue.domain.refusals import ProductionNotFound
from services.catalogue.handlers.once import once
from services.catalogue.ports.store import CatalogueStore
from services.catalogue.ports.transaction import CatalogueTransaction
from services.contracts.acts import Act
from services.contracts.changes import masked, refused_change, refused_etag, refused_unset_etag
from services.contracts.once import Asked
from services.contracts.pages import asked_page, fitting, token_after
from services.contracts.texts import refused_idempotency_key
from services.runtime.access.refusals import HouseNotFound
from services.runtime.clock import Clock
from services.runtime.errors import FieldInvalid, Refusal, refused_fields
from services.runtime.ids import Ids, refused_key

# As refusals name it.
_THING = "production"
# What an update names is looked at by itself before there is a production to put it into.
_NAMELESS = ProductionDetails("?")


@dataclass(frozen=True, slots=True)
class ProductionPage:
    """Productions, the last made first; `next_page_token` is empty on the last page."""

    productions: Sequence[Production]
    next_page_token: str


class ProductionHandler:
    """What a house shows. One transaction for each change, its act in it."""

    def __init__(self, store: CatalogueStore, clock: Clock, ids: Ids) -> None:
        self._store = store
        self._clock = clock
        self._ids = ids

    async def create(self, asked: Asked[Production], house_id: str, details: ProductionDetails) -> bytes | Refusal:
        """In wire form, as `asked` writes it. Refusals: FieldInvalid, HouseNotFound, IdempotencyKeyReused."""
        checks = refused_key("house_id", house_id), refused_details(details), refused_idempotency_key(asked.key)
        if refusal := refused_fields(checks):
            return refusal

        async def act(transaction: CatalogueTransaction) -> Production | Refusal:
            house = await transaction.house(house_id)
            if house is None:
                return HouseNotFound(house_id)
            settled = with_language(details, house)
            if refused := refused_details(settled):
                return refused
            production = Production(self._ids.new_id("prd"), house_id, settled, self._clock.now_ms())
            await transaction.productions.add(production)
            made = Act("production.created", "production", production.production_id)
            await transaction.record_act(house_id, made)
            return production

        return await once(self._store, house_id, asked, Production, act)

    async def update(
        self, house_id: str, production_id: str, wanted: ProductionDetails, paths: Sequence[str], etag: str
    ) -> Production | Refusal:
        """Those of the details that `paths` names. One that changes nothing is fine, whatever its etag.

        A new title is that of its performances as well, and they tell so.
        Refusals: FieldInvalid, ProductionNotFound, EtagStale.
        """
        by_themselves = masked(_NAMELESS, wanted, CHANGEABLE.intersection(paths))
        if refusal := refused_fields(
            (
                refused_key("house_id", house_id),
                refused_key("production.production_id", production_id),
                refused_details(by_themselves, within="production."),
                refused_change(etag, paths, CHANGEABLE),
            )
        ):
            return refusal
        async with self._store.transaction(house_id) as transaction:
            if "title" in paths:
                # Performances before their production, as whoever changes or copies one of them locks the two.
                await transaction.performances.lock_shown(house_id, production_id)
            production = await transaction.productions.lock(house_id, production_id)
            if production is None:
                return ProductionNotFound(production_id)
            house = await transaction.house(house_id)
            if house is None:
                return HouseNotFound(house_id)
            details = with_language(masked(production.details, wanted, paths), house)
            if details == production.details:
                return production
            stale = refused_etag(_THING, etag, production.revision)
            if refused := stale or refused_details(details, within="production."):
                return refused
            if details.title != production.title:
                for performance in await transaction.performances.retitle(house_id, production_id, details.title):
                    await transaction.publish(PerformanceUpdated(performance, ("title",)))
            facts = {"fields": ",".join(sorted(set(paths)))}
            return await _saved(transaction, changed(production, details), "production.changed", facts)

    async def archive(self, house_id: str, production_id: str, etag: str) -> Production | Refusal:
        """Archiving twice is fine. Refusals: FieldInvalid, ProductionNotFound, EtagStale."""
        if refusal := refused_fields((*_id_checks(house_id, production_id), refused_unset_etag(etag))):
            return refusal
        async with self._store.transaction(house_id) as transaction:
            production = await transaction.productions.lock(house_id, production_id)
            if production is None:
                return ProductionNotFound(production_id)
            if production.archived_at_ms is not None:
                return production
            if stale := refused_etag(_THING, etag, production.revision):
                return stale
            return await _saved(transaction, archived(production, self._clock.now_ms()), "production.archived", {})

    async def production(self, house_id: str, production_id: str) -> Production | Refusal:
        """Refusals: FieldInvalid, ProductionNotFound."""
        if refusal := refused_fields(_id_checks(house_id, production_id)):
            return refusal
        async with self._store.transaction(house_id) as transaction:
            return await transaction.productions.find(house_id, production_id) or ProductionNotFound(production_id)

    async def productions(
        self, house_id: str, wanted: ProductionFilter, page_size: int, page_token: str
    ) -> ProductionPage | Refusal:
        """A page; 0 takes DEFAULT_PAGE_SIZE. Refusals: FieldInvalid. A house that is unknown has none."""
        asked = asked_page(page_size, page_token, house_id, refused_key("house_id", house_id), refused_filter(wanted))
        if isinstance(asked, FieldInvalid):
            return asked
        after, limit = asked
        async with self._store.transaction(house_id) as transaction:
            found = await transaction.productions.places(house_id, wanted, after, limit + 1)
            places = [place for place, _ in found[: min(limit, fitting(parts for _, parts in found))]]
            page = await transaction.productions.at(house_id, places)
        more = len(found) > len(places)
        token = token_after(house_id, places[-1].item_id, places[-1].time_ms) if more else ""
        return ProductionPage(page, token)


async def _saved(
    transaction: CatalogueTransaction, production: Production, act: str, facts: dict[str, str]
) -> Production:
    await transaction.productions.save(production)
    done = Act(act, "production", production.production_id, facts=facts)
    await transaction.record_act(production.house_id, done)
    await transaction.commit()
    return production


def _id_checks(house_id: str, production_id: str) -> tuple[FieldInvalid | None, ...]:
    return refused_key("house_id", house_id), refused_key("production_id", production_id)
