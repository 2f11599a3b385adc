"""The owner of seats, the catalogue and accounts as ticketing asks them: one hall of ten seats, one allotment."""

# ruff: noqa: N802 (gRPC's names)

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import grpc
from balcon.accounts.v1 import accounts_service_pb2 as accounts
from balcon.accounts.v1.accounts_service_pb2_grpc import AccountsServiceServicer, add_AccountsServiceServicer_to_server
from balcon.catalogue.v1 import catalogue_service_pb2 as catalogue
from balcon.catalogue.v1.catalogue_service_pb2_grpc import (
    CatalogueServiceServicer,
    add_CatalogueServiceServicer_to_server,
)
from balcon.inventory.v1 import allotment_service_pb2 as owner
from balcon.inventory.v1 import allotments_pb2 as allotments
from balcon.inventory.v1.allotment_service_pb2_grpc import (
    AllotmentServiceServicer,
    add_AllotmentServiceServicer_to_server,
)
from balcon.types.v1.money_pb2 import Money
from balcon.types.v1.seating_pb2 import SeatState

from services.contracts.wire_types import wire_instant
from services.runtime.clock import SystemClock
from services.runtime.ids import RandomIds
from services.runtime.rpc.errors import Refused
from services.runtime.rpc.server import RpcServer
from services.ticketing.domain.refusals import AllotmentNotFound

Context = grpc.aio.ServicerContext[Any, Any]
SEATS = tuple(f"A-{number}" for number in range(1, 11))
ALLOTTED, REPORTED = SeatState.Value("SEAT_STATE_ALLOTTED"), SeatState.Value("SEAT_STATE_REPORTED_SOLD")
STARTS_MS = 1_900_000_000_000
PRICE = 2_500


class Owner(AllotmentServiceServicer):
    """Has one allotment, alt_1, with the seats of `open` and `sold`."""

    def __init__(self) -> None:
        self.open = list(SEATS[:4])
        self.sold: list[str] = []
        self.returned = 0
        self.version = 1
        self.kind = allotments.ALLOTMENT_KIND_HARD
        self.is_closed = False
        # Answers wait for it, once it is cleared.
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self.was_asked = asyncio.Event()

    async def GetAllotment(self, request: owner.GetAllotmentRequest, context: Context) -> owner.GetAllotmentResponse:
        if request.allotment_id != "alt_1":
            raise Refused(AllotmentNotFound(request.allotment_id))
        told = self.told()
        seats = [seat for seat in SEATS if seat in {*self.open, *self.sold}]
        told.seat_ids.extend(seats)
        told.seat_states = bytes(REPORTED if seat in self.sold else ALLOTTED for seat in seats)
        self.was_asked.set()
        await self.may_answer.wait()
        return owner.GetAllotmentResponse(allotment=told, epoch=1)

    def told(self) -> allotments.Allotment:
        """Without its seats, as events have it."""
        counts = allotments.AllotmentCounts(
            handed_out=len(self.open) + len(self.sold) + self.returned,
            open=len(self.open),
            reported_sold=len(self.sold),
            returned=self.returned,
        )
        return allotments.Allotment(
            house_id="hse_1",
            performance_id="perf_1",
            allotment_id="alt_1",
            kind=self.kind,
            office_id="box",
            note="Theatre club",
            counts=counts,
            version=self.version,
            plan_version=1,
            created_at=wire_instant(1_800_000_000_000),
            closed_at=wire_instant(1_850_000_000_000) if self.is_closed else None,
        )

    def recalled(self, *seats: str) -> allotments.AllotmentChanged:
        """The house calls them back; the event that tells it."""
        self.open = [seat for seat in self.open if seat not in seats]
        self.returned += len(seats)
        return self.changed(allotments.ALLOTMENT_STEP_RECALLED, *seats)

    def handed_out(self, *seats: str) -> allotments.AllotmentChanged:
        """More seats are put into it."""
        self.open += seats
        return self.changed(allotments.ALLOTMENT_STEP_HANDED_OUT, *seats)

    def changed(self, step: allotments.AllotmentStep.ValueType, *seats: str) -> allotments.AllotmentChanged:
        self.version += 1
        return allotments.AllotmentChanged(allotment=self.told(), step=step, seat_ids=seats)


class Shows(CatalogueServiceServicer):
    """One performance, whatever it is called."""

    def __init__(self) -> None:
        self.starts_at_ms = STARTS_MS
        self.move_number = 0
        self.is_cancelled = False

    async def GetPerformance(
        self, request: catalogue.GetPerformanceRequest, context: Context
    ) -> catalogue.GetPerformanceResponse:
        amount = Money(amount_minor=PRICE, currency="EUR")
        performance = catalogue.Performance(
            performance_id=request.performance_id,
            house_id=request.house_id,
            hall_id="hal_1",
            production_id="prd_1",
            title="Hamlet",
            starts_at=wire_instant(self.starts_at_ms),
            move_number=self.move_number,
            sale_state=catalogue.SALE_STATE_CANCELLED if self.is_cancelled else catalogue.SALE_STATE_ON_SALE,
            prices=[catalogue.Price(category="Stalls", ticket_type="normal", amount=amount)],
        )
        return catalogue.GetPerformanceResponse(performance=performance)

    async def GetHall(self, request: catalogue.GetHallRequest, context: Context) -> catalogue.GetHallResponse:
        hall = catalogue.Hall(hall_id="hal_1", name="Grote Zaal", address="Neude 11", city="Utrecht")
        return catalogue.GetHallResponse(hall=hall)

    async def GetProduction(
        self, request: catalogue.GetProductionRequest, context: Context
    ) -> catalogue.GetProductionResponse:
        return catalogue.GetProductionResponse(
            production=catalogue.Production(production_id="prd_1", subtitle="Prince")
        )

    async def GetOffice(self, request: catalogue.GetOfficeRequest, context: Context) -> catalogue.GetOfficeResponse:
        office = catalogue.Office(
            office_id="box", name="Box Town", language="de-AT", email="box@town.example", conditions="Pay by Friday."
        )
        return catalogue.GetOfficeResponse(office=office)

    async def StreamSeatingPlan(
        self, request: catalogue.StreamSeatingPlanRequest, context: Context
    ) -> AsyncIterator[catalogue.StreamSeatingPlanResponse]:
        seats = [
            catalogue.Seat(
                seat_id=seat, zone="Stalls", row="A", number=seat[2:], category="Stalls", x=20.0 * place, y=40.0
            )
            for place, seat in enumerate(SEATS)
        ]
        for part in (seats[:3], seats[3:]):
            yield catalogue.StreamSeatingPlanResponse(plan=catalogue.SeatingPlan(seats=part))


class Houses(AccountsServiceServicer):
    """One house."""

    async def GetHouse(self, request: accounts.GetHouseRequest, context: Context) -> accounts.GetHouseResponse:
        house = accounts.House(
            house_id=request.house_id, name="Schouwburg", time_zone="Europe/Amsterdam", currency="EUR"
        )
        return accounts.GetHouseResponse(house=house)


class Neighbours:
    """All of them on one port. start() first."""

    def __init__(self) -> None:
        self.owner = Owner()  # type: ignore[abstract]
        self.catalogue, houses = Shows(), Houses()  # type: ignore[abstract]
        self._server = RpcServer(clock=SystemClock(), ids=RandomIds())
        add = self._server.add
        add(
            lambda server: add_AllotmentServiceServicer_to_server(self.owner, server),
            "balcon.inventory.v1.AllotmentService",
        )
        add(
            lambda server: add_CatalogueServiceServicer_to_server(self.catalogue, server),
            "balcon.catalogue.v1.CatalogueService",
        )
        add(lambda server: add_AccountsServiceServicer_to_server(houses, server), "balcon.accounts.v1.AccountsService")

    @property
    def target(self) -> str:
        """host:port of all."""
        return f"127.0.0.1:{self._server.port}"

    async def start(self) -> None:
        await self._server.start()

    async def stop(self) -> None:
        await self._server.stop(0.1)
