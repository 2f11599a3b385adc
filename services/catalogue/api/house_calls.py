"""balcon.catalogue.v1.CatalogueService, houses."""

from __future__ import annotations

from balcon.catalogue.v1 import catalogue_service_pb2 as pb

from services.catalogue.api.calls import Context, answered, asked_once
from services.catalogue.api.house_messages import house_message
from services.catalogue.handlers.houses import HouseHandler


class HouseCalls:
    """Stateless; everything lives in the handlers."""

    _houses: HouseHandler

    async def CreateHouse(self, request: pb.CreateHouseRequest, context: Context) -> pb.CreateHouseResponse:  # noqa: N802
        house = await self._houses.create_house(
            asked_once(request, lambda house: pb.CreateHouseResponse(house=house_message(house))),
            label=request.label,
            name=request.name,
            time_zone=request.time_zone,
            currency=request.currency,
        )
        return pb.CreateHouseResponse.FromString(answered(house))
