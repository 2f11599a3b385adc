"""The Shows over gRPC: the catalogue's performances, plans and offices, and accounts' house."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import grpc
from balcon.accounts.v1.accounts_service_pb2 import GetHouseRequest
from balcon.accounts.v1.accounts_service_pb2_grpc import AccountsServiceStub
from balcon.catalogue.v1 import catalogue_service_pb2 as catalogue
from balcon.catalogue.v1.catalogue_service_pb2_grpc import CatalogueServiceStub

from services.contracts.languages import LANGUAGES
from services.contracts.reasons import Reason
from services.contracts.wire_types import instant_ms
from services.runtime.errors import Refusal
from services.ticketing.adapters.neighbour_answers import answer_of, meant
from services.ticketing.domain.refusals import OfficeNotFound, PerformanceNotFound, PlanVersionMismatch
from services.ticketing.domain.show import Office, Plan, PlanSeat, Show

if TYPE_CHECKING:
    from balcon.accounts.v1.accounts_service_pb2_grpc import AccountsServiceAsyncStub
    from balcon.catalogue.v1.catalogue_service_pb2_grpc import CatalogueServiceAsyncStub


class GrpcShows:
    """See Shows. `timeout_seconds` bounds the reading of a plan."""

    def __init__(
        self, to_catalogue: grpc.aio.Channel, to_accounts: grpc.aio.Channel, *, timeout_seconds: float
    ) -> None:
        self._catalogue: CatalogueServiceAsyncStub = CatalogueServiceStub(to_catalogue)
        self._accounts: AccountsServiceAsyncStub = AccountsServiceStub(to_accounts)
        self._timeout_seconds = timeout_seconds

    async def show(self, house_id: str, performance_id: str) -> Show | Refusal:
        """See Shows.show."""
        absent: dict[Reason, Refusal] = {
            Reason.PERFORMANCE_NOT_FOUND: PerformanceNotFound(performance_id),
            Reason.HOUSE_NOT_FOUND: PerformanceNotFound(performance_id),
        }
        request = catalogue.GetPerformanceRequest(house_id=house_id, performance_id=performance_id)
        found = await answer_of(self._catalogue.GetPerformance(request), absent)
        if isinstance(found, Refusal):
            return found
        performance = found.performance
        hall, production, house = await asyncio.gather(
            answer_of(
                self._catalogue.GetHall(catalogue.GetHallRequest(house_id=house_id, hall_id=performance.hall_id)), {}
            ),
            answer_of(
                self._catalogue.GetProduction(
                    catalogue.GetProductionRequest(house_id=house_id, production_id=performance.production_id)
                ),
                {},
            ),
            answer_of(self._accounts.GetHouse(GetHouseRequest(house_id=house_id)), absent),
        )
        for answer in (hall, production, house):
            if isinstance(answer, Refusal):
                return answer
        assert not isinstance(hall, Refusal)
        assert not isinstance(production, Refusal)
        assert not isinstance(house, Refusal)
        return Show(
            performance_id=performance.performance_id,
            title=performance.title,
            subtitle=production.production.subtitle,
            starts_at_ms=instant_ms(performance.starts_at),
            doors_at_ms=instant_ms(performance.doors_at) if performance.HasField("doors_at") else None,
            hall_id=performance.hall_id,
            hall_name=hall.hall.name,
            hall_address=tuple(filter(None, (hall.hall.address, hall.hall.city))),
            prices={(price.category, price.ticket_type): price.amount.amount_minor for price in performance.prices},
            house_name=house.house.name,
            time_zone=house.house.time_zone,
            currency=house.house.currency,
            language=next((one for one in house.house.languages if one in LANGUAGES), LANGUAGES[0]),
            ends_at_ms=instant_ms(performance.ends_at) if performance.HasField("ends_at") else None,
            move_number=performance.move_number,
            is_cancelled=performance.sale_state == catalogue.SALE_STATE_CANCELLED,
            refund_until_ms=instant_ms(performance.refund_until_at),
        )

    async def plan(self, house_id: str, hall_id: str, plan_version: int) -> Plan | Refusal:
        """See Shows.plan."""
        request = catalogue.StreamSeatingPlanRequest(house_id=house_id, hall_id=hall_id, plan_version=plan_version)
        seats: dict[str, PlanSeat] = {}
        focal: tuple[float, float] | None = None
        try:
            async for part in self._catalogue.StreamSeatingPlan(request, timeout=self._timeout_seconds):
                seats |= {seat.seat_id: _seat(seat) for seat in part.plan.seats}
                if part.plan.HasField("focal_point"):
                    focal = (part.plan.focal_point.x, part.plan.focal_point.y)
        except grpc.aio.AioRpcError as error:
            return meant(error, {Reason.SEATING_PLAN_NOT_FOUND: PlanVersionMismatch(hall_id, plan_version)})
        return Plan(seats, focal)

    async def office(self, house_id: str, office_id: str) -> Office | Refusal:
        """See Shows.office."""
        request = catalogue.GetOfficeRequest(house_id=house_id, office_id=office_id)
        absent: dict[Reason, Refusal] = {Reason.PRICE_THING_NOT_FOUND: OfficeNotFound(office_id)}
        found = await answer_of(self._catalogue.GetOffice(request), absent)
        if isinstance(found, Refusal):
            return found
        office = found.office
        return Office(
            office.office_id,
            office.name,
            tuple(office.address_lines),
            office.email,
            office.language,
            office.conditions,
        )


def _seat(seat: catalogue.Seat) -> PlanSeat:
    return PlanSeat(
        seat.seat_id,
        seat.zone,
        seat.row_label or seat.row,
        seat.seat_label or seat.number,
        seat.category,
        seat.x,
        seat.y,
    )
