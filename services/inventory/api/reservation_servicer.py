"""The calls of reservations (R4.8): one command each, decided by the performance's owner."""

# ruff: noqa: N802 (the methods have gRPC's names)

from __future__ import annotations

from hashlib import blake2b
from typing import Any, TypeVar

import grpc
from balcon.inventory.v1 import reservation_service_pb2 as pb
from balcon.inventory.v1.inventory_service_pb2 import PerformanceKey
from balcon.inventory.v1.reservation_service_pb2_grpc import ReservationServiceServicer
from balcon.types.v1.seating_pb2 import Channel, SeatRefs

from services.contracts.bounds import MAX_REASON_CHARS
from services.contracts.instants import refused_instant
from services.contracts.pages import asked_page, token_after
from services.contracts.texts import refused_text
from services.contracts.wire_types import instant_ms, wire_instant
from services.inventory.actors.host import PerformanceHost
from services.inventory.actors.performance_actor import PerformanceActor
from services.inventory.api import messages
from services.inventory.api.forwarding import was_sent_here
from services.inventory.domain import commands
from services.inventory.domain.decisions import Accepted
from services.inventory.domain.reservation_refusals import ReservationNotFound
from services.inventory.domain.reservations import Reservation
from services.inventory.ports import SeatPlan
from services.runtime.call_context import current_call, current_principal
from services.runtime.errors import FieldInvalid, Refusal
from services.runtime.ids import refused_key
from services.runtime.rpc.errors import Refused, accept

Context = grpc.aio.ServicerContext[Any, Any]
Answer = TypeVar(
    "Answer",
    pb.ReserveSeatsResponse,
    pb.ExtendReservationResponse,
    pb.ReleaseReservationResponse,
    pb.GetReservationResponse,
)


class ReservationServicer(ReservationServiceServicer):
    """See reservation_service.proto."""

    def __init__(self, host: PerformanceHost) -> None:
        self._host = host

    async def ReserveSeats(self, request: pb.ReserveSeatsRequest, context: Context) -> pb.ReserveSeatsResponse:
        """Promises free seats."""
        key, deadline_ms = request.key, instant_ms(request.deadline_at)
        owner = await self._owner(
            key,
            refused_key("reservation_id", request.reservation_id),
            refused_key("holder_id", request.holder_id),
            messages.refused_staff_channel("channel", request.channel),
            refused_text("reference", request.reference, at_least=0, at_most=MAX_REASON_CHARS),
            refused_instant("deadline_at", deadline_ms, may_be_unset=True),
            *messages.refused_seats(request.seats),
        )
        plan = owner.performance.plan
        command = commands.ReserveSeats(
            request.reservation_id,
            request.holder_id,
            messages.seat_indexes(request.seats, plan),
            int(request.channel),
            request.reference,
            deadline_ms,
            _fingerprint(request),
            on_behalf_of=current_principal(),
        )
        actor = await self._execute(key, command, plan)
        return _answered(pb.ReserveSeatsResponse(epoch=actor.epoch), request.reservation_id, actor)

    async def ExtendReservation(
        self, request: pb.ExtendReservationRequest, context: Context
    ) -> pb.ExtendReservationResponse:
        """Another deadline, or none."""
        key, deadline_ms = request.key, instant_ms(request.deadline_at)
        await self._owner(
            key,
            refused_key("reservation_id", request.reservation_id),
            refused_instant("deadline_at", deadline_ms, may_be_unset=True),
        )
        command = commands.ExtendReservation(request.reservation_id, deadline_ms, on_behalf_of=current_principal())
        actor = await self._execute(key, command)
        return _answered(pb.ExtendReservationResponse(epoch=actor.epoch), request.reservation_id, actor)

    async def ReleaseReservation(
        self, request: pb.ReleaseReservationRequest, context: Context
    ) -> pb.ReleaseReservationResponse:
        """Its seats are free again."""
        await self._owner(request.key, refused_key("reservation_id", request.reservation_id))
        command = commands.ReleaseReservation(request.reservation_id, on_behalf_of=current_principal())
        actor = await self._execute(request.key, command)
        return _answered(pb.ReleaseReservationResponse(epoch=actor.epoch), request.reservation_id, actor)

    async def GetReservation(self, request: pb.GetReservationRequest, context: Context) -> pb.GetReservationResponse:
        """Ended or not."""
        actor = await self._owner(request.key, refused_key("reservation_id", request.reservation_id))
        return _answered(pb.GetReservationResponse(epoch=actor.epoch), request.reservation_id, actor)

    async def ListReservations(
        self, request: pb.ListReservationsRequest, context: Context
    ) -> pb.ListReservationsResponse:
        """A page of them."""
        key = request.key
        page = asked_page(request.page_size, request.page_token, key.house_id, *messages.refused_performance(key))
        if isinstance(page, FieldInvalid):
            raise Refused(page)
        actor = await self._owner(key)
        known = actor.seat_map.reservations
        found = sorted(
            (each.reserved_at_ms, each.reservation_id)
            for each in known.values()
            if each.stands or request.include_ended
        )
        places = [place for place in found if page.after is None or place > page.after]
        told = places[: page.size]
        more = len(places) > len(told)
        return pb.ListReservationsResponse(
            reservations=[_message(known[reservation_id], actor.performance.plan) for _, reservation_id in told],
            next_page_token=token_after(key.house_id, told[-1][1], told[-1][0]) if more else "",
            epoch=actor.epoch,
        )

    async def _owner(self, key: PerformanceKey, *checks: FieldInvalid | None) -> PerformanceActor:
        accept(*messages.refused_performance(key), *checks)
        actor = await self._host.owner(key.house_id, key.performance_id, epoch=key.epoch, was_sent_here=was_sent_here())
        if isinstance(actor, Refusal):
            raise Refused(actor)
        return actor

    async def _execute(
        self, key: PerformanceKey, command: commands.ReservingCommand, plan: SeatPlan | None = None
    ) -> PerformanceActor:
        """`plan`: whose indexes the command names seats by."""
        call = current_call()
        decided = await self._host.execute(
            key.house_id,
            key.performance_id,
            [command],
            deadline=None if call is None else call.deadline,
            was_sent_here=was_sent_here(),
            plan_version=0 if plan is None else plan.plan_version,
        )
        if isinstance(decided, Refusal):
            raise Refused(decided)
        decision = decided.decisions[0]
        if not isinstance(decision, Accepted):
            raise Refused(messages.with_seat_ids(decision, decided.owner.performance.plan))
        return decided.owner


def _fingerprint(request: pb.ReserveSeatsRequest) -> str:
    """Equal for equal content: all that is asked but the id, the plan and the epoch that the caller believed in."""
    content = pb.ReserveSeatsRequest()
    content.CopyFrom(request)
    content.ClearField("key")
    content.ClearField("reservation_id")
    content.seats.ClearField("plan_version")
    content.seats.seat_ids[:] = sorted(content.seats.seat_ids)
    return blake2b(content.SerializeToString(deterministic=True), digest_size=16).hexdigest()


def _answered(answer: Answer, reservation_id: str, actor: PerformanceActor) -> Answer:
    """The acknowledged reservation as it stands."""
    found = actor.seat_map.reservation(reservation_id)
    if found is None:
        raise Refused(ReservationNotFound(reservation_id))
    answer.reservation.CopyFrom(_message(found, actor.performance.plan))
    return answer


def _message(reservation: Reservation, plan: SeatPlan) -> pb.Reservation:
    deadline_ms = reservation.deadline_ms
    return pb.Reservation(
        reservation_id=reservation.reservation_id,
        holder_id=reservation.holder_id,
        seats=SeatRefs(plan_version=plan.plan_version, seat_ids=[plan.seat_ids[seat] for seat in reservation.seats]),
        channel=Channel.ValueType(reservation.channel),
        reference=reservation.reference,
        deadline_at=wire_instant(deadline_ms) if deadline_ms else None,
        state=pb.ReservationState.ValueType(reservation.state),
        reserved_at=wire_instant(reservation.reserved_at_ms),
    )
