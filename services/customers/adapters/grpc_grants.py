"""The Grants of accounts, over gRPC: asked each time, kept never."""

from __future__ import annotations

from typing import TYPE_CHECKING

import grpc
from balcon.accounts.v1.accounts_service_pb2_grpc import AccountsServiceStub
from balcon.accounts.v1.grants_pb2 import CheckGrantsRequest

from services.customers.domain.audience import GrantedSight
from services.customers.ports.grants import GrantsUnanswered

if TYPE_CHECKING:
    from balcon.accounts.v1.accounts_service_pb2_grpc import AccountsServiceAsyncStub


class GrpcGrants:
    """See Grants."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub: AccountsServiceAsyncStub = AccountsServiceStub(channel)

    async def of(self, subject: str, house_id: str) -> GrantedSight | None:
        try:
            answer = await self._stub.CheckGrants(CheckGrantsRequest(subject=subject))
        except grpc.aio.AioRpcError as error:
            raise GrantsUnanswered(subject=subject) from error
        found = next((house for house in answer.houses if house.house_id == house_id), None)
        if found is None:
            return None
        return GrantedSight(
            whole_house=found.whole_house,
            production_ids=tuple(found.production_ids),
            performance_ids=tuple(found.performance_ids),
            grant_ids=tuple(found.grant_ids),
        )
