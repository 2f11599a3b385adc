"""Accounts as reporting asks it: what is granted now, how a house is called, who signs tokens. It can be away."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import grpc
from balcon.accounts.v1.accounts_service_pb2 import (
    CheckGrantsRequest,
    CheckGrantsResponse,
    GetHouseRequest,
    GetHouseResponse,
    GetPromoterRequest,
    GetPromoterResponse,
    House,
    HouseGrants,
    ListRevocationsRequest,
    ListRevocationsResponse,
    ListSigningKeysRequest,
    ListSigningKeysResponse,
    MakingHouse,
    Promoter,
    SigningKey,
)
from balcon.accounts.v1.accounts_service_pb2_grpc import AccountsServiceServicer, add_AccountsServiceServicer_to_server

from services.runtime.access.keys import key_id, public_bytes
from tests.unit.runtime.test_tokens import ACCOUNTS


class AccountsTwin(AccountsServiceServicer):
    """`granted`: by subject, changed at any moment."""

    def __init__(self) -> None:
        self.granted: dict[str, list[HouseGrants]] = {}
        self.made_by: dict[str, MakingHouse] = {}
        # Promoters by the house that made them.
        self.promoters: dict[str, set[str]] = {}
        self.is_away = False
        self.target = ""

    async def CheckGrants(self, request: CheckGrantsRequest, context: Any) -> CheckGrantsResponse:  # noqa: N802
        if self.is_away:
            await context.abort(grpc.StatusCode.UNAVAILABLE, "away")
        return CheckGrantsResponse(
            houses=self.granted.get(request.subject, []), made_by=self.made_by.get(request.subject)
        )

    async def GetHouse(self, request: GetHouseRequest, context: Any) -> GetHouseResponse:  # noqa: N802
        house = House(house_id=request.house_id, label="one", name="Schouwburg", time_zone="Europe/Amsterdam")
        return GetHouseResponse(house=house)

    async def GetPromoter(self, request: GetPromoterRequest, context: Any) -> GetPromoterResponse:  # noqa: N802
        if request.promoter_id not in self.promoters.get(request.house_id, set()):
            await context.abort(grpc.StatusCode.NOT_FOUND, "no such promoter")
        email = f"{request.promoter_id}@producer.example"
        return GetPromoterResponse(promoter=Promoter(promoter_id=request.promoter_id, email=email))

    async def ListSigningKeys(self, request: ListSigningKeysRequest, context: Any) -> ListSigningKeysResponse:  # noqa: N802
        key = public_bytes(ACCOUNTS)
        return ListSigningKeysResponse(keys=[SigningKey(key_id=key_id(key), public_key=key)])

    async def ListRevocations(self, request: ListRevocationsRequest, context: Any) -> ListRevocationsResponse:  # noqa: N802
        return ListRevocationsResponse()


@asynccontextmanager
async def serving_accounts() -> AsyncIterator[AccountsTwin]:
    twin = AccountsTwin()  # type: ignore[abstract]  # whatever else is asked has no answer
    server = grpc.aio.server()
    add_AccountsServiceServicer_to_server(twin, server)
    twin.target = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    await server.start()
    yield twin
    await server.stop(0)
