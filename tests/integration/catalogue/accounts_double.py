"""Accounts as far as the catalogue asks it: a strict double over real gRPC that knows houses and nothing else."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import grpc
from balcon.accounts.v1.accounts_service_pb2_grpc import AccountsServiceServicer, add_AccountsServiceServicer_to_server
from balcon.accounts.v1.houses_pb2 import GetHouseRequest, GetHouseResponse, House

from services.contracts.changes import etag_of
from services.runtime.access.refusals import HouseNotFound
from services.runtime.clock import SystemClock
from services.runtime.ids import RandomIds
from services.runtime.rpc.errors import Refused
from services.runtime.rpc.server import RpcServer

IDS = RandomIds()


class AccountsDouble(AccountsServiceServicer):
    """`asked`: the house of each question, in order."""

    def __init__(self, target: str = "") -> None:
        self.target = target
        self.houses: dict[str, House] = {}
        self.asked: list[str] = []

    def add_house(self, label: str, **changes: Any) -> House:
        """A house that signed up, as accounts tells of it."""
        told: dict[str, Any] = {
            "house_id": IDS.new_id("hse"),
            "label": label,
            "name": "A house",
            "time_zone": "Europe/Rome",
            "currency": "EUR",
            "languages": ["en"],
            "etag": etag_of(1),
        }
        house = House(**(told | changes))
        self.houses[house.house_id] = house
        return house

    async def GetHouse(  # noqa: N802
        self, request: GetHouseRequest, context: grpc.aio.ServicerContext[Any, Any]
    ) -> GetHouseResponse:
        self.asked.append(request.house_id)
        if request.house_id not in self.houses:
            raise Refused(HouseNotFound(request.house_id))
        return GetHouseResponse(house=self.houses[request.house_id])


@asynccontextmanager
async def served_double() -> AsyncIterator[AccountsDouble]:
    """Serves until the block ends."""
    rpc = RpcServer(clock=SystemClock(), ids=IDS)
    double = AccountsDouble()  # type: ignore[abstract]  # whatever else is asked has no answer
    rpc.add(lambda server: add_AccountsServiceServicer_to_server(double, server), "balcon.accounts.v1.AccountsService")
    await rpc.start()
    double.target = f"127.0.0.1:{rpc.port}"
    try:
        yield double
    finally:
        await rpc.stop(0.2)
