"""The Shows over gRPC: the catalogue's performance, accounts' house, the owner of the seats, and orders."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

import grpc
from balcon.accounts.v1.accounts_service_pb2 import GetHouseRequest
from balcon.accounts.v1.accounts_service_pb2_grpc import AccountsServiceStub
from balcon.catalogue.v1 import catalogue_service_pb2 as catalogue
from balcon.catalogue.v1.catalogue_service_pb2_grpc import CatalogueServiceStub
from balcon.catalogue.v1.prices_pb2 import Price
from balcon.catalogue.v1.vat_pb2 import VatRounding as WireRounding
from balcon.inventory.v1.allotment_service_pb2 import GetAllotmentRequest, GetAllotmentResponse
from balcon.inventory.v1.allotment_service_pb2_grpc import AllotmentServiceStub
from balcon.inventory.v1.inventory_service_pb2 import PerformanceKey
from balcon.orders.v1 import orders_service_pb2 as orders
from balcon.orders.v1.orders_service_pb2_grpc import OrdersServiceStub
from balcon.types.v1.seating_pb2 import SeatState

from services.contracts.bounds import MAX_PAGE_SIZE
from services.contracts.prices import Component, ComponentKind, VatRounding, charged
from services.contracts.reasons import Reason
from services.contracts.wire_prices import component_kind_of
from services.contracts.wire_types import instant_ms
from services.reporting.adapters.neighbour_answers import answer_of
from services.reporting.domain.refusals import PerformanceNotFound
from services.reporting.ports.neighbours import NeighbourSilent
from services.reporting.ports.shows import OrdersSeen, ReportedSales, Show
from services.runtime.errors import Refusal
from services.runtime.rpc.routing import OwnerRouting

if TYPE_CHECKING:
    from balcon.accounts.v1.accounts_service_pb2_grpc import AccountsServiceAsyncStub
    from balcon.catalogue.v1.catalogue_service_pb2_grpc import CatalogueServiceAsyncStub
    from balcon.orders.v1.orders_service_pb2_grpc import OrdersServiceAsyncStub

_ROUNDINGS: Final = {WireRounding.Value(f"VAT_ROUNDING_{rounding.name}"): rounding for rounding in VatRounding}
_SOLD: Final = SeatState.Value("SEAT_STATE_REPORTED_SOLD")
_UNDER_WAY: Final = (
    orders.ORDER_STATE_CLAIMING,
    orders.ORDER_STATE_PAYING,
    orders.ORDER_STATE_PAID,
    orders.ORDER_STATE_CANCELLING,
    orders.ORDER_STATE_REFUND_DUE,
)


class GrpcShows:
    """See Shows. `timeout_seconds` bounds the reading of a plan, and of an allotment with all its tries."""

    def __init__(
        self,
        *,
        to_accounts: grpc.aio.Channel,
        to_catalogue: grpc.aio.Channel,
        to_orders: grpc.aio.Channel,
        to_inventory: OwnerRouting,
        timeout_seconds: float,
    ) -> None:
        self._accounts: AccountsServiceAsyncStub = AccountsServiceStub(to_accounts)
        self._catalogue: CatalogueServiceAsyncStub = CatalogueServiceStub(to_catalogue)
        self._orders: OrdersServiceAsyncStub = OrdersServiceStub(to_orders)
        self._routes = to_inventory
        self._timeout_seconds = timeout_seconds

    async def show(self, house_id: str, performance_id: str) -> Show | Refusal:
        """See Shows.show."""
        absent: Refusal = PerformanceNotFound(house_id, performance_id)
        meant = {Reason.PERFORMANCE_NOT_FOUND: absent, Reason.HOUSE_NOT_FOUND: absent}
        request = catalogue.GetPerformanceRequest(house_id=house_id, performance_id=performance_id)
        found = await answer_of("catalogue", self._catalogue.GetPerformance(request), meant)
        if not isinstance(found, catalogue.GetPerformanceResponse):
            return absent
        one = found.performance
        hall_asked = catalogue.GetHallRequest(house_id=house_id, hall_id=one.hall_id)
        production_asked = catalogue.GetProductionRequest(house_id=house_id, production_id=one.production_id)
        hall, production, house = await asyncio.gather(
            answer_of("catalogue", self._catalogue.GetHall(hall_asked), {}),
            answer_of("catalogue", self._catalogue.GetProduction(production_asked), {}),
            answer_of("accounts", self._accounts.GetHouse(GetHouseRequest(house_id=house_id)), {}),
        )
        assert isinstance(hall, catalogue.GetHallResponse)
        assert isinstance(production, catalogue.GetProductionResponse)
        assert house is not None
        assert not isinstance(house, Refusal)
        return Show(
            house_id=house_id,
            house_name=house.house.name,
            time_zone=house.house.time_zone,
            performance_id=performance_id,
            production_id=one.production_id,
            title=one.title,
            subtitle=production.production.subtitle,
            hall_id=one.hall_id,
            hall=hall.hall.name,
            hall_address=tuple(filter(None, (hall.hall.address, hall.hall.city))),
            plan_version=one.plan_version,
            capacity=one.capacity,
            starts_at_ms=instant_ms(one.starts_at),
            ends_at_ms=instant_ms(one.ends_at) if one.HasField("ends_at") else None,
            is_cancelled=one.HasField("cancelled_at"),
            prices=_prices(one.prices),
            vat_rounding=_ROUNDINGS.get(one.vat_rounding, VatRounding.HALF_UP_PER_LINE),
        )

    async def reported(self, show: Show, allotment_ids: Collection[str]) -> Sequence[ReportedSales]:
        """See Shows.reported. The plan is that of the allotment, which may be another than the performance's by now."""
        plans: dict[int, Mapping[str, str]] = {}
        found = []
        for allotment_id in sorted(allotment_ids):
            told = await self._allotment(show, allotment_id)
            if not isinstance(told, GetAllotmentResponse):
                continue
            one = told.allotment
            seats = zip(one.seat_ids, one.seat_states, strict=True)
            sold = [seat for seat, state in seats if state == _SOLD]
            if one.plan_version not in plans:
                plans[one.plan_version] = await self._categories(show, one.plan_version)
            counts = Counter(plans[one.plan_version].get(seat, "") for seat in sold)
            found.append(ReportedSales(allotment_id, one.office_id, dict(counts)))
        return found

    async def orders(self, house_id: str, performance_id: str) -> OrdersSeen:
        """See Shows.orders."""
        request = orders.ListOrdersRequest(
            house_id=house_id,
            performance_id=performance_id,
            states=(*_UNDER_WAY, orders.ORDER_STATE_CONFIRMED),
            page_size=MAX_PAGE_SIZE,
        )
        every: list[orders.Order] = []
        while True:
            page = await answer_of("orders", self._orders.ListOrders(request), {})
            assert isinstance(page, orders.ListOrdersResponse)
            every += page.orders
            if not page.next_page_token:
                return orders_seen(performance_id, every)
            request.page_token = page.next_page_token

    async def names(
        self, house_id: str, office_ids: Collection[str], discount_ids: Collection[str]
    ) -> tuple[dict[str, str], dict[str, str]]:
        """See Shows.names."""
        offices, discounts = {}, {}
        gone: dict[Reason, Refusal | None] = {Reason.PRICE_THING_NOT_FOUND: None}
        for office_id in sorted(office_ids):
            request = catalogue.GetOfficeRequest(house_id=house_id, office_id=office_id)
            office = await answer_of("catalogue", self._catalogue.GetOffice(request), gone)
            if isinstance(office, catalogue.GetOfficeResponse):
                offices[office_id] = office.office.name
        for discount_id in sorted(discount_ids):
            asked = catalogue.GetDiscountRequest(house_id=house_id, discount_id=discount_id)
            discount = await answer_of("catalogue", self._catalogue.GetDiscount(asked), gone)
            if isinstance(discount, catalogue.GetDiscountResponse):
                discounts[discount_id] = discount.discount.name
        return offices, discounts

    async def _allotment(self, show: Show, allotment_id: str) -> GetAllotmentResponse | Refusal | None:
        key = PerformanceKey(house_id=show.house_id, performance_id=show.performance_id)
        request = GetAllotmentRequest(key=key, allotment_id=allotment_id)

        async def ask(
            channel: grpc.aio.Channel, seconds: float, metadata: Sequence[tuple[str, str]]
        ) -> GetAllotmentResponse:
            stub = AllotmentServiceStub(channel)
            response: GetAllotmentResponse = await stub.GetAllotment(request, timeout=seconds, metadata=metadata)
            return response

        called = self._routes.call(show.performance_id, ask, timeout_seconds=self._timeout_seconds)
        return await answer_of("inventory", called, {Reason.ALLOTMENT_NOT_FOUND: None})

    async def _categories(self, show: Show, plan_version: int) -> Mapping[str, str]:
        request = catalogue.StreamSeatingPlanRequest(
            house_id=show.house_id, hall_id=show.hall_id, plan_version=plan_version
        )
        parts = self._catalogue.StreamSeatingPlan(request, timeout=self._timeout_seconds)
        try:
            return {seat.seat_id: seat.category async for part in parts for seat in part.plan.seats}
        except grpc.aio.AioRpcError as error:
            raise NeighbourSilent(service="catalogue", code=error.code().name) from error


def orders_seen(performance_id: str, found: Iterable[orders.Order]) -> OrdersSeen:
    """Those under way, and what the confirmed ones have of the performance."""
    under_way = tickets = left_minor = 0
    is_certain = True
    for order in found:
        if order.state != orders.ORDER_STATE_CONFIRMED:
            under_way += 1
            continue
        # Money that is owed is on its way, though the order stays what it is.
        under_way += any(one.state == orders.REFUND_STATE_DUE for one in order.refunds)
        for part in order.parts:
            if part.performance_id == performance_id:
                tickets += len(part.lines)
                left_minor += part.total.amount_minor
        if len(order.parts) == 1:
            left_minor -= order.refunded.amount_minor
        else:
            is_certain &= not order.refunded.amount_minor
    return OrdersSeen(under_way, tickets, left_minor if is_certain else None)


def _prices(prices: Iterable[Price]) -> dict[tuple[str, str], tuple[Component, ...]]:
    """What is charged. A price without parts that this version knows is all base, under no tax."""
    found = {}
    for price in prices:
        kinds = [component_kind_of(one.kind) for one in price.components]
        parts = [
            Component(kind, one.amount.amount_minor, one.vat_class, one.vat_rate_basis_points, one.avoidable)
            for kind, one in zip(kinds, price.components, strict=True)
            if kind is not None
        ]
        if not parts or len(parts) < len(price.components):
            parts = [Component(ComponentKind.BASE, price.amount.amount_minor)]
        found[price.category, price.ticket_type] = charged(parts)
    return found
