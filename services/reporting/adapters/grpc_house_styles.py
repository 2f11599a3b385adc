"""The HouseStyles over gRPC: the name from accounts, colours and logo from ticketing."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import grpc
from balcon.accounts.v1.accounts_service_pb2 import GetHouseRequest
from balcon.accounts.v1.accounts_service_pb2_grpc import AccountsServiceStub
from balcon.accounts.v1.houses_pb2 import House
from balcon.ticketing.v1.paper_style_pb2 import GetPaperStyleRequest, GetPaperStyleResponse
from balcon.ticketing.v1.ticketing_service_pb2_grpc import TicketingServiceStub

from services.paper.house_style import DEFAULT_ACCENT, DEFAULT_PRIMARY, HouseStyle
from services.runtime.telemetry.logging import get_logger

if TYPE_CHECKING:
    from balcon.accounts.v1.accounts_service_pb2_grpc import AccountsServiceAsyncStub
    from balcon.ticketing.v1.ticketing_service_pb2_grpc import TicketingServiceAsyncStub

_log = get_logger("house_styles")


class GrpcHouseStyles:
    """See HouseStyles."""

    def __init__(self, to_accounts: grpc.aio.Channel, to_ticketing: grpc.aio.Channel) -> None:
        self._accounts: AccountsServiceAsyncStub = AccountsServiceStub(to_accounts)
        self._ticketing: TicketingServiceAsyncStub = TicketingServiceStub(to_ticketing)

    async def name(self, house_id: str) -> str:
        """See HouseStyles.name."""
        return (await self._house(house_id)).name or house_id

    async def style(self, house_id: str, language: str) -> HouseStyle:
        """See HouseStyles.style."""
        house, answer = await asyncio.gather(self._house(house_id), self._paper_style(house_id))
        said = answer.paper_style
        return HouseStyle(
            house_name=house.name or house_id,
            language=language,
            time_zone=house.time_zone or "UTC",
            currency=house.currency or "EUR",
            address_lines=tuple(said.address_lines),
            logo=answer.logo,
            primary_color=said.primary_color or DEFAULT_PRIMARY,
            accent_color=said.accent_color or DEFAULT_ACCENT,
        )

    async def _house(self, house_id: str) -> House:
        try:
            return (await self._accounts.GetHouse(GetHouseRequest(house_id=house_id))).house
        except grpc.aio.AioRpcError as error:
            _log.warning("house_told_plainly", service="accounts", house_id=house_id, code=error.code().name)
            return House()

    async def _paper_style(self, house_id: str) -> GetPaperStyleResponse:
        try:
            return await self._ticketing.GetPaperStyle(GetPaperStyleRequest(house_id=house_id))
        except grpc.aio.AioRpcError as error:
            _log.warning("house_told_plainly", service="ticketing", house_id=house_id, code=error.code().name)
            return GetPaperStyleResponse()
