"""Owners over gRPC: accounts, each time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import grpc
from balcon.accounts.v1.accounts_service_pb2 import GetHouseRequest, ListMembersRequest
from balcon.accounts.v1.accounts_service_pb2_grpc import AccountsServiceStub

from services.contracts.access import Role
from services.contracts.bounds import MAX_PAGE_SIZE
from services.contracts.reasons import Reason
from services.integrations.webhooks.ports.owners import HouseOwners, OwnersUnanswered
from services.runtime.call_context import own_account
from services.runtime.rpc.errors import refusal_of

if TYPE_CHECKING:
    from balcon.accounts.v1.accounts_service_pb2_grpc import AccountsServiceAsyncStub

# Who came first is asked first: owners are among them.
_PAGES: Final = 4


class GrpcOwners:
    """See Owners. Asks on the service's own account: nobody is there for whom it could."""

    def __init__(self, to_accounts: grpc.aio.Channel) -> None:
        self._accounts: AccountsServiceAsyncStub = AccountsServiceStub(to_accounts)

    async def of_house(self, house_id: str) -> HouseOwners | None:
        try:
            with own_account():
                house = (await self._accounts.GetHouse(GetHouseRequest(house_id=house_id))).house
                emails = await self._emails(house_id)
        except grpc.aio.AioRpcError as error:
            refusal = refusal_of(error)
            if refusal is not None and refusal.reason == Reason.HOUSE_NOT_FOUND:
                return None
            raise OwnersUnanswered(house_id=house_id) from error
        return HouseOwners(house.name, next(iter(house.languages), "en"), house.time_zone, emails)

    async def _emails(self, house_id: str) -> list[str]:
        found: list[str] = []
        token = ""
        for _ in range(_PAGES):
            request = ListMembersRequest(house_id=house_id, page_size=MAX_PAGE_SIZE, page_token=token)
            page = await self._accounts.ListMembers(request)
            found += [member.email for member in page.members if Role.OWNER.value in member.roles]
            token = page.next_page_token
            if not token:
                break
        return found
