"""The Seats over gRPC, on the service's own account: the catalogue's plan and prices, and the owner's seat map."""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Awaitable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, TypeVar

import grpc
from balcon.catalogue.v1 import catalogue_service_pb2 as catalogue
from balcon.catalogue.v1.catalogue_service_pb2_grpc import CatalogueServiceStub
from balcon.catalogue.v1.prices_pb2 import Price
from balcon.inventory.v1 import inventory_service_pb2 as inventory
from balcon.inventory.v1.allotment_service_pb2 import GetAllotmentRequest, GetAllotmentResponse
from balcon.inventory.v1.allotment_service_pb2_grpc import AllotmentServiceStub
from balcon.inventory.v1.inventory_service_pb2_grpc import InventoryServiceStub
from balcon.types.v1.seating_pb2 import SeatState

from services.contracts.bounds import NORMAL_TICKET_TYPE
from services.contracts.prices import RECETTE
from services.contracts.reasons import Reason
from services.contracts.wire_prices import component_kind_of
from services.integrations.podiumkunst.ports.seats import Hall, SeatsSilent, Standing
from services.runtime.call_context import own_account
from services.runtime.rpc.errors import refusal_of
from services.runtime.rpc.routing import OwnerRouting

if TYPE_CHECKING:
    from balcon.catalogue.v1.catalogue_service_pb2_grpc import CatalogueServiceAsyncStub

T = TypeVar("T")

# Plans never change, and a house has few; one of a large hall is some 100 KB here.
_PLANS_KEPT: Final = 64
_ABSENT: Final = frozenset({Reason.HOUSE_NOT_FOUND, Reason.PERFORMANCE_NOT_FOUND, Reason.ALLOTMENT_NOT_FOUND})


class GrpcSeats:
    """See Seats. `timeout_seconds` bounds each call with all its tries."""

    def __init__(self, to_catalogue: grpc.aio.Channel, to_inventory: OwnerRouting, *, timeout_seconds: float) -> None:
        self._catalogue: CatalogueServiceAsyncStub = CatalogueServiceStub(to_catalogue)
        self._routes = to_inventory
        self._timeout_seconds = timeout_seconds
        self._plans: OrderedDict[tuple[str, str, int], Mapping[str, str]] = OrderedDict()

    async def hall(self, house_id: str, performance_id: str) -> Hall | None:
        """See Seats.hall."""
        request = catalogue.GetPerformanceRequest(house_id=house_id, performance_id=performance_id)
        with own_account():
            told = await _answer("catalogue", self._catalogue.GetPerformance(request, timeout=self._timeout_seconds))
        if told is None:
            return None
        one = told.performance
        currencies = sorted({price.amount.currency for price in one.prices})
        return Hall(
            performance_id=performance_id,
            hall_id=one.hall_id,
            plan_version=one.plan_version,
            currency=currencies[0] if currencies else "",
            capacity=Counter((await self._plan(house_id, one.hall_id, one.plan_version)).values()),
            worth_minor={price.category: _worth(price) for price in one.prices if _is_normal(price)},
        )

    async def standing(self, house_id: str, hall: Hall) -> Standing:
        """See Seats.standing. The map may be of a newer plan than the performance was a moment ago."""
        key = inventory.PerformanceKey(house_id=house_id, performance_id=hall.performance_id)

        async def ask(
            channel: grpc.aio.Channel, seconds: float, metadata: Sequence[tuple[str, str]]
        ) -> inventory.StreamSeatMapResponse:
            request = inventory.StreamSeatMapRequest(key=key)
            whole = inventory.StreamSeatMapResponse()
            async for part in InventoryServiceStub(channel).StreamSeatMap(request, timeout=seconds, metadata=metadata):
                whole.MergeFrom(part)
            return whole

        seats = await self._ask_owner(hall.performance_id, ask)
        if seats is None:
            return Standing({}, {})
        plan = await self._plan(house_id, hall.hall_id, seats.plan_version)
        places = [(plan.get(seat, ""), state) for seat, state in zip(seats.seat_ids, seats.seat_states, strict=True)]
        return Standing(
            reserved=Counter(category for category, state in places if state == SeatState.SEAT_STATE_RESERVED),
            blocked=Counter(category for category, state in places if state == SeatState.SEAT_STATE_BLOCKED),
        )

    async def reported(
        self, house_id: str, hall: Hall, allotment_ids: Collection[str]
    ) -> Mapping[str, Mapping[str, int]]:
        """See Seats.reported."""
        key = inventory.PerformanceKey(house_id=house_id, performance_id=hall.performance_id)
        found: dict[str, Mapping[str, int]] = {}
        for allotment_id in sorted(allotment_ids):
            request = GetAllotmentRequest(key=key, allotment_id=allotment_id)

            async def ask(
                channel: grpc.aio.Channel,
                seconds: float,
                metadata: Sequence[tuple[str, str]],
                request: GetAllotmentRequest = request,
            ) -> GetAllotmentResponse:
                told: GetAllotmentResponse = await AllotmentServiceStub(channel).GetAllotment(
                    request, timeout=seconds, metadata=metadata
                )
                return told

            told = await self._ask_owner(hall.performance_id, ask)
            if told is not None:
                one = told.allotment
                plan = await self._plan(house_id, hall.hall_id, one.plan_version)
                seats = zip(one.seat_ids, one.seat_states, strict=True)
                sold = [seat for seat, state in seats if state == SeatState.SEAT_STATE_REPORTED_SOLD]
                found[allotment_id] = Counter(plan.get(seat, "") for seat in sold)
        return found

    async def _ask_owner(self, performance_id: str, ask: Any) -> Any:
        with own_account():
            called = self._routes.call(performance_id, ask, timeout_seconds=self._timeout_seconds)
            return await _answer("inventory", called)

    async def _plan(self, house_id: str, hall_id: str, plan_version: int) -> Mapping[str, str]:
        """Categories by seat."""
        place = (house_id, hall_id, plan_version)
        if place not in self._plans:
            request = catalogue.StreamSeatingPlanRequest(house_id=house_id, hall_id=hall_id, plan_version=plan_version)
            with own_account():
                parts = self._catalogue.StreamSeatingPlan(request, timeout=self._timeout_seconds)
                try:
                    plan = {seat.seat_id: seat.category async for part in parts for seat in part.plan.seats}
                except grpc.aio.AioRpcError as error:
                    raise SeatsSilent(service="catalogue", code=error.code().name) from error
            self._plans[place] = plan
            if len(self._plans) > _PLANS_KEPT:
                self._plans.popitem(last=False)
        self._plans.move_to_end(place)
        return self._plans[place]


async def _answer(service: str, call: Awaitable[T]) -> T | None:
    """None: it has no such thing. Raises SeatsSilent."""
    try:
        return await call
    except grpc.aio.AioRpcError as error:
        refusal = refusal_of(error)
        if refusal is not None and refusal.reason in _ABSENT:
            return None
        raise SeatsSilent(service=service, code=error.code().name) from error


def _is_normal(price: Price) -> bool:
    return price.ticket_type == NORMAL_TICKET_TYPE


def _worth(price: Price) -> int:
    """R0.13. A price without parts that this version knows is all base."""
    kinds = [component_kind_of(one.kind) for one in price.components]
    if not kinds or None in kinds:
        return price.amount.amount_minor
    parts = zip(kinds, price.components, strict=True)
    return sum(one.amount.amount_minor for kind, one in parts if kind in RECETTE)
