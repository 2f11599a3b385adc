"""The Neighbours over gRPC, on the service's own account."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TYPE_CHECKING, TypeVar

import grpc
from balcon.accounts.v1.accounts_service_pb2_grpc import AccountsServiceStub
from balcon.accounts.v1.houses_pb2 import GetHouseRequest
from balcon.catalogue.v1 import catalogue_service_pb2 as catalogue
from balcon.catalogue.v1.catalogue_service_pb2_grpc import CatalogueServiceStub

from services.contracts.reasons import Reason
from services.integrations.podiumkunst.adapters.show_events import show_of
from services.integrations.podiumkunst.domain.show import Show
from services.integrations.podiumkunst.ports.neighbours import Hall, HallPage, NeighbourSilent
from services.runtime.call_context import own_account
from services.runtime.rpc.errors import refusal_of

if TYPE_CHECKING:
    from balcon.accounts.v1.accounts_service_pb2_grpc import AccountsServiceAsyncStub
    from balcon.catalogue.v1.catalogue_service_pb2_grpc import CatalogueServiceAsyncStub

T = TypeVar("T")

_ABSENT = frozenset({Reason.CODE_UNKNOWN, Reason.HALL_NOT_FOUND, Reason.HOUSE_NOT_FOUND, Reason.PERFORMANCE_NOT_FOUND})


class GrpcNeighbours:
    """See Neighbours."""

    def __init__(self, to_accounts: grpc.aio.Channel, to_catalogue: grpc.aio.Channel) -> None:
        self._accounts: AccountsServiceAsyncStub = AccountsServiceStub(to_accounts)
        self._catalogue: CatalogueServiceAsyncStub = CatalogueServiceStub(to_catalogue)

    async def zone(self, house_id: str) -> str | None:
        """See Neighbours.zone."""
        with own_account():
            told = await _answer("accounts", self._accounts.GetHouse(GetHouseRequest(house_id=house_id)))
        return None if told is None else told.house.time_zone

    async def show(self, house_id: str, performance_id: str) -> Show | None:
        """See Neighbours.show."""
        request = catalogue.GetPerformanceRequest(house_id=house_id, performance_id=performance_id)
        with own_account():
            told = await _answer("catalogue", self._catalogue.GetPerformance(request))
        return None if told is None else show_of(told.performance)

    async def show_by_code(self, house_id: str, code: str) -> Show | None:
        """See Neighbours.show_by_code."""
        request = catalogue.GetPerformanceByCodeRequest(house_id=house_id, code=code)
        with own_account():
            told = await _answer("catalogue", self._catalogue.GetPerformanceByCode(request))
        return None if told is None else show_of(told.performance)

    async def hall(self, house_id: str, hall_id: str) -> Hall | None:
        """See Neighbours.hall."""
        with own_account():
            told = await _answer(
                "catalogue", self._catalogue.GetHall(catalogue.GetHallRequest(house_id=house_id, hall_id=hall_id))
            )
        return None if told is None else Hall(told.hall.hall_id, told.hall.name)

    async def halls(self, house_id: str, page_size: int, page_token: str) -> HallPage | None:
        """See Neighbours.halls."""
        request = catalogue.ListHallsRequest(house_id=house_id, page_size=page_size, page_token=page_token)
        with own_account():
            told = await _answer("catalogue", self._catalogue.ListHalls(request), Reason.FIELD_INVALID)
        if told is None:
            return None
        return HallPage([Hall(one.hall_id, one.name) for one in told.halls], told.next_page_token)


async def _answer(service: str, call: Awaitable[T], *absent: Reason) -> T | None:
    try:
        return await call
    except grpc.aio.AioRpcError as error:
        refusal = refusal_of(error)
        if refusal is not None and refusal.reason in _ABSENT | set(absent):
            return None
        raise NeighbourSilent(service=service, code=error.code().name) from error
