"""balcon.catalogue.v1.CatalogueService, seating plans."""

from __future__ import annotations

from collections.abc import AsyncIterator

from balcon.catalogue.v1 import catalogue_service_pb2 as pb

from services.catalogue.api.plan_messages import export_parts, import_response, version_message
from services.catalogue.api.plan_parts import PlanParts
from services.catalogue.domain.plan_version import PlanFiles
from services.catalogue.handlers.seating_plans import SeatingPlanHandler
from services.contracts.bounds import MAX_ANSWER_BYTES
from services.contracts.wire_requests import asked_once
from services.runtime.errors import AnswerTooLarge
from services.runtime.rpc.errors import Refused, answered
from services.runtime.rpc.interceptors import Context


class PlanCalls:
    """Stateless; everything lives in the handlers."""

    _plans: SeatingPlanHandler[PlanParts]

    async def ImportSeatingPlan(  # noqa: N802
        self, request: pb.ImportSeatingPlanRequest, context: Context
    ) -> pb.ImportSeatingPlanResponse:
        asked = asked_once(request, import_response)
        files = PlanFiles(request.plan_json, request.sidecar_json)
        imported = await self._plans.import_plan(asked, request.house_id, request.hall_id, files)
        return pb.ImportSeatingPlanResponse.FromString(answered(imported))

    async def GetSeatingPlan(self, request: pb.GetSeatingPlanRequest, context: Context) -> bytes:  # noqa: N802
        """See the proto. Encoded already: see plan_parts."""
        parts = answered(await self._plans.plan(request.house_id, request.hall_id, request.plan_version))
        size = sum(map(len, parts))
        if size > MAX_ANSWER_BYTES:
            raise Refused(AnswerTooLarge(size, MAX_ANSWER_BYTES, "StreamSeatingPlan"))
        return b"".join(parts)

    async def StreamSeatingPlan(  # noqa: N802
        self, request: pb.StreamSeatingPlanRequest, context: Context
    ) -> AsyncIterator[bytes]:
        """See the proto. Encoded already: see plan_parts."""
        for part in answered(await self._plans.plan(request.house_id, request.hall_id, request.plan_version)):
            yield part

    async def ListSeatingPlans(  # noqa: N802
        self, request: pb.ListSeatingPlansRequest, context: Context
    ) -> pb.ListSeatingPlansResponse:
        page = answered(
            await self._plans.versions(request.house_id, request.hall_id, request.page_size, request.page_token)
        )
        return pb.ListSeatingPlansResponse(
            plans=map(version_message, page.versions), next_page_token=page.next_page_token
        )

    async def ExportSeatingPlan(  # noqa: N802
        self, request: pb.ExportSeatingPlanRequest, context: Context
    ) -> AsyncIterator[pb.ExportSeatingPlanResponse]:
        export = answered(await self._plans.export(request.house_id, request.hall_id, request.plan_version))
        for part in export_parts(export):
            yield part
