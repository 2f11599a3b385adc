"""Accounts as reporting asks it: what is granted now, and how a house is called. It can be away."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import grpc
from balcon.accounts.v1.accounts_service_pb2 import CheckGrantsRequest, CheckGrantsResponse, HouseGrants
from balcon.accounts.v1.accounts_service_pb2_grpc import AccountsServiceServicer, add_AccountsServiceServicer_to_server


class AccountsTwin(AccountsServiceServicer):
    """`granted`: by subject, changed at any moment."""

    def __init__(self) -> None:
        self.granted: dict[str, list[HouseGrants]] = {}
        self.is_away = False
        self.target = ""

    async def CheckGrants(self, request: CheckGrantsRequest, context: Any) -> CheckGrantsResponse:  # noqa: N802
        if self.is_away:
            await context.abort(grpc.StatusCode.UNAVAILABLE, "away")
        return CheckGrantsResponse(houses=self.granted.get(request.subject, []))


@asynccontextmanager
async def serving_accounts() -> AsyncIterator[AccountsTwin]:
    twin = AccountsTwin()  # type: ignore[abstract]  # whatever else is asked has no answer
    server = grpc.aio.server()
    add_AccountsServiceServicer_to_server(twin, server)
    twin.target = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    await server.start()
    yield twin
    await server.stop(0)
