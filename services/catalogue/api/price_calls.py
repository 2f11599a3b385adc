"""balcon.catalogue.v1.CatalogueService, all that is kept for prices and sales: the groups of its calls as one."""

from __future__ import annotations

from services.catalogue.api.discount_calls import DiscountCalls
from services.catalogue.api.form_field_calls import FormFieldCalls
from services.catalogue.api.office_calls import OfficeCalls
from services.catalogue.api.package_calls import PackageCalls
from services.catalogue.api.pass_calls import PassCalls
from services.catalogue.api.price_list_calls import PriceListCalls
from services.catalogue.api.promotion_code_calls import PromotionCodeCalls
from services.catalogue.api.quota_calls import QuotaCalls
from services.catalogue.api.ticket_type_calls import TicketTypeCalls
from services.catalogue.api.vat_calls import VatCalls
from services.catalogue.handlers.price_sorts import PriceHandlers


class PriceCalls(
    VatCalls,
    TicketTypeCalls,
    PriceListCalls,
    DiscountCalls,
    PromotionCodeCalls,
    PassCalls,
    OfficeCalls,
    QuotaCalls,
    PackageCalls,
    FormFieldCalls,
):
    """Stateless; everything lives in the handlers."""

    def take(self, prices: PriceHandlers) -> None:
        """The handlers of all groups."""
        self._price_rules = prices.rules
        self._vat_classes = prices.vat_classes
        self._ticket_types = prices.ticket_types
        self._price_lists = prices.price_lists
        self._performance_prices = prices.of_performances
        self._discounts = prices.discounts
        self._promotion_codes = prices.promotion_codes
        self._promotions = prices.promotions
        self._pass_kinds = prices.pass_kinds
        self._passes = prices.passes
        self._offices = prices.offices
        self._quotas = prices.quotas
        self._capacity = prices.capacity
        self._packages = prices.packages
        self._form_fields = prices.form_fields
        self._order_forms = prices.order_forms
