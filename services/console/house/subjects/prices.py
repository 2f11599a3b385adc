"""Prices: taxes, ticket types, price lists, and what a performance costs."""

from __future__ import annotations

from typing import Final

from balcon.catalogue.v1 import catalogue_service_pb2

from services.console.house.command import Command, ReadsEtag, Subject, archiving, changing

_SERVICE: Final = catalogue_service_pb2.DESCRIPTOR.services_by_name["CatalogueService"]

PRICES: Final = Subject(
    "price",
    "What performances cost, and how tax is rounded.",
    "catalogue",
    _SERVICE,
    (
        Command(
            "set",
            "UpdatePerformancePrices",
            "Gives a performance other prices; orders that are made keep theirs.",
            arguments=("performance_id",),
            etag=ReadsEtag("GetPerformance", "prices_etag"),
        ),
        Command("rules", "GetPriceRules", "Shows how the house rounds tax, and its tickets' VAT class."),
        Command("update-rules", "UpdatePriceRules", "Changes that from now on.", etag=ReadsEtag("GetPriceRules")),
    ),
)

VAT_CLASSES: Final = Subject(
    "vat-class",
    "Taxes that prices name.",
    "catalogue",
    _SERVICE,
    (
        Command("adopt", "AdoptVatClasses", "Takes over the VAT classes of a country."),
        Command("create", "CreateVatClass", "Adds a VAT class."),
        Command("list", "ListVatClasses", "Lists the VAT classes.", columns=("vat_class_id", "name", "kind", "rates")),
        Command("show", "GetVatClass", "Shows a VAT class.", arguments=("vat_class_id",)),
        changing("vat_class", "UpdateVatClass", "GetVatClass", "Changes what is given of a VAT class."),
        archiving("vat_class", "ArchiveVatClass", "GetVatClass", "Takes a VAT class out of use."),
    ),
)

TICKET_TYPES: Final = Subject(
    "ticket-type",
    "As what tickets are sold.",
    "catalogue",
    _SERVICE,
    (
        Command("create", "CreateTicketType", "Adds a ticket type."),
        Command(
            "list",
            "ListTicketTypes",
            "Lists the ticket types.",
            columns=("ticket_type_id", "name", "kind", "channels", "min_per_order", "max_per_order"),
        ),
        Command("show", "GetTicketType", "Shows a ticket type.", arguments=("ticket_type_id",)),
        changing("ticket_type", "UpdateTicketType", "GetTicketType", "Changes what is given of a ticket type."),
        archiving("ticket_type", "ArchiveTicketType", "GetTicketType", "Takes a ticket type out of use."),
    ),
)

PRICE_LISTS: Final = Subject(
    "price-list",
    "Prices that many performances take.",
    "catalogue",
    _SERVICE,
    (
        Command("create", "CreatePriceList", "Adds a price list."),
        Command("list", "ListPriceLists", "Lists the price lists.", columns=("price_list_id", "name", "prices")),
        Command("show", "GetPriceList", "Shows a price list.", arguments=("price_list_id",)),
        changing("price_list", "UpdatePriceList", "GetPriceList", "Changes what is given of a price list."),
        archiving("price_list", "ArchivePriceList", "GetPriceList", "Takes a price list out of use."),
    ),
)

DISCOUNTS: Final = Subject(
    "discount",
    "What is taken off prices.",
    "catalogue",
    _SERVICE,
    (
        Command("create", "CreateDiscount", "Adds a discount."),
        Command(
            "list",
            "ListDiscounts",
            "Lists the discounts.",
            columns=("discount_id", "name", "effect", "needs_code", "max_uses", "starts_at", "ends_at"),
        ),
        Command("show", "GetDiscount", "Shows a discount.", arguments=("discount_id",)),
        changing("discount", "UpdateDiscount", "GetDiscount", "Changes what is given of a discount."),
        archiving("discount", "ArchiveDiscount", "GetDiscount", "Takes a discount out of use."),
    ),
)

PACKAGES: Final = Subject(
    "package",
    "Several performances sold together for a price of their own, season tickets among them.",
    "catalogue",
    _SERVICE,
    (
        Command("create", "CreatePackage", "Adds a package."),
        Command(
            "list",
            "ListPackages",
            "Lists the packages.",
            columns=("package_id", "name", "rule", "performance_ids", "min_performances", "starts_at", "ends_at"),
        ),
        Command("show", "GetPackage", "Shows a package.", arguments=("package_id",)),
        changing("package", "UpdatePackage", "GetPackage", "Changes what is given of a package."),
        archiving("package", "ArchivePackage", "GetPackage", "Takes a package out of use."),
    ),
)

FORM_FIELDS: Final = Subject(
    "form",
    "What buyers are asked beside who they are, of an order or of each ticket.",
    "catalogue",
    _SERVICE,
    (
        Command("add", "CreateFormField", "Adds a field to the form."),
        Command(
            "list",
            "ListFormFields",
            "Lists the fields.",
            columns=("form_field_id", "label", "kind", "required", "of_tickets", "position", "archived_at"),
        ),
        Command(
            "view",
            "GetOrderForm",
            "Shows the form as buyers are asked it.",
            columns=("form_field_id", "label", "kind", "required", "of_tickets"),
        ),
        Command("show", "GetFormField", "Shows a field.", arguments=("form_field_id",)),
        changing("form_field", "UpdateFormField", "GetFormField", "Changes what is given of a field."),
        archiving("form_field", "ArchiveFormField", "GetFormField", "Asks nobody any more; answers stay."),
    ),
)

PROMOTION_CODES: Final = Subject(
    "code",
    "Promotion codes: who types one gets its discount.",
    "catalogue",
    _SERVICE,
    (
        Command("create", "CreatePromotionCode", "Adds a code.", arguments=("promotion_code_id", "discount_id")),
        Command("generate", "GeneratePromotionCodes", "Adds codes that nobody can guess.", arguments=("discount_id",)),
        Command(
            "list",
            "ListPromotionCodes",
            "Lists the codes.",
            columns=("promotion_code_id", "discount_id", "max_uses", "archived_at"),
        ),
        Command("show", "GetPromotionCode", "Shows a code.", arguments=("promotion_code_id",)),
        changing("promotion_code", "UpdatePromotionCode", "GetPromotionCode", "Changes what is given of a code."),
        archiving("promotion_code", "ArchivePromotionCode", "GetPromotionCode", "Takes a code out of use."),
    ),
)

PASSES: Final = Subject(
    "pass",
    "Passes that ticket types ask for, and their numbers.",
    "catalogue",
    _SERVICE,
    (
        Command("create", "CreatePassKind", "Adds a kind of pass."),
        Command(
            "list",
            "ListPassKinds",
            "Lists the kinds of passes.",
            columns=("pass_kind_id", "name", "pattern", "check_digits", "listed", "max_uses_per_performance"),
        ),
        Command("show", "GetPassKind", "Shows a kind of pass.", arguments=("pass_kind_id",)),
        changing("pass_kind", "UpdatePassKind", "GetPassKind", "Changes what is given of a kind of pass."),
        archiving("pass_kind", "ArchivePassKind", "GetPassKind", "Takes a kind of pass out of use."),
        Command("add-numbers", "AddPassNumbers", "Lists numbers of passes.", arguments=("pass_kind_id",)),
        Command("remove-numbers", "RemovePassNumbers", "Takes numbers off the list.", arguments=("pass_kind_id",)),
    ),
)
