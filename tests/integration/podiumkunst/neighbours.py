"""What podiumkunst asks its neighbours, answered by servers of the test's own."""

# ruff: noqa: N802 (gRPC's names)

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import grpc
from balcon.accounts.v1 import accounts_service_pb2 as accounts
from balcon.accounts.v1.accounts_service_pb2_grpc import AccountsServiceServicer
from balcon.catalogue.v1 import catalogue_service_pb2 as catalogue
from balcon.catalogue.v1.catalogue_service_pb2_grpc import CatalogueServiceServicer
from balcon.inventory.v1 import inventory_service_pb2 as inventory
from balcon.inventory.v1.inventory_service_pb2_grpc import InventoryServiceServicer
from balcon.types.v1.seating_pb2 import SeatState

from services.catalogue.domain.refusals import CodeUnknown, HallNotFound, PerformanceNotFound
from services.runtime.access.refusals import HouseNotFound
from services.runtime.rpc.errors import Refused

Context = grpc.aio.ServicerContext[Any, Any]
HOUSE, OTHER = "hse_kring", "hse_other"
ZONE = "Europe/Amsterdam"


class Accounts(AccountsServiceServicer):
    """Knows both houses."""

    async def GetHouse(self, request: accounts.GetHouseRequest, context: Context) -> accounts.GetHouseResponse:
        if request.house_id not in (HOUSE, OTHER):
            raise Refused(HouseNotFound(request.house_id))
        house = accounts.House(house_id=request.house_id, time_zone=ZONE, currency="EUR", etag='"1"')
        return accounts.GetHouseResponse(house=house)


class Catalogue(CatalogueServiceServicer):
    """Tells of the performances that were made, and of one hall a house."""

    def __init__(self) -> None:
        self.made: dict[tuple[str, str], catalogue.Performance] = {}

    async def GetPerformance(
        self, request: catalogue.GetPerformanceRequest, context: Context
    ) -> catalogue.GetPerformanceResponse:
        found = self.made.get((request.house_id, request.performance_id))
        if found is None:
            raise Refused(PerformanceNotFound(request.performance_id))
        return catalogue.GetPerformanceResponse(performance=found)

    async def GetPerformanceByCode(
        self, request: catalogue.GetPerformanceByCodeRequest, context: Context
    ) -> catalogue.GetPerformanceByCodeResponse:
        for one in self.made.values():
            if (one.house_id, one.code) == (request.house_id, request.code):
                return catalogue.GetPerformanceByCodeResponse(performance=one)
        raise Refused(CodeUnknown(request.code))

    async def StreamSeatingPlan(
        self, request: catalogue.StreamSeatingPlanRequest, context: Context
    ) -> AsyncIterator[catalogue.StreamSeatingPlanResponse]:
        """Every hall has three stalls and two balconies."""
        categories = ["Stalls"] * 3 + ["Balcony"] * 2
        seats = [catalogue.Seat(seat_id=f"s{n}", category=category) for n, category in enumerate(categories)]
        yield catalogue.StreamSeatingPlanResponse(plan=catalogue.SeatingPlan(seats=seats))

    async def GetHall(self, request: catalogue.GetHallRequest, context: Context) -> catalogue.GetHallResponse:
        if request.hall_id not in ("hal_1", "hal_2"):
            raise Refused(HallNotFound(request.hall_id))
        return catalogue.GetHallResponse(hall=catalogue.Hall(hall_id=request.hall_id, name=request.hall_id))

    async def ListHalls(self, request: catalogue.ListHallsRequest, context: Context) -> catalogue.ListHallsResponse:
        return catalogue.ListHallsResponse(halls=[catalogue.Hall(hall_id=one, name=one) for one in ("hal_1", "hal_2")])


class Inventory(InventoryServiceServicer):
    """Owns every performance: one stall is reserved, one balcony blocked."""

    async def StreamSeatMap(
        self, request: inventory.StreamSeatMapRequest, context: Context
    ) -> AsyncIterator[inventory.StreamSeatMapResponse]:
        states = bytes([SeatState.SEAT_STATE_RESERVED, 1, 1, SeatState.SEAT_STATE_BLOCKED, 1])
        yield inventory.StreamSeatMapResponse(plan_version=1, seat_states=states, seat_ids=[f"s{n}" for n in range(5)])
