"""balcon.catalogue.v1.CatalogueService, productions."""

from __future__ import annotations

from balcon.catalogue.v1 import catalogue_service_pb2 as pb

from services.catalogue.api.calls import Context, answered, asked_once
from services.catalogue.api.production_messages import production_message
from services.catalogue.domain.production import Production
from services.catalogue.handlers.once import Asked
from services.catalogue.handlers.productions import ProductionHandler


class ProductionCalls:
    """Stateless; everything lives in the handlers."""

    _productions: ProductionHandler

    async def CreateProduction(  # noqa: N802
        self, request: pb.CreateProductionRequest, context: Context
    ) -> pb.CreateProductionResponse:
        asked: Asked[Production] = asked_once(
            request,
            lambda made: pb.CreateProductionResponse(production=production_message(made)),
        )
        production = await self._productions.create(
            asked, request.house_id, title=request.title, performer=request.performer
        )
        return pb.CreateProductionResponse.FromString(answered(production))
