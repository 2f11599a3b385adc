"""The catalogue as orders asks it over gRPC: MemoryCatalogue on the wire."""

# ruff: noqa: N802 (gRPC's names)

from __future__ import annotations

from collections.abc import AsyncIterator

from balcon.catalogue.v1 import catalogue_service_pb2 as catalogue
from balcon.catalogue.v1.catalogue_service_pb2_grpc import CatalogueServiceServicer
from balcon.types.v1.money_pb2 import Money

from services.contracts.prices import PercentOff
from services.contracts.wire_types import wire_instant_or_none
from services.orders.adapters.memory_catalogue import MemoryCatalogue
from tests.integration.orders.trouble import Context, refused


class ServedCatalogue(CatalogueServiceServicer):
    """MemoryCatalogue on the wire."""

    def __init__(self, twin: MemoryCatalogue) -> None:
        self.twin = twin

    async def GetPerformance(
        self, request: catalogue.GetPerformanceRequest, context: Context
    ) -> catalogue.GetPerformanceResponse:
        offer = await self.twin.offer(request.house_id, request.performance_id)
        if offer is None:
            raise refused("PERFORMANCE_NOT_FOUND")
        prices = [
            catalogue.Price(
                category=category, ticket_type=kind, amount=Money(amount_minor=amount, currency=offer.prices.currency)
            )
            for (category, kind), amount in offer.prices.amounts.items()
        ]
        return catalogue.GetPerformanceResponse(
            performance=catalogue.Performance(
                performance_id=offer.performance_id,
                house_id=request.house_id,
                hall_id=offer.hall_id,
                plan_version=offer.plan_version,
                sale_state=catalogue.SALE_STATE_ON_SALE if offer.on_sale else catalogue.SALE_STATE_CLOSED,
                prices=prices,
                seats_per_holder=offer.seats_per_holder,
                customer_limit=offer.customer_limit,
                instrument_limit=offer.instrument_limit,
                starts_at=wire_instant_or_none(offer.starts_at_ms),
                cancelled_at=wire_instant_or_none(offer.cancelled_at_ms),
                refund_until_at=wire_instant_or_none(offer.refund_until_ms),
            )
        )

    async def GetOrderForm(
        self, request: catalogue.GetOrderFormRequest, context: Context
    ) -> catalogue.GetOrderFormResponse:
        form = [
            catalogue.FormField(
                form_field_id=one.form_field_id,
                label=one.label,
                kind=catalogue.FormFieldKind.Value(f"FORM_FIELD_KIND_{one.kind.name}"),
                required=one.required,
                of_tickets=one.of_tickets,
            )
            for one in await self.twin.order_form(request.house_id)
        ]
        return catalogue.GetOrderFormResponse(form_fields=form)

    async def GetPackage(self, request: catalogue.GetPackageRequest, context: Context) -> catalogue.GetPackageResponse:
        package = await self.twin.package(request.house_id, request.package_id)
        if package is None:
            raise refused("PRICE_THING_NOT_FOUND")
        assert isinstance(package.rule, PercentOff), "the one that these tests sell"
        return catalogue.GetPackageResponse(
            package=catalogue.Package(
                package_id=package.package_id,
                performance_ids=package.performance_ids,
                rule=catalogue.PACKAGE_RULE_PERCENT_OFF,
                basis_points=package.rule.basis_points,
                max_per_customer=package.max_per_customer,
            )
        )

    async def StreamSeatingPlan(
        self, request: catalogue.StreamSeatingPlanRequest, context: Context
    ) -> AsyncIterator[catalogue.StreamSeatingPlanResponse]:
        found = await self.twin.plan_seats(request.house_id, request.hall_id, request.plan_version)
        if found is None:
            raise refused("PERFORMANCE_NOT_FOUND")
        seats = [
            catalogue.Seat(
                seat_id=seat_id,
                category=seat.category,
                zone=seat.name.zone,
                row_label=seat.name.row,
                number=seat.name.seat,
            )
            for seat_id, seat in found.items()
        ]
        for part in (seats[:1], seats[1:]):
            yield catalogue.StreamSeatingPlanResponse(plan=catalogue.SeatingPlan(seats=part))
