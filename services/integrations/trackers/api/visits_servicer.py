"""balcon.trackers.v1.VisitsService: requests to handlers, answers to messages. No rules."""

from __future__ import annotations

from balcon.trackers.v1 import visits_service_pb2 as pb
from balcon.trackers.v1.visits_service_pb2_grpc import VisitsServiceServicer

from services.contracts.bounds import MAX_SEATS_PER_HOLD
from services.integrations.trackers.api.tracker_messages import step_of
from services.integrations.trackers.api.visit_messages import (
    consents_message,
    consents_of,
    hosts_message,
    items_of,
    refused_consents,
    refused_items,
    refused_traces,
    refused_worth,
    snippet_message,
    traces_of,
    worth_of,
)
from services.integrations.trackers.domain.reached import Reached
from services.integrations.trackers.domain.steps import Step
from services.integrations.trackers.handlers.visits import VisitHandler
from services.runtime.clock import Clock
from services.runtime.errors import UNSET, FieldInvalid
from services.runtime.ids import refused_key
from services.runtime.rpc.errors import Refused, accept, answered
from services.runtime.rpc.interceptors import Context


class VisitsServicer(VisitsServiceServicer):
    """See balcon.trackers.v1.VisitsService."""

    def __init__(self, visits: VisitHandler, clock: Clock) -> None:
        self._visits = visits
        self._clock = clock

    async def RecordVisit(self, request: pb.RecordVisitRequest, context: Context) -> pb.RecordVisitResponse:  # noqa: N802
        accept(
            refused_key("house_id", request.house_id),
            refused_key("visit_id", request.visit_id),
            None if request.HasField("consents") else FieldInvalid("consents", UNSET, "what was chosen"),
            refused_consents(request.consents, self._clock.now_ms()),
            refused_traces(request.traces),
        )
        consents = await self._visits.record(
            request.house_id, request.visit_id, consents_of(request.consents), traces_of(request.traces)
        )
        return pb.RecordVisitResponse(consents=consents_message(consents))

    async def ForgetVisit(self, request: pb.ForgetVisitRequest, context: Context) -> pb.ForgetVisitResponse:  # noqa: N802
        accept(refused_key("house_id", request.house_id), refused_key("visit_id", request.visit_id))
        await self._visits.forget(request.house_id, request.visit_id)
        return pb.ForgetVisitResponse()

    async def ReportStep(self, request: pb.ReportStepRequest, context: Context) -> pb.ReportStepResponse:  # noqa: N802
        step, tickets = step_of(request.step), request.tickets
        within = tickets <= MAX_SEATS_PER_HOLD
        accept(
            *_refused_place(request, step),
            None if within else FieldInvalid("tickets", f"is {tickets:,}", f"0 to {MAX_SEATS_PER_HOLD}"),
        )
        assert not isinstance(step, FieldInvalid), "refused otherwise"
        refusal = await self._visits.report(self._reached(request, step, tickets))
        if refusal is not None:
            raise Refused(refusal)
        return pb.ReportStepResponse()

    async def GetSnippets(self, request: pb.GetSnippetsRequest, context: Context) -> pb.GetSnippetsResponse:  # noqa: N802
        step = step_of(request.step)
        is_done, has_value = step is Step.DONE, request.HasField("value")
        accept(
            *_refused_place(request, step),
            FieldInvalid("value", UNSET, "a purchase has a value") if is_done and not has_value else None,
            refused_consents(request.consents, self._clock.now_ms()),
            refused_items("items", request.items),
        )
        assert not isinstance(step, FieldInvalid), "refused otherwise"
        items = items_of(request.items)
        reached = self._reached(request, step, sum(item.quantity for item in items))
        consents = consents_of(request.consents) if request.HasField("consents") else None
        snippets, hosts = answered(await self._visits.snippets(reached, consents, items))
        return pb.GetSnippetsResponse(
            calls=[snippet_message(call) for call in snippets.does], hosts=hosts_message(hosts)
        )

    def _reached(self, request: pb.ReportStepRequest | pb.GetSnippetsRequest, step: Step, tickets: int) -> Reached:
        return Reached(
            house_id=request.house_id,
            performance_id=request.performance_id,
            visit_id=request.visit_id,
            step=step,
            at_ms=self._clock.now_ms(),
            order_id=request.order_id,
            worth=worth_of(request.value) if request.HasField("value") else None,
            tickets=tickets,
        )


def _refused_place(
    request: pb.ReportStepRequest | pb.GetSnippetsRequest, step: Step | FieldInvalid
) -> tuple[FieldInvalid | None, ...]:
    needs_order = step is Step.DONE and not request.order_id
    return (
        refused_key("house_id", request.house_id),
        refused_key("performance_id", request.performance_id),
        refused_key("visit_id", request.visit_id),
        step if isinstance(step, FieldInvalid) else None,
        refused_key("order_id", request.order_id) if request.order_id or needs_order else None,
        refused_worth("value", request.value) if request.HasField("value") else None,
    )
