"""The sorts of things that a house keeps about its prices, each with its rules, and their handlers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from services.catalogue.domain.vat import CountryRates, VatClass, refused_vat_class
from services.catalogue.handlers.price_rules import PriceRulesHandler
from services.catalogue.handlers.price_things import PriceThingHandler, Rules
from services.catalogue.ports.price_things import Sort
from services.catalogue.ports.store import CatalogueStore
from services.runtime.clock import Clock
from services.runtime.ids import Ids

VAT_CLASSES = Rules(Sort.VAT_CLASS, VatClass, refused_vat_class)


@dataclass(frozen=True, slots=True)
class PriceHandlers:
    """One for each sort."""

    rules: PriceRulesHandler
    vat_classes: PriceThingHandler[VatClass]


def price_handlers(
    store: CatalogueStore, clock: Clock, ids: Ids, countries: Mapping[str, tuple[CountryRates, ...]]
) -> PriceHandlers:
    """All of them over one store."""
    return PriceHandlers(
        rules=PriceRulesHandler(store, clock, countries),
        vat_classes=PriceThingHandler(store, clock, ids, VAT_CLASSES),
    )
