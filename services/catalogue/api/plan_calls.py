"""balcon.catalogue.v1.CatalogueService, seating plans."""

from __future__ import annotations

from collections.abc import AsyncIterator

from balcon.catalogue.v1 import catalogue_service_pb2 as pb

from services.catalogue.api.calls import Context, answered, asked_once
from services.catalogue.api.hall_messages import import_response
from services.catalogue.api.plan_parts import PlanParts
from services.catalogue.handlers.seating_plans import SeatingPlanHandler
from services.contracts.bounds import MAX_ANSWER_BYTES
from services.runtime.errors import AnswerTooLarge
from services.runtime.rpc.errors import Refused


class PlanCalls:
    """Stateless; everything lives in the handlers."""

    _plans: SeatingPlanHandler[PlanParts]

    async def ImportSeatingPlan(  # noqa: N802
        self, request: pb.ImportSeatingPlanRequest, context: Context
    ) -> pb.ImportSeatingPlanResponse:
        asked = asked_once(request, import_response)
        imported = await self._plans.import_plan(asked, request.house_id, request.hall_id, request.plan_json)
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
