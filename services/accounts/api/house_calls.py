"""balcon.accounts.v1.AccountsService, houses and signing up."""

from __future__ import annotations

from balcon.accounts.v1 import accounts_service_pb2 as pb

from services.accounts.api.calls import calling_person
from services.accounts.api.house_messages import house_message
from services.accounts.api.people_messages import person_message
from services.accounts.domain.house import House, refused_house
from services.accounts.domain.person import refused_password
from services.accounts.handlers.houses import HouseForm, HouseHandler, PersonForm, SignedUp
from services.contracts.bounds import MAX_NAME_CHARS
from services.contracts.changes import refused_mask, refused_unset_etag
from services.contracts.email_addresses import EmailAddress, email_address
from services.contracts.languages import refused_languages
from services.contracts.texts import refused_idempotency_key, refused_text
from services.contracts.wire_requests import asked_once
from services.runtime.errors import UNSET, FieldInvalid
from services.runtime.ids import refused_key
from services.runtime.rpc.errors import accept, answered
from services.runtime.rpc.interceptors import Context

_CHANGEABLE = frozenset({"name", "languages"})


class HouseCalls:
    """Stateless; everything lives in the handlers."""

    _houses: HouseHandler

    async def SignUp(self, request: pb.SignUpRequest, context: Context) -> pb.SignUpResponse:  # noqa: N802
        email = email_address(request.email)
        accept(
            refused_house(
                label=request.label,
                name=request.house_name,
                time_zone=request.time_zone,
                currency=request.currency,
                languages=request.languages,
                name_field="house_name",
            ),
            refused_text("person_name", request.person_name, at_most=MAX_NAME_CHARS),
            email if isinstance(email, FieldInvalid) else None,
            refused_password(request.password),
            refused_idempotency_key(request.idempotency_key),
        )
        assert isinstance(email, EmailAddress), "what is no address is refused"

        def response(made: SignedUp) -> pb.SignUpResponse:
            return pb.SignUpResponse(house=house_message(made.house), person=person_message(made.person))

        written = await self._houses.sign_up(
            asked_once(request, response),
            HouseForm(request.label, request.house_name, request.time_zone, request.currency, tuple(request.languages)),
            PersonForm(request.person_name, email, request.password),
        )
        return pb.SignUpResponse.FromString(answered(written))

    async def CreateHouse(self, request: pb.CreateHouseRequest, context: Context) -> pb.CreateHouseResponse:  # noqa: N802
        accept(
            refused_house(
                label=request.label,
                name=request.name,
                time_zone=request.time_zone,
                currency=request.currency,
                languages=request.languages,
            ),
            refused_idempotency_key(request.idempotency_key),
        )
        person_id = calling_person()

        def response(house: House) -> pb.CreateHouseResponse:
            return pb.CreateHouseResponse(house=house_message(house))

        form = HouseForm(request.label, request.name, request.time_zone, request.currency, tuple(request.languages))
        written = await self._houses.create(asked_once(request, response), form, person_id)
        return pb.CreateHouseResponse.FromString(answered(written))

    async def GetHouse(self, request: pb.GetHouseRequest, context: Context) -> pb.GetHouseResponse:  # noqa: N802
        accept(refused_key("house_id", request.house_id))
        return pb.GetHouseResponse(house=house_message(answered(await self._houses.get(request.house_id))))

    async def GetHouseByLabel(  # noqa: N802
        self, request: pb.GetHouseByLabelRequest, context: Context
    ) -> pb.GetHouseByLabelResponse:
        # Whatever a browser asked for: what is no label belongs to no house.
        accept(None if request.label else FieldInvalid("label", UNSET, "a house's label"))
        found = answered(await self._houses.get_by_label(request.label))
        return pb.GetHouseByLabelResponse(house=house_message(found))

    async def UpdateHouse(self, request: pb.UpdateHouseRequest, context: Context) -> pb.UpdateHouseResponse:  # noqa: N802
        paths, change = set(request.update_mask.paths), request.house
        accept(
            refused_key("house_id", request.house_id),
            None if request.HasField("house") else FieldInvalid("house", UNSET, "the new values"),
            refused_mask(request.update_mask.paths, _CHANGEABLE),
            refused_unset_etag(request.etag),
            refused_text("house.name", change.name, at_most=MAX_NAME_CHARS) if "name" in paths else None,
            refused_languages("house.languages", change.languages) if "languages" in paths else None,
        )
        house = await self._houses.update(
            request.house_id,
            request.etag,
            name=change.name if "name" in paths else None,
            languages=tuple(change.languages) if "languages" in paths else None,
        )
        return pb.UpdateHouseResponse(house=house_message(answered(house)))

    async def ListHouses(self, request: pb.ListHousesRequest, context: Context) -> pb.ListHousesResponse:  # noqa: N802
        own = await self._houses.of_person(calling_person())
        return pb.ListHousesResponse(
            houses=[
                pb.HouseWithRoles(house=house_message(one.house), roles=sorted(one.membership.roles)) for one in own
            ]
        )
