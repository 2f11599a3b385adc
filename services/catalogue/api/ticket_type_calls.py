"""balcon.catalogue.v1.CatalogueService, ticket types."""

from __future__ import annotations

from balcon.catalogue.v1 import catalogue_service_pb2 as pb

from services.catalogue.api.ticket_type_messages import ticket_type_message, ticket_type_of
from services.catalogue.domain.kept import Kept
from services.catalogue.domain.ticket_type import TicketType
from services.catalogue.handlers.price_things import PriceThingHandler, ThingChange
from services.contracts.once import Asked
from services.contracts.wire_requests import asked_once
from services.runtime.rpc.errors import answered
from services.runtime.rpc.interceptors import Context


class TicketTypeCalls:
    """Stateless; everything lives in the handlers."""

    _ticket_types: PriceThingHandler[TicketType]

    async def CreateTicketType(  # noqa: N802
        self, request: pb.CreateTicketTypeRequest, context: Context
    ) -> pb.CreateTicketTypeResponse:
        asked: Asked[Kept[TicketType]] = asked_once(
            request, lambda made: pb.CreateTicketTypeResponse(ticket_type=ticket_type_message(made))
        )
        body, chosen = ticket_type_of(request.ticket_type), request.ticket_type.ticket_type_id
        made = await self._ticket_types.create(asked, request.house_id, chosen, body)
        return pb.CreateTicketTypeResponse.FromString(answered(made))

    async def GetTicketType(  # noqa: N802
        self, request: pb.GetTicketTypeRequest, context: Context
    ) -> pb.GetTicketTypeResponse:
        found = await self._ticket_types.get(request.house_id, request.ticket_type_id)
        return pb.GetTicketTypeResponse(ticket_type=ticket_type_message(answered(found)))

    async def ListTicketTypes(  # noqa: N802
        self, request: pb.ListTicketTypesRequest, context: Context
    ) -> pb.ListTicketTypesResponse:
        page = answered(
            await self._ticket_types.page(
                request.house_id, request.page_size, request.page_token, include_archived=request.include_archived
            )
        )
        return pb.ListTicketTypesResponse(
            ticket_types=map(ticket_type_message, page.things), next_page_token=page.next_page_token
        )

    async def UpdateTicketType(  # noqa: N802
        self, request: pb.UpdateTicketTypeRequest, context: Context
    ) -> pb.UpdateTicketTypeResponse:
        body, paths = ticket_type_of(request.ticket_type), tuple(request.update_mask.paths)
        change = ThingChange(request.ticket_type.ticket_type_id, body, paths, request.etag)
        changed = await self._ticket_types.update(request.house_id, change)
        return pb.UpdateTicketTypeResponse(ticket_type=ticket_type_message(answered(changed)))

    async def ArchiveTicketType(  # noqa: N802
        self, request: pb.ArchiveTicketTypeRequest, context: Context
    ) -> pb.ArchiveTicketTypeResponse:
        archived = await self._ticket_types.archive(request.house_id, request.ticket_type_id, request.etag)
        return pb.ArchiveTicketTypeResponse(ticket_type=ticket_type_message(answered(archived)))
