"""Accounts and orders as customers asks them: two houses, what is granted to one promoter, and orders of customers."""

# ruff: noqa: N802 (gRPC's names)

from __future__ import annotations

from typing import Any

import grpc
from balcon.accounts.v1 import accounts_service_pb2 as accounts
from balcon.accounts.v1.accounts_service_pb2_grpc import AccountsServiceServicer, add_AccountsServiceServicer_to_server
from balcon.orders.v1 import orders_service_pb2 as orders
from balcon.orders.v1.orders_service_pb2_grpc import OrdersServiceServicer, add_OrdersServiceServicer_to_server
from balcon.ticketing.v1 import ticketing_service_pb2 as ticketing
from balcon.ticketing.v1.ticketing_service_pb2_grpc import (
    TicketingServiceServicer,
    add_TicketingServiceServicer_to_server,
)
from balcon.types.v1.money_pb2 import Money

from services.runtime.access.refusals import HouseNotFound
from services.runtime.clock import SystemClock
from services.runtime.ids import RandomIds
from services.runtime.rpc.errors import Refused
from services.runtime.rpc.server import RpcServer

Context = grpc.aio.ServicerContext[Any, Any]
# One where consents are confirmed by a mail as a matter of course, and one where they are not (R3.19).
GERMAN, DUTCH = "hse_de", "hse_nl"
_ZONES = {GERMAN: "Europe/Berlin", DUTCH: "Europe/Amsterdam"}


class Accounts(AccountsServiceServicer):
    """Knows both houses and what they grant."""

    def __init__(self) -> None:
        self.granted: list[accounts.HouseGrants] = []

    async def GetHouse(self, request: accounts.GetHouseRequest, context: Context) -> accounts.GetHouseResponse:
        if request.house_id not in _ZONES:
            raise Refused(HouseNotFound(request.house_id))
        house = accounts.House(
            house_id=request.house_id,
            label=request.house_id.replace("_", "-"),
            name=f"House {request.house_id}",
            time_zone=_ZONES[request.house_id],
            currency="EUR",
            languages=["de", "en"] if request.house_id == GERMAN else ["nl", "en"],
            etag='"1"',
        )
        return accounts.GetHouseResponse(house=house)

    async def CheckGrants(self, request: accounts.CheckGrantsRequest, context: Context) -> accounts.CheckGrantsResponse:
        return accounts.CheckGrantsResponse(houses=self.granted, version=1)


class Orders(OrdersServiceServicer):
    """Tells the orders that a test has put there; silent once `is_away`, unsure while `old_ones_wait`."""

    def __init__(self) -> None:
        self.made: list[orders.Order] = []
        self.is_away = self.old_ones_wait = False

    async def ListOrders(self, request: orders.ListOrdersRequest, context: Context) -> orders.ListOrdersResponse:
        if self.is_away:
            await context.abort(grpc.StatusCode.UNAVAILABLE, "away")
        mine = [one for one in self.made if (one.house_id, one.customer_id) == (request.house_id, request.customer_id)]
        return orders.ListOrdersResponse(orders=mine, complete=not self.old_ones_wait)


def an_order(
    order_id: str, customer_id: str, state: orders.OrderState.ValueType, *, paid_ms: int, house_id: str = DUTCH
) -> orders.Order:
    """Of 25.00."""
    return orders.Order(
        order_id=order_id,
        house_id=house_id,
        customer_id=customer_id,
        state=state,
        total=Money(amount_minor=2_500, currency="EUR"),
        created_at_ms=paid_ms,
    )


class Ticketing(TicketingServiceServicer):
    """Tells of each customer what a test has put there; silent once `is_away`."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], ticketing.GetTicketsOfCustomersResponse] = {}
        self.is_away = False

    async def GetTicketsOfCustomers(
        self, request: ticketing.GetTicketsOfCustomersRequest, context: Context
    ) -> ticketing.GetTicketsOfCustomersResponse:
        if self.is_away:
            await context.abort(grpc.StatusCode.UNAVAILABLE, "away")
        told = ticketing.GetTicketsOfCustomersResponse()
        for customer_id in request.customer_ids:
            if kept := self.kept.get((request.house_id, customer_id)):
                told.MergeFrom(kept)
        return told


class Neighbours:
    """All on one port."""

    def __init__(self) -> None:
        self.accounts, self.orders, self.ticketing = Accounts(), Orders(), Ticketing()  # type: ignore[abstract]
        self._server = RpcServer(clock=SystemClock(), ids=RandomIds())

    async def start(self) -> None:
        self._server.add(
            lambda server: add_AccountsServiceServicer_to_server(self.accounts, server),
            "balcon.accounts.v1.AccountsService",
        )
        self._server.add(
            lambda server: add_OrdersServiceServicer_to_server(self.orders, server), "balcon.orders.v1.OrdersService"
        )
        self._server.add(
            lambda server: add_TicketingServiceServicer_to_server(self.ticketing, server),
            "balcon.ticketing.v1.TicketingService",
        )
        await self._server.start()

    async def stop(self) -> None:
        await self._server.stop(0)

    @property
    def target(self) -> str:
        return f"127.0.0.1:{self._server.port}"
