"""The calls of allotments: one command each, decided by the performance's owner. Their seats are read elsewhere."""

# ruff: noqa: N802 (the methods have gRPC's names)

from __future__ import annotations

from collections.abc import Callable
from hashlib import blake2b
from typing import Any, TypeVar

import grpc
from balcon.inventory.v1 import allotment_service_pb2 as pb
from balcon.inventory.v1 import allotments_pb2
from balcon.inventory.v1.allotment_service_pb2_grpc import AllotmentServiceServicer
from balcon.inventory.v1.inventory_service_pb2 import PerformanceKey

from services.contracts.bounds import MAX_REASON_CHARS
from services.contracts.instants import refused_instant
from services.contracts.pages import asked_page, token_after
from services.contracts.texts import refused_text
from services.contracts.wire_allotments import wire_allotment
from services.contracts.wire_types import instant_ms
from services.inventory.actors.host import PerformanceHost
from services.inventory.actors.performance_actor import PerformanceActor
from services.inventory.api import messages
from services.inventory.api.allotment_csv import by_lines
from services.inventory.api.allotment_seats import (
    SeatsNamed,
    refused_of_allotment,
    refused_to_allot,
    seats_of_allotment,
    seats_to_allot,
)
from services.inventory.api.forwarding import was_sent_here
from services.inventory.domain import commands, seat_state
from services.inventory.domain.allotment_refusals import AllotmentNotFound
from services.inventory.domain.allotments import KINDS, OFFER, Allotment, SeatsAsked
from services.inventory.domain.decisions import Accepted
from services.inventory.ports import SeatPlan
from services.runtime.call_context import current_call, current_principal
from services.runtime.errors import UNSET, FieldInvalid, Refusal
from services.runtime.ids import refused_key
from services.runtime.rpc.errors import Refused, accept

Context = grpc.aio.ServicerContext[Any, Any]
StepRequest = (
    pb.AllotSeatsRequest
    | pb.ExtendAllotmentRequest
    | pb.ReportSoldRequest
    | pb.TakeBackReportRequest
    | pb.RecallSeatsRequest
    | pb.ReturnUnsoldRequest
    | pb.ScheduleReturnRequest
    | pb.CloseAllotmentRequest
)
Answer = TypeVar(
    "Answer",
    pb.AllotSeatsResponse,
    pb.ExtendAllotmentResponse,
    pb.ReportSoldResponse,
    pb.TakeBackReportResponse,
    pb.RecallSeatsResponse,
    pb.ReturnUnsoldResponse,
    pb.ScheduleReturnResponse,
    pb.CloseAllotmentResponse,
)
_NO_SEATS = SeatsNamed(SeatsAsked(()))


class AllotmentServicer(AllotmentServiceServicer):
    """See allotment_service.proto."""

    def __init__(self, host: PerformanceHost) -> None:
        self._host = host

    async def AllotSeats(self, request: pb.AllotSeatsRequest, context: Context) -> pb.AllotSeatsResponse:
        """Hands free seats to an office."""
        return await self._step(
            request,
            pb.AllotSeatsResponse(),
            lambda plan: seats_to_allot(request.seats, plan),
            lambda named, **step: commands.AllotSeats(
                kind=int(request.kind),
                office_id=request.office_id,
                wanted=named,
                note=request.note,
                return_due_at_ms=instant_ms(request.return_due_at),
                override_reason=request.override_reason,
                **step,
            ),
            *_refused_new(request),
            *refused_to_allot(request.seats),
        )

    async def ExtendAllotment(self, request: pb.ExtendAllotmentRequest, context: Context) -> pb.ExtendAllotmentResponse:
        """Hands more of them."""
        return await self._step(
            request,
            pb.ExtendAllotmentResponse(),
            lambda plan: seats_to_allot(request.seats, plan),
            lambda named, **step: commands.ExtendAllotment(
                wanted=named, override_reason=request.override_reason, **step
            ),
            refused_text("override_reason", request.override_reason, at_least=0, at_most=MAX_REASON_CHARS),
            *refused_to_allot(request.seats),
        )

    async def ReportSold(self, request: pb.ReportSoldRequest, context: Context) -> pb.ReportSoldResponse:
        """The office sold them."""
        return await self._of_seats(request, pb.ReportSoldResponse(), commands.ReportSold)

    async def TakeBackReport(self, request: pb.TakeBackReportRequest, context: Context) -> pb.TakeBackReportResponse:
        """It did not after all."""
        return await self._of_seats(request, pb.TakeBackReportResponse(), commands.TakeBackReport)

    async def RecallSeats(self, request: pb.RecallSeatsRequest, context: Context) -> pb.RecallSeatsResponse:
        """Open seats into the pool."""
        return await self._of_seats(request, pb.RecallSeatsResponse(), commands.RecallSeats)

    async def ReturnUnsold(self, request: pb.ReturnUnsoldRequest, context: Context) -> pb.ReturnUnsoldResponse:
        """On the day: all that is open, or what is named."""
        if request.HasField("seats"):
            return await self._of_seats(request, pb.ReturnUnsoldResponse(), commands.ReturnUnsold)
        return await self._step(
            request,
            pb.ReturnUnsoldResponse(),
            lambda plan: _NO_SEATS,
            lambda named, **step: commands.ReturnUnsold(wanted=None, **step),
        )

    async def ScheduleReturn(self, request: pb.ScheduleReturnRequest, context: Context) -> pb.ScheduleReturnResponse:
        """Unsold seats go back by themselves then."""
        due_at_ms = instant_ms(request.return_due_at)
        return await self._step(
            request,
            pb.ScheduleReturnResponse(),
            lambda plan: _NO_SEATS,
            lambda named, **step: commands.ScheduleReturn(return_due_at_ms=due_at_ms, **step),
            refused_instant("return_due_at", due_at_ms, may_be_unset=True),
        )

    async def CloseAllotment(self, request: pb.CloseAllotmentRequest, context: Context) -> pb.CloseAllotmentResponse:
        """Final."""
        return await self._step(
            request,
            pb.CloseAllotmentResponse(),
            lambda plan: _NO_SEATS,
            lambda named, **step: commands.CloseAllotment(**step),
        )

    async def GetAllotment(self, request: pb.GetAllotmentRequest, context: Context) -> pb.GetAllotmentResponse:
        """With its seats."""
        key = request.key
        actor = await self._owner(key, refused_key("allotment_id", request.allotment_id))
        allotment = actor.seat_map.allotment(request.allotment_id)
        if allotment is None:
            raise Refused(AllotmentNotFound(request.allotment_id))
        message, plan = _message(allotment, actor), actor.performance.plan
        seats, sold = allotment.seats, set(allotment.sold)
        message.seat_ids.extend([plan.seat_ids[seat] for seat in seats])
        message.seat_states = bytes(seat_state.REPORTED_SOLD if seat in sold else seat_state.ALLOTTED for seat in seats)
        return pb.GetAllotmentResponse(allotment=message, deck=_deck(actor), epoch=actor.epoch)

    async def ListAllotments(self, request: pb.ListAllotmentsRequest, context: Context) -> pb.ListAllotmentsResponse:
        """A page of them."""
        key, office_id = request.key, request.office_id
        checks = (*messages.refused_performance(key), refused_key("office_id", office_id) if office_id else None)
        page = asked_page(request.page_size, request.page_token, key.house_id, *checks)
        if isinstance(page, FieldInvalid):
            raise Refused(page)
        actor = await self._owner(key)
        found = sorted(
            (each.created_at_ms, each.allotment_id)
            for each in actor.seat_map.all_allotments()
            if office_id in ("", each.office_id) and not (request.only_open and each.closed_at_ms)
        )
        places = [place for place in found if page.after is None or place > page.after]
        told = places[: page.size]
        more = len(places) > len(told)
        known = actor.seat_map.allotments
        return pb.ListAllotmentsResponse(
            allotments=[_message(known[allotment_id], actor) for _, allotment_id in told],
            next_page_token=token_after(key.house_id, told[-1][1], told[-1][0]) if more else "",
            deck=_deck(actor),
            epoch=actor.epoch,
        )

    async def _of_seats(
        self,
        request: pb.ReportSoldRequest | pb.TakeBackReportRequest | pb.RecallSeatsRequest | pb.ReturnUnsoldRequest,
        answer: Answer,
        command: type[commands.ReportSold | commands.TakeBackReport | commands.RecallSeats | commands.ReturnUnsold],
    ) -> Answer:
        return await self._step(
            request,
            answer,
            lambda plan: seats_of_allotment(request.seats, plan),
            lambda named, **step: command(wanted=named, **step),
            *refused_of_allotment(request.seats),
        )

    async def _step(
        self,
        request: StepRequest,
        answer: Answer,
        seats_for: Callable[[SeatPlan], SeatsNamed],
        command_for: Callable[..., commands.AllottingCommand],
        *checks: FieldInvalid | None,
    ) -> Answer:
        """Decides one command at the owner and tells what it did, now or when it first came."""
        step_id, allotment_id = request.step_id, request.allotment_id
        ids = refused_key("step_id", step_id), refused_key("allotment_id", allotment_id)
        plan = (await self._owner(request.key, *ids, *checks)).performance.plan
        named = seats_for(plan)
        command = command_for(
            named.asked,
            step_id=step_id,
            asked=_fingerprint(request),
            allotment_id=allotment_id,
            on_behalf_of=current_principal(),
        )
        actor = await self._execute(request.key, command, plan, named)
        step, allotment = actor.seat_map.step(step_id), actor.seat_map.allotment(allotment_id)
        assert step is not None
        assert allotment is not None
        answer.allotment.CopyFrom(_message(allotment, actor))
        answer.deck.CopyFrom(_deck(actor))
        answer.seat_ids.extend([actor.performance.plan.seat_ids[seat] for seat in step.seats])
        answer.epoch = actor.epoch
        return answer

    async def _execute(
        self, key: PerformanceKey, command: commands.AllottingCommand, plan: SeatPlan, named: SeatsNamed
    ) -> PerformanceActor:
        call = current_call()
        decided = await self._host.execute(
            key.house_id,
            key.performance_id,
            [command],
            deadline=None if call is None else call.deadline,
            was_sent_here=was_sent_here(),
            plan_version=plan.plan_version,
        )
        if isinstance(decided, Refusal):
            raise Refused(decided)
        decision = decided.decisions[0]
        if not isinstance(decision, Accepted):
            told = messages.with_seat_ids(decision, decided.owner.performance.plan)
            raise Refused(by_lines("seats.csv", told, named.lines) if named.lines else told)
        return decided.owner

    async def _owner(self, key: PerformanceKey, *checks: FieldInvalid | None) -> PerformanceActor:
        accept(*messages.refused_performance(key), *checks)
        actor = await self._host.owner(key.house_id, key.performance_id, epoch=key.epoch, was_sent_here=was_sent_here())
        if isinstance(actor, Refusal):
            raise Refused(actor)
        return actor


def _refused_new(request: pb.AllotSeatsRequest) -> list[FieldInvalid | None]:
    """What is wrong with all but the seats of a new allotment."""
    due_at_ms = instant_ms(request.return_due_at)
    is_offer = request.kind == OFFER
    unknown = f"{int(request.kind)} is no kind" if request.kind else UNSET
    names = ", ".join(name.removeprefix("ALLOTMENT_KIND_") for name in allotments_pb2.AllotmentKind.keys()[1:])
    office = None
    if is_offer and request.office_id:
        office = FieldInvalid("office_id", "is set", "none for an offer")
    elif not is_offer:
        office = refused_key("office_id", request.office_id)
    return [
        None if request.kind in KINDS else FieldInvalid("kind", unknown, names),
        office,
        refused_text("note", request.note, at_least=0, at_most=MAX_REASON_CHARS),
        refused_instant("return_due_at", due_at_ms, may_be_unset=not is_offer),
        refused_text("override_reason", request.override_reason, at_least=0, at_most=MAX_REASON_CHARS),
    ]


def _fingerprint(request: StepRequest) -> str:
    """Equal for equal content: all that is asked but the id and the epoch that the caller believed in."""
    content = type(request)()
    content.CopyFrom(request)  # type: ignore[arg-type]
    content.ClearField("step_id")
    content.key.ClearField("epoch")
    if not isinstance(content, pb.CloseAllotmentRequest | pb.ScheduleReturnRequest):
        _sort(content.seats)
    told = content.DESCRIPTOR.full_name.encode() + b"\0" + content.SerializeToString(deterministic=True)
    return blake2b(told, digest_size=16).hexdigest()


def _sort(named: pb.SeatsToAllot | pb.SeatsOfAllotment) -> None:
    """Seats are a set, in whatever order they are named."""
    if named.HasField("listed"):
        named.listed.seat_ids[:] = sorted(named.listed.seat_ids)


def _message(allotment: Allotment, actor: PerformanceActor) -> allotments_pb2.Allotment:
    performance = actor.performance
    return wire_allotment(performance.house_id, performance.performance_id, performance.plan.plan_version, allotment)


def _deck(actor: PerformanceActor) -> allotments_pb2.Deck:
    """R1.1, as acknowledged."""
    counts = actor.feed.counts()
    return allotments_pb2.Deck(
        pool=counts.pool,
        allotments=counts.allotted + counts.reported_sold,
        capacity=counts.capacity,
        free=counts.free,
    )
