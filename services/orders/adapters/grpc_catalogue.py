"""The Catalogue over gRPC."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import grpc
from balcon.catalogue.v1.catalogue_service_pb2 import (
    SALE_STATE_CANCELLED,
    SALE_STATE_ON_SALE,
    CheckPassesRequest,
    FindPromotionRequest,
    GetOrderFormRequest,
    GetPackageRequest,
    GetPerformanceRequest,
    Performance,
    Price,
    PriceComponent,
    Seat,
    StreamSeatingPlanRequest,
    TicketKind,
)
from balcon.catalogue.v1.catalogue_service_pb2 import TicketTerms as WireTerms
from balcon.catalogue.v1.catalogue_service_pb2 import VatRounding as WireRounding
from balcon.catalogue.v1.catalogue_service_pb2_grpc import CatalogueServiceStub

from services.contracts.prices import Component, VatRounding
from services.contracts.reasons import Reason
from services.contracts.wire_prices import component_kind_of
from services.contracts.wire_types import channel_of, instant_ms
from services.orders.adapters.grpc_answers import declined_or_raise
from services.orders.adapters.wire_forms import form_field_of
from services.orders.adapters.wire_packages import package_of
from services.orders.adapters.wire_promotions import promotion_of
from services.orders.domain.order import SeatName
from services.orders.domain.order import TicketKind as DomainTicketKind
from services.orders.domain.order_form import FormField
from services.orders.domain.packages import Package
from services.orders.domain.pricing import PlanSeat, PriceList
from services.orders.domain.promotions import Promotion
from services.orders.domain.ticket_terms import CheckedPasses, TicketTerms
from services.orders.ports import Offer
from services.runtime.rpc.client import DEFAULT_TIMEOUT_SECONDS

if TYPE_CHECKING:
    from balcon.catalogue.v1.catalogue_service_pb2_grpc import CatalogueServiceAsyncStub

# What the catalogue says where there is no such thing. A forbidden call or a failing one says nothing of the kind.
_NO_PERFORMANCE = frozenset({Reason.PERFORMANCE_NOT_FOUND, Reason.HOUSE_NOT_FOUND})
_NO_PROMOTION = frozenset({Reason.PROMOTION_UNKNOWN, Reason.HOUSE_NOT_FOUND})
_NO_PACKAGE = frozenset({Reason.PRICE_THING_NOT_FOUND, Reason.HOUSE_NOT_FOUND})
_NO_PASS = frozenset({Reason.PRICE_THING_NOT_FOUND, Reason.HOUSE_NOT_FOUND})
_NO_PLAN = frozenset({Reason.SEATING_PLAN_NOT_FOUND, Reason.HALL_NOT_FOUND, Reason.HOUSE_NOT_FOUND})
# A kind of a later version of the catalogue is as none: an order can be priced without.
_KINDS = {TicketKind.Value(f"TICKET_KIND_{kind.value}"): kind for kind in DomainTicketKind}

_ROUNDINGS = {WireRounding.Value(f"VAT_ROUNDING_{rounding.name}"): rounding for rounding in VatRounding}


class GrpcCatalogue:
    """See Catalogue."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub: CatalogueServiceAsyncStub = CatalogueServiceStub(channel)

    async def offer(self, house_id: str, performance_id: str) -> Offer | None:
        request = GetPerformanceRequest(house_id=house_id, performance_id=performance_id)
        try:
            performance = (await self._stub.GetPerformance(request)).performance
        except grpc.aio.AioRpcError as error:
            _ = declined_or_raise("GetPerformance", error, _NO_PERFORMANCE)
            return None
        amounts = {(price.category, price.ticket_type): price.amount.amount_minor for price in performance.prices}
        kinds = {
            (price.category, price.ticket_type): _KINDS[price.kind]
            for price in performance.prices
            if price.kind in _KINDS
        }
        currency = performance.prices[0].amount.currency if performance.prices else ""
        return Offer(
            performance_id=performance.performance_id,
            hall_id=performance.hall_id,
            plan_version=performance.plan_version,
            on_sale=performance.sale_state == SALE_STATE_ON_SALE,
            cancelled=performance.sale_state == SALE_STATE_CANCELLED,
            seats_per_holder=performance.seats_per_holder,
            prices=PriceList(currency, amounts, kinds, _components(performance.prices), _rounding(performance)),
            terms={terms.ticket_type: _terms(terms) for terms in performance.ticket_terms},
            customer_limit=performance.customer_limit,
            instrument_limit=performance.instrument_limit,
            starts_at_ms=instant_ms(performance.starts_at),
            cancelled_at_ms=instant_ms(performance.cancelled_at),
            refund_until_ms=instant_ms(performance.refund_until_at),
        )

    async def promotion(self, house_id: str, code: str, discount_id: str) -> Promotion | None:
        request = FindPromotionRequest(house_id=house_id, code=code, discount_id=discount_id)
        try:
            found = await self._stub.FindPromotion(request)
        except grpc.aio.AioRpcError as error:
            _ = declined_or_raise("FindPromotion", error, _NO_PROMOTION)
            return None
        return promotion_of(found)

    async def order_form(self, house_id: str) -> Sequence[FormField]:
        try:
            found = await self._stub.GetOrderForm(GetOrderFormRequest(house_id=house_id))
        except grpc.aio.AioRpcError as error:
            _ = declined_or_raise("GetOrderForm", error, frozenset({Reason.HOUSE_NOT_FOUND}))
            return ()
        fields = [form_field_of(one) for one in found.form_fields]
        return tuple(one for one in fields if one is not None)

    async def package(self, house_id: str, package_id: str) -> Package | None:
        request = GetPackageRequest(house_id=house_id, package_id=package_id)
        try:
            found = await self._stub.GetPackage(request)
        except grpc.aio.AioRpcError as error:
            _ = declined_or_raise("GetPackage", error, _NO_PACKAGE)
            return None
        return package_of(found.package)

    async def check_passes(self, house_id: str, pass_kind_id: str, numbers: Sequence[str]) -> CheckedPasses | None:
        request = CheckPassesRequest(house_id=house_id, pass_kind_id=pass_kind_id, numbers=numbers)
        try:
            checked = await self._stub.CheckPasses(request)
        except grpc.aio.AioRpcError as error:
            _ = declined_or_raise("CheckPasses", error, _NO_PASS)
            return None
        return CheckedPasses(tuple(checked.pass_keys), checked.max_uses_per_performance)

    async def plan_seats(self, house_id: str, hall_id: str, plan_version: int) -> Mapping[str, PlanSeat] | None:
        request = StreamSeatingPlanRequest(house_id=house_id, hall_id=hall_id, plan_version=plan_version)
        parts = self._stub.StreamSeatingPlan(request, timeout=DEFAULT_TIMEOUT_SECONDS, wait_for_ready=True)
        try:
            return {seat.seat_id: _plan_seat(seat) async for part in parts for seat in part.plan.seats}
        except grpc.aio.AioRpcError as error:
            _ = declined_or_raise("StreamSeatingPlan", error, _NO_PLAN)
            return None


def _components(prices: Iterable[Price]) -> Mapping[tuple[str, str], tuple[Component, ...]]:
    """Of the prices that are told in parts this version knows; others are as their amounts."""
    found = {}
    for price in prices:
        parts = [_component(one) for one in price.components]
        known = tuple(part for part in parts if part is not None)
        if known and len(known) == len(parts):
            found[price.category, price.ticket_type] = known
    return found


def _component(one: PriceComponent) -> Component | None:
    kind = component_kind_of(one.kind)
    if kind is None:
        return None
    return Component(kind, one.amount.amount_minor, one.vat_class, one.vat_rate_basis_points, one.avoidable)


def _terms(terms: WireTerms) -> TicketTerms:
    known = [channel_of(channel) for channel in terms.channels]
    channels = frozenset(channel for channel in known if channel is not None)
    return TicketTerms(channels, terms.min_per_order, terms.max_per_order, terms.pass_kind_id)


def _rounding(performance: Performance) -> VatRounding:
    return _ROUNDINGS.get(performance.vat_rounding, VatRounding.HALF_UP_PER_LINE)


def _plan_seat(seat: Seat) -> PlanSeat:
    return PlanSeat(seat.category, SeatName(seat.zone, seat.row_label or seat.row, seat.seat_label or seat.number))
