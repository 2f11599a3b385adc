"""balcon.catalogue.v1.CatalogueService, offices."""

from __future__ import annotations

from balcon.catalogue.v1 import catalogue_service_pb2 as pb

from services.catalogue.api.office_messages import office_message, office_of
from services.catalogue.domain.kept import Kept
from services.catalogue.domain.office import Office
from services.catalogue.handlers.price_things import PriceThingHandler, ThingChange
from services.contracts.once import Asked
from services.contracts.wire_requests import asked_once
from services.runtime.rpc.errors import answered
from services.runtime.rpc.interceptors import Context


class OfficeCalls:
    """Stateless; everything lives in the handlers."""

    _offices: PriceThingHandler[Office]

    async def CreateOffice(  # noqa: N802
        self, request: pb.CreateOfficeRequest, context: Context
    ) -> pb.CreateOfficeResponse:
        asked: Asked[Kept[Office]] = asked_once(
            request, lambda made: pb.CreateOfficeResponse(office=office_message(made))
        )
        made = await self._offices.create(asked, request.house_id, request.office.office_id, office_of(request.office))
        return pb.CreateOfficeResponse.FromString(answered(made))

    async def GetOffice(self, request: pb.GetOfficeRequest, context: Context) -> pb.GetOfficeResponse:  # noqa: N802
        found = await self._offices.get(request.house_id, request.office_id)
        return pb.GetOfficeResponse(office=office_message(answered(found)))

    async def ListOffices(self, request: pb.ListOfficesRequest, context: Context) -> pb.ListOfficesResponse:  # noqa: N802
        page = answered(
            await self._offices.page(
                request.house_id, request.page_size, request.page_token, include_archived=request.include_archived
            )
        )
        return pb.ListOfficesResponse(offices=map(office_message, page.things), next_page_token=page.next_page_token)

    async def UpdateOffice(  # noqa: N802
        self, request: pb.UpdateOfficeRequest, context: Context
    ) -> pb.UpdateOfficeResponse:
        body, paths = office_of(request.office), tuple(request.update_mask.paths)
        change = ThingChange(request.office.office_id, body, paths, request.etag)
        changed = await self._offices.update(request.house_id, change)
        return pb.UpdateOfficeResponse(office=office_message(answered(changed)))

    async def ArchiveOffice(  # noqa: N802
        self, request: pb.ArchiveOfficeRequest, context: Context
    ) -> pb.ArchiveOfficeResponse:
        archived = await self._offices.archive(request.house_id, request.office_id, request.etag)
        return pb.ArchiveOfficeResponse(office=office_message(answered(archived)))
