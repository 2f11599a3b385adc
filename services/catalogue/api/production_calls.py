"""balcon.catalogue.v1.CatalogueService, productions."""

from __future__ import annotations

from balcon.catalogue.v1 import catalogue_service_pb2 as pb

from services.catalogue.api.production_messages import details_of, filter_of, production_message
from services.catalogue.domain.production import Production
from services.catalogue.handlers.productions import ProductionHandler
from services.contracts.once import Asked
from services.contracts.wire_requests import asked_once
from services.runtime.rpc.errors import answered
from services.runtime.rpc.interceptors import Context


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
        production = await self._productions.create(asked, request.house_id, details_of(request))
        return pb.CreateProductionResponse.FromString(answered(production))

    async def GetProduction(self, request: pb.GetProductionRequest, context: Context) -> pb.GetProductionResponse:  # noqa: N802
        production = answered(await self._productions.production(request.house_id, request.production_id))
        return pb.GetProductionResponse(production=production_message(production))

    async def ListProductions(self, request: pb.ListProductionsRequest, context: Context) -> pb.ListProductionsResponse:  # noqa: N802
        page = answered(
            await self._productions.productions(
                request.house_id, filter_of(request), request.page_size, request.page_token
            )
        )
        return pb.ListProductionsResponse(
            productions=[production_message(production) for production in page.productions],
            next_page_token=page.next_page_token,
        )

    async def UpdateProduction(  # noqa: N802
        self, request: pb.UpdateProductionRequest, context: Context
    ) -> pb.UpdateProductionResponse:
        wanted = request.production
        production = await self._productions.update(
            request.house_id, wanted.production_id, details_of(wanted), request.update_mask.paths, request.etag
        )
        return pb.UpdateProductionResponse(production=production_message(answered(production)))

    async def ArchiveProduction(  # noqa: N802
        self, request: pb.ArchiveProductionRequest, context: Context
    ) -> pb.ArchiveProductionResponse:
        production = await self._productions.archive(request.house_id, request.production_id, request.etag)
        return pb.ArchiveProductionResponse(production=production_message(answered(production)))
