"""balcon.catalogue.v1.CatalogueService, houses."""

from __future__ import annotations

from balcon.catalogue.v1 import catalogue_service_pb2 as pb

from services.catalogue.api.house_messages import house_message
from services.catalogue.handlers.houses import HouseHandler
from services.runtime.rpc.errors import answered
from services.runtime.rpc.interceptors import Context


class HouseCalls:
    """Stateless; everything lives in the handlers."""

    _houses: HouseHandler

    async def ListHouses(self, request: pb.ListHousesRequest, context: Context) -> pb.ListHousesResponse:  # noqa: N802
        page = answered(await self._houses.houses(request.page_size, request.page_token))
        return pb.ListHousesResponse(
            houses=[house_message(house) for house in page.houses], next_page_token=page.next_page_token
        )
