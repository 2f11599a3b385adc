"""balcon.catalogue.v1.CatalogueService, plans to pick from."""

from __future__ import annotations

from balcon.catalogue.v1 import catalogue_service_pb2 as pb

from services.catalogue.api.plan_messages import warning_messages
from services.catalogue.domain.plan_version import PlanFiles
from services.catalogue.domain.shared_plan import SharedPlan, SharedPlanTerms
from services.catalogue.handlers.plan_intake import PlanImported
from services.catalogue.handlers.shared_plans import OfferedPlan, SharedPlanHandler
from services.contracts.once import Asked
from services.contracts.wire_requests import asked_once
from services.contracts.wire_types import wire_instant
from services.runtime.rpc.errors import answered
from services.runtime.rpc.interceptors import Context


class SharedPlanCalls:
    """Stateless; everything lives in the handlers."""

    _shared: SharedPlanHandler

    async def ListSharedPlans(  # noqa: N802
        self, request: pb.ListSharedPlansRequest, context: Context
    ) -> pb.ListSharedPlansResponse:
        page = answered(await self._shared.page(request.house_id, request.words, request.page_size, request.page_token))
        return pb.ListSharedPlansResponse(plans=map(_message, page.plans), next_page_token=page.next_page_token)

    async def UseSharedPlan(self, request: pb.UseSharedPlanRequest, context: Context) -> pb.UseSharedPlanResponse:  # noqa: N802
        used = await self._shared.use(
            asked_once(request, _used), request.house_id, request.hall_id, request.shared_plan_id
        )
        return pb.UseSharedPlanResponse.FromString(answered(used))

    async def OfferSharedPlan(self, request: pb.OfferSharedPlanRequest, context: Context) -> pb.OfferSharedPlanResponse:  # noqa: N802
        asked: Asked[SharedPlan] = asked_once(request, lambda plan: pb.OfferSharedPlanResponse(plan=_message(plan)))
        terms = SharedPlanTerms(request.name, request.city, request.description)
        offered = OfferedPlan(request.hall_id, request.plan_version, terms)
        plan = await self._shared.offer(asked, request.house_id, offered)
        return pb.OfferSharedPlanResponse.FromString(answered(plan))

    async def WithdrawSharedPlan(  # noqa: N802
        self, request: pb.WithdrawSharedPlanRequest, context: Context
    ) -> pb.WithdrawSharedPlanResponse:
        plan = await self._shared.withdraw(request.house_id, request.shared_plan_id)
        return pb.WithdrawSharedPlanResponse(plan=_message(answered(plan)))

    async def PublishSharedPlan(  # noqa: N802
        self, request: pb.PublishSharedPlanRequest, context: Context
    ) -> pb.PublishSharedPlanResponse:
        asked: Asked[SharedPlan] = asked_once(request, lambda plan: pb.PublishSharedPlanResponse(plan=_message(plan)))
        terms = SharedPlanTerms(request.name, request.city, request.description)
        plan = await self._shared.publish(asked, terms, PlanFiles(request.plan_json, request.sidecar_json))
        return pb.PublishSharedPlanResponse.FromString(answered(plan))

    async def RetireSharedPlan(  # noqa: N802
        self, request: pb.RetireSharedPlanRequest, context: Context
    ) -> pb.RetireSharedPlanResponse:
        plan = await self._shared.retire(request.shared_plan_id)
        return pb.RetireSharedPlanResponse(plan=_message(answered(plan)))


def _used(used: PlanImported) -> pb.UseSharedPlanResponse:
    return pb.UseSharedPlanResponse(
        plan_version=used.plan_version, seat_count=used.seat_count, warnings=warning_messages(used)
    )


def _message(plan: SharedPlan) -> pb.SharedPlan:
    return pb.SharedPlan(
        shared_plan_id=plan.shared_plan_id,
        offered_by=plan.offered_by,
        name=plan.name,
        city=plan.city,
        description=plan.description,
        seat_count=plan.seat_count,
        categories=plan.categories,
        published_at=wire_instant(plan.published_at_ms),
        withdrawn_at=wire_instant(plan.withdrawn_at_ms) if plan.withdrawn_at_ms else None,
    )
