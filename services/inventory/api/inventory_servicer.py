"""The unary calls, the watch and the stream. Unary: seats by their ids, one command a call."""

# ruff: noqa: N802 (the methods have gRPC's names)

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any, TypeVar

import grpc
import msgspec
from balcon.inventory.v1 import inventory_service_pb2 as pb
from balcon.inventory.v1.inventory_service_pb2_grpc import InventoryServiceServicer
from balcon.types.v1.seating_pb2 import SeatRefs

from services.contracts.plan_changes import PlanInUse
from services.contracts.wire_types import refused_channel
from services.inventory.actors.host import PerformanceHost
from services.inventory.actors.performance_actor import PerformanceActor
from services.inventory.actors.plan_change import PlanChanger
from services.inventory.api import messages
from services.inventory.api.blocks import block_kind, list_blocks, refused_block_kind
from services.inventory.api.command_stream import CommandStream
from services.inventory.api.forwarding import was_sent_here
from services.inventory.api.quota_messages import figures_messages, watch_figures
from services.inventory.api.seat_maps import seat_map, seat_map_parts
from services.inventory.api.watch import watch_seats
from services.inventory.domain import commands
from services.inventory.domain.changes import Change
from services.inventory.domain.decisions import Accepted
from services.inventory.domain.records import Hold
from services.inventory.domain.refusals import HoldNotFound
from services.inventory.ports import BlockList
from services.runtime.call_context import current_buyer, current_call, current_principal
from services.runtime.clock import Clock
from services.runtime.errors import FieldInvalid, Refusal
from services.runtime.ids import refused_key
from services.runtime.rpc.errors import Refused, accept

Context = grpc.aio.ServicerContext[Any, Any]
# As many as the largest plan has.
CHANGED_SEATS = 100_000
Answer = TypeVar(
    "Answer",
    pb.HoldSeatsResponse,
    pb.OverbookSeatsResponse,
    pb.HoldBestAvailableResponse,
    pb.ExtendHoldResponse,
    pb.MoveHoldResponse,
    pb.GetHoldResponse,
)


class InventoryServicer(InventoryServiceServicer):
    """See inventory_service.proto."""

    def __init__(self, host: PerformanceHost, changer: PlanChanger, blocks: BlockList, clock: Clock) -> None:
        self._host = host
        self._changer = changer
        self._blocks = blocks
        self._stream = CommandStream(host, clock)

    async def _owner(self, key: pb.PerformanceKey, *checks: FieldInvalid | None) -> PerformanceActor:
        accept(*checks, *messages.refused_performance(key))
        actor = await self._host.owner(key.house_id, key.performance_id, epoch=key.epoch, was_sent_here=was_sent_here())
        if isinstance(actor, Refusal):
            raise Refused(actor)
        return actor

    async def _execute(
        self,
        key: pb.PerformanceKey,
        seats: SeatRefs | None,
        command_for: Callable[[tuple[int, ...]], commands.Command],
        *checks: FieldInvalid | None,
        at_most: int = messages.SEATS_PER_COMMAND,
        older_too: bool = False,
        ticket_types: Sequence[str] = (),
    ) -> tuple[Accepted[Change], PerformanceActor]:
        """Decides one command at the performance's owner, and says which that was; raises Refused where the answer
        is no. `checks`: what is wrong with the request's other fields, if anything is. `ticket_types`: of the seats."""
        refused_seats = () if seats is None else messages.refused_seats(seats, at_most)
        if seats is not None and ticket_types:
            checks = (*checks, messages.refused_ticket_types(ticket_types, len(seats.seat_ids)))
        plan = (await self._owner(key, *checks, *refused_seats)).performance.plan
        indexes = () if seats is None else messages.seat_indexes(seats, plan, older_too=older_too)
        command = command_for(indexes)
        if isinstance(command, commands.HoldSeats | commands.ClaimSeats) and seats is not None and ticket_types:
            sorted_types = messages.in_seat_order(ticket_types, seats.seat_ids, plan)
            command = msgspec.structs.replace(command, ticket_types=sorted_types)
        call = current_call()
        decided = await self._host.execute(
            key.house_id,
            key.performance_id,
            [command],
            deadline=None if call is None else call.deadline,
            was_sent_here=was_sent_here(),
            plan_version=plan.plan_version if indexes else 0,
        )
        if isinstance(decided, Refusal):
            raise Refused(decided)
        decision = decided.decisions[0]
        if not isinstance(decision, Accepted):
            raise Refused(messages.with_seat_ids(decision, decided.owner.performance.plan))
        return decision, decided.owner

    async def HoldSeats(self, request: pb.HoldSeatsRequest, context: Context) -> pb.HoldSeatsResponse:
        """Locks all the seats for one holder, or none."""
        hold_id, holder_id, channel, ttl_seconds = _hold_of(request)
        accepted, actor = await self._execute(
            request.key,
            request.seats,
            lambda seats: commands.HoldSeats(hold_id, holder_id, seats, channel, ttl_seconds * 1000),
            refused_key("hold_id", hold_id),
            refused_key("holder_id", holder_id),
            refused_channel("channel", request.channel),
            messages.refused_ttl(ttl_seconds),
            ticket_types=request.ticket_types,
        )
        return _with_hold(pb.HoldSeatsResponse(epoch=actor.epoch), accepted.hold, actor)

    async def OverbookSeats(self, request: pb.OverbookSeatsRequest, context: Context) -> pb.OverbookSeatsResponse:
        """The same beyond what quotas allow (R4.12)."""
        hold_id, holder_id, channel, ttl_seconds = _hold_of(request)
        accepted, actor = await self._execute(
            request.key,
            request.seats,
            lambda seats: commands.HoldSeats(hold_id, holder_id, seats, channel, ttl_seconds * 1000, overbook=True),
            refused_key("hold_id", hold_id),
            refused_key("holder_id", holder_id),
            messages.refused_staff_channel("channel", request.channel),
            messages.refused_ttl(ttl_seconds),
            ticket_types=request.ticket_types,
        )
        return _with_hold(pb.OverbookSeatsResponse(epoch=actor.epoch), accepted.hold, actor)

    async def HoldBestAvailable(
        self, request: pb.HoldBestAvailableRequest, context: Context
    ) -> pb.HoldBestAvailableResponse:
        """Locks the best seats there are."""
        hold_id, holder_id, channel, ttl_seconds = _hold_of(request)
        owner = await self._owner(
            request.key,
            refused_key("hold_id", hold_id),
            refused_key("holder_id", holder_id),
            refused_channel("channel", request.channel),
            messages.refused_ttl(ttl_seconds),
            messages.refused_plan_version("plan_version", request.plan_version),
            *messages.refused_groups(request.groups),
        )
        messages.check_plan_version(request.plan_version, owner.performance.plan)
        groups = messages.seat_groups(request.groups, owner.performance.plan)
        wanted = commands.HoldBestAvailable(hold_id, holder_id, groups, channel, request.may_split, ttl_seconds * 1000)
        accepted, actor = await self._execute(request.key, None, lambda _: wanted)
        return _with_hold(pb.HoldBestAvailableResponse(epoch=actor.epoch), accepted.hold, actor)

    async def ExtendHold(self, request: pb.ExtendHoldRequest, context: Context) -> pb.ExtendHoldResponse:
        """Moves a hold's end."""
        hold_id, holder_id, ttl_seconds = request.hold_id, request.holder_id, request.ttl_seconds
        accepted, actor = await self._execute(
            request.key,
            None,
            lambda _: commands.ExtendHold(hold_id, holder_id, ttl_seconds * 1000),
            refused_key("hold_id", hold_id),
            refused_key("holder_id", holder_id),
            messages.refused_ttl(ttl_seconds),
        )
        return _with_hold(pb.ExtendHoldResponse(epoch=actor.epoch), accepted.hold, actor)

    async def MoveHold(self, request: pb.MoveHoldRequest, context: Context) -> pb.MoveHoldResponse:
        """Exchanges a hold's seats in one step."""
        hold_id, holder_id = request.hold_id, request.holder_id
        accepted, actor = await self._execute(
            request.key,
            request.seats,
            lambda seats: commands.MoveHold(hold_id, holder_id, seats),
            refused_key("hold_id", hold_id),
            refused_key("holder_id", holder_id),
        )
        return _with_hold(pb.MoveHoldResponse(epoch=actor.epoch), accepted.hold, actor)

    async def ReleaseHold(self, request: pb.ReleaseHoldRequest, context: Context) -> pb.ReleaseHoldResponse:
        """Lets a hold's seats go, where the caller names them only those."""
        hold_id, holder_id = request.hold_id, request.holder_id
        _, actor = await self._execute(
            request.key,
            request.seats if request.HasField("seats") else None,
            lambda seats: commands.ReleaseHold(hold_id, holder_id, seats),
            refused_key("hold_id", hold_id),
            refused_key("holder_id", holder_id),
        )
        return pb.ReleaseHoldResponse(epoch=actor.epoch)

    async def GetHold(self, request: pb.GetHoldRequest, context: Context) -> pb.GetHoldResponse:
        """The acknowledged hold as it stands."""
        hold_id = request.hold_id
        accepted, actor = await self._execute(
            request.key, None, lambda _: commands.ReadHold(hold_id), refused_key("hold_id", hold_id)
        )
        buyer, hold = current_buyer(), accepted.hold
        if buyer and (hold is None or hold.holder_id != buyer):
            raise Refused(HoldNotFound(hold_id))
        return _with_hold(pb.GetHoldResponse(epoch=actor.epoch), hold, actor)

    async def ClaimSeats(self, request: pb.ClaimSeatsRequest, context: Context) -> pb.ClaimSeatsResponse:
        """A hold or a reservation becomes an order's claim in the record."""
        order_id, holder_id, hold_id, channel = request.order_id, request.holder_id, request.hold_id, request.channel
        reservation_id = request.reservation_id
        _, actor = await self._execute(
            request.key,
            request.seats,
            lambda seats: commands.ClaimSeats(
                order_id,
                holder_id,
                hold_id,
                seats,
                int(channel),
                reservation_id=reservation_id,
                on_behalf_of=current_principal(),
            ),
            refused_key("order_id", order_id),
            refused_key("holder_id", holder_id),
            refused_key("hold_id", hold_id) if hold_id else None,
            refused_key("reservation_id", reservation_id) if reservation_id else None,
            refused_channel("channel", channel),
            older_too=True,
            ticket_types=request.ticket_types,
        )
        return pb.ClaimSeatsResponse(epoch=actor.epoch)

    async def ConfirmClaim(self, request: pb.ConfirmClaimRequest, context: Context) -> pb.ConfirmClaimResponse:
        """Claimed to sold."""
        return pb.ConfirmClaimResponse(epoch=await self._end_claim(request, commands.ConfirmClaim))

    async def CancelClaim(self, request: pb.CancelClaimRequest, context: Context) -> pb.CancelClaimResponse:
        """Claimed to free."""
        return pb.CancelClaimResponse(epoch=await self._end_claim(request, commands.CancelClaim))

    async def CancelSale(self, request: pb.CancelSaleRequest, context: Context) -> pb.CancelSaleResponse:
        """Sold to free."""
        order_id = request.order_id
        _, actor = await self._execute(
            request.key,
            request.seats if request.HasField("seats") else None,
            lambda seats: commands.CancelSale(order_id, seats, on_behalf_of=current_principal()),
            refused_key("order_id", order_id),
            older_too=True,
        )
        return pb.CancelSaleResponse(epoch=actor.epoch)

    async def _end_claim(
        self,
        request: pb.ConfirmClaimRequest | pb.CancelClaimRequest,
        command: type[commands.ConfirmClaim | commands.CancelClaim],
    ) -> int:
        order_id = request.order_id
        checked = refused_key("order_id", order_id)
        _, actor = await self._execute(
            request.key, None, lambda _: command(order_id, on_behalf_of=current_principal()), checked
        )
        return actor.epoch

    async def BlockSeats(self, request: pb.BlockSeatsRequest, context: Context) -> pb.BlockSeatsResponse:
        """Takes free seats off sale."""
        reason, kind = request.reason, request.kind
        _, actor = await self._execute(
            request.key,
            request.seats,
            lambda seats: commands.BlockSeats(seats, reason, block_kind(kind), on_behalf_of=current_principal()),
            messages.refused_reason(reason),
            refused_block_kind("kind", kind),
            at_most=messages.BLOCKED_SEATS_PER_COMMAND,
        )
        return pb.BlockSeatsResponse(epoch=actor.epoch)

    async def UnblockSeats(self, request: pb.UnblockSeatsRequest, context: Context) -> pb.UnblockSeatsResponse:
        """Puts blocked seats back on sale."""
        _, actor = await self._execute(
            request.key,
            request.seats,
            lambda seats: commands.UnblockSeats(seats, on_behalf_of=current_principal()),
            at_most=messages.BLOCKED_SEATS_PER_COMMAND,
        )
        return pb.UnblockSeatsResponse(epoch=actor.epoch)

    async def ListBlocks(self, request: pb.ListBlocksRequest, context: Context) -> pb.ListBlocksResponse:
        """The blocked seats, and why."""
        return await list_blocks(request, self._owner, self._blocks)

    async def AdoptPlan(self, request: pb.AdoptPlanRequest, context: Context) -> pb.AdoptPlanResponse:
        """Goes over to another version of the plan, where nothing stands in the way."""
        key, changed = request.key, request.changed_seat_ids
        too_many = FieldInvalid("changed_seat_ids", f"names {len(changed):,} seats", f"at most {CHANGED_SEATS:,}")
        accept(
            *messages.refused_performance(key),
            messages.refused_plan_version("plan_version", request.plan_version),
            too_many if len(changed) > CHANGED_SEATS else None,
        )
        version = await self._changer.adopt(
            key.house_id, key.performance_id, request.plan_version, changed, was_sent_here=was_sent_here()
        )
        if isinstance(version, PlanInUse):
            # Whole: a refusal has no room for the seats of a hall.
            return pb.AdoptPlanResponse(in_the_way=messages.seats_in_the_way(version))
        if isinstance(version, Refusal):
            raise Refused(version)
        return pb.AdoptPlanResponse(plan_version=version)

    async def GetSeatMap(self, request: pb.GetSeatMapRequest, context: Context) -> pb.GetSeatMapResponse:
        """The acknowledged state of every seat."""
        return seat_map(await self._owner(request.key), with_seat_ids=request.with_seat_ids)

    async def StreamSeatMap(
        self, request: pb.StreamSeatMapRequest, context: Context
    ) -> AsyncIterator[pb.StreamSeatMapResponse]:
        """The same and the ids, in parts."""
        for part in seat_map_parts(await self._owner(request.key)):
            yield part

    async def WatchSeats(  # type: ignore[override]  # deltas are encoded once for all who watch
        self, request: pb.WatchSeatsRequest, context: Context
    ) -> AsyncIterator[pb.WatchSeatsResponse | bytes]:
        """A snapshot, then numbered deltas."""
        async for update in watch_seats(await self._owner(request.key)):
            yield update

    async def GetQuotaFigures(self, request: pb.GetQuotaFiguresRequest, context: Context) -> pb.GetQuotaFiguresResponse:
        """How many a channel may still sell now, and why."""
        actor = await self._owner(request.key)
        told = actor.quota_news.now()
        quotas = figures_messages(told.figures)
        return pb.GetQuotaFiguresResponse(quotas=quotas, terms_version=told.terms_version, epoch=actor.epoch)

    async def WatchQuotaFigures(  # type: ignore[override]  # encoded once for all who watch
        self, request: pb.WatchQuotaFiguresRequest, context: Context
    ) -> AsyncIterator[bytes]:
        """The same with every change."""
        async for figures in watch_figures(await self._owner(request.key)):
            yield figures

    async def ExecuteCommands(
        self, request_iterator: AsyncIterator[pb.ExecuteCommandsRequest], context: Context
    ) -> AsyncIterator[pb.ExecuteCommandsResponse]:
        """Many commands a message, on one long-lived stream."""
        async for response in self._stream.serve(request_iterator):
            yield response


def _hold_of(
    request: pb.HoldSeatsRequest | pb.OverbookSeatsRequest | pb.HoldBestAvailableRequest,
) -> tuple[str, str, int, int]:
    """Hold, holder, channel, and the seconds that it shall live."""
    return request.hold_id, request.holder_id, int(request.channel), request.ttl_seconds


def _with_hold(answer: Answer, hold: Hold | None, actor: PerformanceActor) -> Answer:
    assert hold is not None
    messages.write_hold(answer.hold, hold, actor.performance.plan, actor.seat_map.rules)
    return answer
