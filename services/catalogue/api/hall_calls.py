"""balcon.catalogue.v1.CatalogueService, halls."""

from __future__ import annotations

from balcon.catalogue.v1 import catalogue_service_pb2 as pb

from services.catalogue.api.hall_messages import hall_message, hall_terms
from services.catalogue.domain.hall import Hall
from services.catalogue.handlers.halls import HallChange, HallHandler
from services.contracts.once import Asked
from services.contracts.wire_requests import asked_once
from services.runtime.rpc.errors import answered
from services.runtime.rpc.interceptors import Context


class HallCalls:
    """Stateless; everything lives in the handlers."""

    _halls: HallHandler

    async def CreateHall(self, request: pb.CreateHallRequest, context: Context) -> pb.CreateHallResponse:  # noqa: N802
        asked: Asked[Hall] = asked_once(request, lambda hall: pb.CreateHallResponse(hall=hall_message(hall)))
        hall = await self._halls.create(asked, request.house_id, hall_terms(request))
        return pb.CreateHallResponse.FromString(answered(hall))

    async def GetHall(self, request: pb.GetHallRequest, context: Context) -> pb.GetHallResponse:  # noqa: N802
        hall = await self._halls.hall(request.house_id, request.hall_id)
        return pb.GetHallResponse(hall=hall_message(answered(hall)))

    async def ListHalls(self, request: pb.ListHallsRequest, context: Context) -> pb.ListHallsResponse:  # noqa: N802
        page = answered(
            await self._halls.halls(
                request.house_id, request.page_size, request.page_token, include_archived=request.include_archived
            )
        )
        return pb.ListHallsResponse(halls=map(hall_message, page.halls), next_page_token=page.next_page_token)

    async def UpdateHall(self, request: pb.UpdateHallRequest, context: Context) -> pb.UpdateHallResponse:  # noqa: N802
        change = HallChange(
            request.hall.hall_id, hall_terms(request.hall), tuple(request.update_mask.paths), request.etag
        )
        hall = await self._halls.update(request.house_id, change)
        return pb.UpdateHallResponse(hall=hall_message(answered(hall)))

    async def ArchiveHall(self, request: pb.ArchiveHallRequest, context: Context) -> pb.ArchiveHallResponse:  # noqa: N802
        hall = await self._halls.archive(request.house_id, request.hall_id, request.etag)
        return pb.ArchiveHallResponse(hall=hall_message(answered(hall)))
