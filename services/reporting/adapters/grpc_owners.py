"""Owners over gRPC: accounts, each time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import grpc
from balcon.accounts.v1.accounts_service_pb2 import GetHouseRequest, GetPromoterRequest
from balcon.accounts.v1.accounts_service_pb2_grpc import AccountsServiceStub

from services.contracts.reasons import Reason
from services.reporting.ports.neighbours import NeighbourSilent
from services.reporting.ports.owners import HouseFacts
from services.runtime.rpc.errors import refusal_of

if TYPE_CHECKING:
    from balcon.accounts.v1.accounts_service_pb2_grpc import AccountsServiceAsyncStub


class GrpcOwners:
    """See Owners."""

    def __init__(self, to_accounts: grpc.aio.Channel) -> None:
        self._accounts: AccountsServiceAsyncStub = AccountsServiceStub(to_accounts)

    async def house(self, house_id: str) -> HouseFacts:
        """See Owners.house."""
        try:
            house = (await self._accounts.GetHouse(GetHouseRequest(house_id=house_id))).house
        except grpc.aio.AioRpcError as error:
            raise NeighbourSilent(service="accounts", code=error.code().name) from error
        return HouseFacts(house.name, house.label, house.time_zone)

    async def promoters_email(self, house_id: str, promoter_id: str) -> str | None:
        """See Owners.promoters_email."""
        request = GetPromoterRequest(house_id=house_id, promoter_id=promoter_id)
        try:
            return (await self._accounts.GetPromoter(request)).promoter.email
        except grpc.aio.AioRpcError as error:
            refused = refusal_of(error)
            if refused is not None and refused.reason == Reason.PROMOTER_NOT_FOUND:
                return None
            raise NeighbourSilent(service="accounts", code=error.code().name) from error
