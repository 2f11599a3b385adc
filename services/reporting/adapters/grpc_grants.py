"""The Grants over gRPC: accounts' CheckGrants, each time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import grpc
from balcon.accounts.v1.accounts_service_pb2 import CheckGrantsRequest, HouseGrants
from balcon.accounts.v1.accounts_service_pb2_grpc import AccountsServiceStub

from services.reporting.ports.figures import Sight
from services.reporting.ports.grants import GrantedHouse
from services.reporting.ports.neighbours import NeighbourSilent

if TYPE_CHECKING:
    from balcon.accounts.v1.accounts_service_pb2_grpc import AccountsServiceAsyncStub


class GrpcGrants:
    """See Grants."""

    def __init__(self, to_accounts: grpc.aio.Channel) -> None:
        self._accounts: AccountsServiceAsyncStub = AccountsServiceStub(to_accounts)

    async def of(self, subject: str) -> Sequence[GrantedHouse]:
        """See Grants.of."""
        try:
            answer = await self._accounts.CheckGrants(CheckGrantsRequest(subject=subject))
        except grpc.aio.AioRpcError as error:
            raise NeighbourSilent(service="accounts", code=error.code().name) from error
        houses = [_granted(house) for house in answer.houses]
        maker = answer.made_by
        if maker.house_id and all(house.house_id != maker.house_id for house in houses):
            houses.append(GrantedHouse(maker.house_id, maker.house_label, maker.house_name, Sight(maker.house_id)))
        return houses


def _granted(house: HouseGrants) -> GrantedHouse:
    sight = Sight(
        house.house_id,
        house.whole_house,
        frozenset(house.production_ids),
        frozenset(house.performance_ids),
    )
    return GrantedHouse(house.house_id, house.house_label, house.house_name, sight)
