"""The Houses of accounts, over gRPC."""

from __future__ import annotations

from typing import TYPE_CHECKING

import grpc
from balcon.accounts.v1.accounts_service_pb2_grpc import AccountsServiceStub
from balcon.accounts.v1.houses_pb2 import GetHouseRequest
from balcon.accounts.v1.houses_pb2 import House as WireHouse

from services.contracts.changes import revision_of
from services.contracts.reasons import Reason
from services.customers.domain.house import House
from services.customers.ports.houses import HousesUnanswered
from services.runtime.call_context import own_account
from services.runtime.rpc.errors import refusal_of

if TYPE_CHECKING:
    from balcon.accounts.v1.accounts_service_pb2_grpc import AccountsServiceAsyncStub


class GrpcHouses:
    """See Houses. Asks on the service's own account: what it keeps is there for every later caller."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub: AccountsServiceAsyncStub = AccountsServiceStub(channel)

    async def house(self, house_id: str) -> House | None:
        try:
            with own_account():
                answer = await self._stub.GetHouse(GetHouseRequest(house_id=house_id))
        except grpc.aio.AioRpcError as error:
            refusal = refusal_of(error)
            if refusal is not None and refusal.reason == Reason.HOUSE_NOT_FOUND:
                return None
            raise HousesUnanswered(house_id=house_id) from error
        return house_of(answer.house)


def house_of(wire: WireHouse) -> House:
    """The house of an answer or an event."""
    return House(wire.house_id, wire.name, wire.time_zone, tuple(wire.languages), revision_of(wire.etag) or 0)
