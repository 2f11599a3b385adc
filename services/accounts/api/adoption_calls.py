"""balcon.accounts.v1.AccountsService, houses from before houses were kept here."""

from __future__ import annotations

from balcon.accounts.v1 import accounts_service_pb2 as pb

from services.accounts.api.house_messages import house_message
from services.accounts.domain.house import House, refused_house
from services.accounts.handlers.adoption import AdoptionHandler
from services.contracts.email_addresses import email_address
from services.runtime.errors import FieldInvalid
from services.runtime.ids import refused_key
from services.runtime.rpc.errors import accept, answered
from services.runtime.rpc.interceptors import Context


class AdoptionCalls:
    """Stateless; everything lives in the handler."""

    _adoption: AdoptionHandler

    async def AdoptHouse(self, request: pb.AdoptHouseRequest, context: Context) -> pb.AdoptHouseResponse:  # noqa: N802
        owner = email_address(request.owner_email, "owner_email") if request.owner_email else None
        house = House(
            request.house_id,
            request.label,
            request.name,
            request.time_zone,
            request.currency,
            tuple(request.languages),
        )
        accept(
            refused_key("house_id", request.house_id),
            refused_house(
                label=house.label,
                name=house.name,
                time_zone=house.time_zone,
                currency=house.currency,
                languages=house.languages,
            ),
            owner if isinstance(owner, FieldInvalid) else None,
        )
        assert not isinstance(owner, FieldInvalid), "what is no address is refused"
        adopted = answered(await self._adoption.adopt(house, owner))
        return pb.AdoptHouseResponse(
            house=house_message(adopted.house),
            is_new=adopted.is_new,
            has_members=adopted.has_members,
            is_invited=adopted.is_invited,
        )
