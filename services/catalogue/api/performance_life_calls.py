"""balcon.catalogue.v1.CatalogueService, what happens to performances."""

from __future__ import annotations

from balcon.catalogue.v1 import catalogue_service_pb2 as pb

from services.catalogue.api.performance_messages import performance_message
from services.catalogue.domain.performance_life import NewDate
from services.catalogue.handlers.performance_life import PerformanceLifeHandler
from services.contracts.wire_types import instant_ms
from services.runtime.rpc.errors import answered
from services.runtime.rpc.interceptors import Context


class PerformanceLifeCalls:
    """Stateless; everything lives in the handler."""

    _performance_life: PerformanceLifeHandler

    async def OpenForSale(self, request: pb.OpenForSaleRequest, context: Context) -> pb.OpenForSaleResponse:  # noqa: N802
        performance = await self._performance_life.open_for_sale(request.house_id, request.performance_id)
        return pb.OpenForSaleResponse(performance=performance_message(answered(performance)))

    async def CloseSale(self, request: pb.CloseSaleRequest, context: Context) -> pb.CloseSaleResponse:  # noqa: N802
        performance = await self._performance_life.close_sale(request.house_id, request.performance_id)
        return pb.CloseSaleResponse(performance=performance_message(answered(performance)))

    async def PublishPerformance(  # noqa: N802
        self, request: pb.PublishPerformanceRequest, context: Context
    ) -> pb.PublishPerformanceResponse:
        published_at_ms = instant_ms(request.published_at)
        performance = await self._performance_life.publish(request.house_id, request.performance_id, published_at_ms)
        return pb.PublishPerformanceResponse(performance=performance_message(answered(performance)))

    async def HidePerformance(  # noqa: N802
        self, request: pb.HidePerformanceRequest, context: Context
    ) -> pb.HidePerformanceResponse:
        performance = await self._performance_life.hide(request.house_id, request.performance_id)
        return pb.HidePerformanceResponse(performance=performance_message(answered(performance)))

    async def MovePerformance(  # noqa: N802
        self, request: pb.MovePerformanceRequest, context: Context
    ) -> pb.MovePerformanceResponse:
        to = NewDate(instant_ms(request.starts_at), instant_ms(request.refund_until_at))
        performance = await self._performance_life.move(
            request.house_id, request.performance_id, to, reason=request.reason, etag=request.etag
        )
        return pb.MovePerformanceResponse(performance=performance_message(answered(performance)))

    async def CancelPerformance(  # noqa: N802
        self, request: pb.CancelPerformanceRequest, context: Context
    ) -> pb.CancelPerformanceResponse:
        performance = await self._performance_life.cancel(
            request.house_id, request.performance_id, request.reason, request.etag
        )
        return pb.CancelPerformanceResponse(performance=performance_message(answered(performance)))

    async def ArchivePerformance(  # noqa: N802
        self, request: pb.ArchivePerformanceRequest, context: Context
    ) -> pb.ArchivePerformanceResponse:
        performance = await self._performance_life.archive(request.house_id, request.performance_id, request.etag)
        return pb.ArchivePerformanceResponse(performance=performance_message(answered(performance)))
