"""balcon.catalogue.v1.CatalogueService, performances that change their plan."""

from __future__ import annotations

from balcon.catalogue.v1 import catalogue_service_pb2 as pb

from services.catalogue.api.performance_messages import performance_message
from services.catalogue.handlers.performance_plans import PerformancePlanHandler
from services.runtime.rpc.errors import answered
from services.runtime.rpc.interceptors import Context


class PerformancePlanCalls:
    """Stateless; everything lives in the handler."""

    _performance_plans: PerformancePlanHandler

    async def ChangePerformancePlan(  # noqa: N802
        self, request: pb.ChangePerformancePlanRequest, context: Context
    ) -> pb.ChangePerformancePlanResponse:
        performance = await self._performance_plans.change(
            request.house_id, request.performance_id, request.plan_version, request.etag
        )
        return pb.ChangePerformancePlanResponse(performance=performance_message(answered(performance)))
