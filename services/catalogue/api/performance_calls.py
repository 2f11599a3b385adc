"""balcon.catalogue.v1.CatalogueService, performances."""

from __future__ import annotations

from balcon.catalogue.v1 import catalogue_service_pb2 as pb

from services.catalogue.api.performance_messages import details_of, filter_of, performance_message, terms_of
from services.catalogue.domain.performance import Performance
from services.catalogue.handlers.performance_places import PerformancePlace
from services.catalogue.handlers.performances import PerformanceHandler
from services.contracts.once import Asked
from services.contracts.wire_requests import asked_once
from services.runtime.rpc.errors import answered
from services.runtime.rpc.interceptors import Context


class PerformanceCalls:
    """Stateless; everything lives in the handlers."""

    _performances: PerformanceHandler

    async def CreatePerformance(  # noqa: N802
        self, request: pb.CreatePerformanceRequest, context: Context
    ) -> pb.CreatePerformanceResponse:
        place = PerformancePlace(request.house_id, request.hall_id, request.plan_version, request.production_id)
        asked: Asked[Performance] = asked_once(
            request,
            lambda made: pb.CreatePerformanceResponse(performance=performance_message(made)),
        )
        performance = await self._performances.create(asked, place, terms_of(request))
        return pb.CreatePerformanceResponse.FromString(answered(performance))

    async def GetPerformance(self, request: pb.GetPerformanceRequest, context: Context) -> pb.GetPerformanceResponse:  # noqa: N802
        performance = await self._performances.performance(request.house_id, request.performance_id)
        return pb.GetPerformanceResponse(performance=performance_message(answered(performance)))

    async def GetPerformanceByCode(  # noqa: N802
        self, request: pb.GetPerformanceByCodeRequest, context: Context
    ) -> pb.GetPerformanceByCodeResponse:
        performance = await self._performances.by_code(request.house_id, request.code)
        return pb.GetPerformanceByCodeResponse(performance=performance_message(answered(performance)))

    async def UpdatePerformance(  # noqa: N802
        self, request: pb.UpdatePerformanceRequest, context: Context
    ) -> pb.UpdatePerformanceResponse:
        performance = await self._performances.update(
            request.house_id,
            request.performance.performance_id,
            details_of(request.performance),
            tuple(request.update_mask.paths),
            request.etag,
        )
        return pb.UpdatePerformanceResponse(performance=performance_message(answered(performance)))

    async def ListPerformances(  # noqa: N802
        self, request: pb.ListPerformancesRequest, context: Context
    ) -> pb.ListPerformancesResponse:
        page = answered(
            await self._performances.performances(
                request.house_id, filter_of(request), request.page_size, request.page_token
            )
        )
        return pb.ListPerformancesResponse(
            performances=[performance_message(performance) for performance in page.performances],
            next_page_token=page.next_page_token,
        )
