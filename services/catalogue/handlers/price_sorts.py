"""The sorts of things that a house keeps for its sale, each with its rules, and their handlers; quotas beside them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from services.catalogue.domain.discount import (
    Discount,
    PromotionCode,
    beside_house,
    refused_discount,
    refused_promotion_code,
)
from services.catalogue.domain.form_field import FormField, refused_form_field
from services.catalogue.domain.office import Office, parts_of, refused_office
from services.catalogue.domain.package import Package, refused_package
from services.catalogue.domain.package import beside_house as package_beside_house
from services.catalogue.domain.pass_kind import PassKind, refused_pass_kind
from services.catalogue.domain.price import faults_beside_the_house
from services.catalogue.domain.price_list import PriceList, refused_price_list, within
from services.catalogue.domain.ticket_type import TicketType, refused_ticket_type
from services.catalogue.domain.vat import CountryRates, VatClass, refused_vat_class
from services.catalogue.handlers.capacity_view import CapacityViewHandler
from services.catalogue.handlers.order_forms import OrderFormHandler
from services.catalogue.handlers.passes import PassHandler
from services.catalogue.handlers.performance_prices import PerformancePrices
from services.catalogue.handlers.price_rules import PriceRulesHandler
from services.catalogue.handlers.price_things import Names, PriceThingHandler, Rules
from services.catalogue.handlers.promotions import PromotionHandler
from services.catalogue.handlers.quotas import QuotaHandler
from services.catalogue.ports.price_things import Sort
from services.catalogue.ports.store import CatalogueStore
from services.runtime.clock import Clock
from services.runtime.errors import refused_fields
from services.runtime.ids import Ids

VAT_CLASSES = Rules(Sort.VAT_CLASS, VatClass, refused_vat_class)
PASS_KINDS = Rules(Sort.PASS_KIND, PassKind, refused_pass_kind)
TICKET_TYPES = Rules(
    Sort.TICKET_TYPE,
    TicketType,
    refused_ticket_type,
    names=lambda one: [Names("ticket_type.pass_kind_id", Sort.PASS_KIND, one.pass_kind_id)] if one.pass_kind_id else [],
)
OFFICES = Rules(Sort.OFFICE, Office, refused_office, parts=parts_of)
DISCOUNTS = Rules(
    Sort.DISCOUNT,
    Discount,
    refused_discount,
    beside=beside_house,
    names=lambda one: [Names("discount.office_id", Sort.OFFICE, one.office_id)] if one.office_id else [],
)
PACKAGES = Rules(Sort.PACKAGE, Package, refused_package, beside=package_beside_house)
FORM_FIELDS = Rules(Sort.FORM_FIELD, FormField, refused_form_field, parts=lambda one: 1 + len(one.choices))
PROMOTION_CODES = Rules(
    Sort.PROMOTION_CODE,
    PromotionCode,
    refused_promotion_code,
    names=lambda code: [Names("promotion_code.discount_id", Sort.DISCOUNT, code.discount_id)],
)
PRICE_LISTS = Rules(
    Sort.PRICE_LIST,
    PriceList,
    refused_price_list,
    beside=lambda price_list, house, book: refused_fields(
        within("price_list", faults_beside_the_house(price_list.prices, house.currency, book.usable, book.kinds))
    ),
    parts=lambda price_list: len(price_list.prices),
)


@dataclass(frozen=True, slots=True)
class PriceHandlers:
    """One for each sort."""

    rules: PriceRulesHandler
    vat_classes: PriceThingHandler[VatClass]
    ticket_types: PriceThingHandler[TicketType]
    price_lists: PriceThingHandler[PriceList]
    of_performances: PerformancePrices
    discounts: PriceThingHandler[Discount]
    promotion_codes: PriceThingHandler[PromotionCode]
    promotions: PromotionHandler
    pass_kinds: PriceThingHandler[PassKind]
    passes: PassHandler
    offices: PriceThingHandler[Office]
    quotas: QuotaHandler
    capacity: CapacityViewHandler
    packages: PriceThingHandler[Package]
    form_fields: PriceThingHandler[FormField]
    order_forms: OrderFormHandler


def price_handlers(
    store: CatalogueStore, clock: Clock, ids: Ids, countries: Mapping[str, tuple[CountryRates, ...]]
) -> PriceHandlers:
    """All of them over one store."""
    return PriceHandlers(
        rules=PriceRulesHandler(store, clock, countries),
        vat_classes=PriceThingHandler(store, clock, VAT_CLASSES),
        ticket_types=PriceThingHandler(store, clock, TICKET_TYPES),
        price_lists=PriceThingHandler(store, clock, PRICE_LISTS),
        of_performances=PerformancePrices(store),
        discounts=PriceThingHandler(store, clock, DISCOUNTS),
        promotion_codes=PriceThingHandler(store, clock, PROMOTION_CODES),
        promotions=PromotionHandler(store, ids),
        pass_kinds=PriceThingHandler(store, clock, PASS_KINDS),
        passes=PassHandler(store),
        offices=PriceThingHandler(store, clock, OFFICES),
        quotas=QuotaHandler(store, clock),
        capacity=CapacityViewHandler(store),
        packages=PriceThingHandler(store, clock, PACKAGES),
        form_fields=PriceThingHandler(store, clock, FORM_FIELDS),
        order_forms=OrderFormHandler(store),
    )
