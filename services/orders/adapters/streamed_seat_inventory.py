"""The SeatInventory over the shared stream: what many orders ask for in one moment is one message, and one batch there.

What the stream has no word for, and what it does not know the seats' places of, goes the unary way.
"""

from __future__ import annotations

from balcon.inventory.v1 import inventory_service_pb2 as pb

from services.contracts.inventory_stream import Done as StreamDone
from services.contracts.inventory_stream import InventoryAnswer, InventoryStreams, OnPerformance, RowCommand
from services.contracts.reasons import Reason
from services.contracts.wire_types import wire_channel
from services.orders.adapters.grpc_answers import declined_or_unanswered
from services.orders.adapters.grpc_seat_inventory import CERTAIN, GrpcSeatInventory, channel_told
from services.orders.adapters.seat_places import PlanPlaces, SeatPlaces
from services.orders.domain.order import LineStatus, Order, OrderPart, reservation_of
from services.orders.ports import Answer, Declined, Done, HeldSeats, Unanswered
from services.runtime.rpc import owner_streams

# The stream speaks of the plan as it is now; seats of an older version are only known to the unary calls.
_OTHER_PLAN = {Reason.PLAN_VERSION_MISMATCH.value}
_GOING = {LineStatus.RELEASE_DUE, LineStatus.RELEASED}
# What a node of the release before says of a command that it does not know.
_NO_SUCH_COMMAND = {Reason.FIELD_INVALID.value, Reason.PLAN_VERSION_MISMATCH.value}


class StreamedSeatInventory:
    """See SeatInventory. `timeout_seconds` bounds a call with all its tries."""

    def __init__(
        self, streams: InventoryStreams, places: SeatPlaces, unary: GrpcSeatInventory, *, timeout_seconds: float
    ) -> None:
        self._streams = streams
        self._places = places
        self._unary = unary
        self._timeout_seconds = timeout_seconds

    async def held_seats(self, house_id: str, performance_id: str, hold_id: str) -> HeldSeats | Declined:
        plan = None if reservation_of(hold_id) else self._places.newest(house_id, performance_id)
        if plan is None:
            return await self._unary.held_seats(house_id, performance_id, hold_id)
        row = pb.Command(read_hold=pb.ReadHoldCommand(hold_id=hold_id))
        answer = await self._ask("GetHold", OnPerformance(house_id, performance_id, plan.plan_version), row)
        if isinstance(answer, StreamDone) and answer.read is not None:
            return _held(hold_id, plan, answer.read)
        if isinstance(answer, StreamDone) or answer.reason in _NO_SUCH_COMMAND:
            if isinstance(answer, pb.Refused) and answer.reason in _OTHER_PLAN:
                self._places.forget(house_id, performance_id)
            return await self._unary.held_seats(house_id, performance_id, hold_id)
        return _declined("GetHold", answer)

    async def release(self, order: Order, part: OrderPart) -> Answer:
        plan, seats = self._seats(order, part)
        if plan is None or reservation_of(part.hold_id) is not None:
            return await self._unary.release(order, part)
        row = pb.ReleaseCommand(hold_id=part.hold_id, holder_id=order.holder_id, seat_indexes=seats)
        answer = await self._row("ReleaseHold", order, part, pb.Command(release=row))
        return await self._unary.release(order, part) if answer is None else answer

    async def claim(self, order: Order, part: OrderPart, *, from_hold: bool) -> Answer:
        plan, seats = self._seats(order, part)
        # Only a hold proves that both mean the same seats by their places.
        if plan is None or not from_hold or reservation_of(part.hold_id) is not None:
            return await self._unary.claim(order, part, from_hold=from_hold)
        row = pb.ClaimCommand(
            order_id=order.order_id,
            holder_id=order.holder_id,
            hold_id=part.hold_id,
            seat_indexes=seats,
            channel=wire_channel(order.channel),
            ticket_types=[line.ticket_type for line in part.lines],
        )
        answer = await self._row("ClaimSeats", order, part, pb.Command(claim=row))
        return await self._unary.claim(order, part, from_hold=True) if answer is None else answer

    async def confirm_claim(self, order: Order, part: OrderPart) -> Answer:
        row = pb.Command(confirm=pb.ConfirmCommand(order_id=order.order_id))
        answer = await self._row("ConfirmClaim", order, part, row)
        return await self._unary.confirm_claim(order, part) if answer is None else answer

    async def cancel_claim(self, order: Order, part: OrderPart) -> Answer:
        row = pb.Command(cancel_claim=pb.CancelClaimCommand(order_id=order.order_id))
        answer = await self._row("CancelClaim", order, part, row)
        return await self._unary.cancel_claim(order, part) if answer is None else answer

    async def cancel_sale(self, order: Order, part: OrderPart) -> Answer:
        row = pb.Command(cancel_sale=pb.CancelSaleCommand(order_id=order.order_id))
        answer = await self._row("CancelSale", order, part, row)
        return await self._unary.cancel_sale(order, part) if answer is None else answer

    async def release_seats(self, order: Order, part: OrderPart) -> Answer:
        """See SeatInventory.release_seats. All that is left goes by the order's name; by places alone nobody can tell
        whether both mean the same seats.
        """
        is_all = all(line.status in _GOING for line in part.lines)
        return await (self.cancel_sale(order, part) if is_all else self._unary.release_seats(order, part))

    def _seats(self, order: Order, part: OrderPart) -> tuple[PlanPlaces | None, list[int]]:
        plan = self._places.of(order.house_id, part.performance_id, part.plan_version)
        if plan is None:
            return None, []
        seats = [plan.places[seat_id] for seat_id in part.seat_ids if seat_id in plan.places]
        return (plan, seats) if len(seats) == len(part.lines) else (None, [])

    async def _row(self, call: str, order: Order, part: OrderPart, row: pb.Command) -> Answer | None:
        """None: the stream has no word for it, as the performance has another plan by now."""
        on = OnPerformance(order.house_id, part.performance_id, part.plan_version)
        answer = await self._ask(call, on, row)
        if isinstance(answer, StreamDone):
            return Done()
        return None if answer.reason in _OTHER_PLAN else _declined(call, answer)

    async def _ask(self, call: str, on: OnPerformance, row: pb.Command) -> InventoryAnswer:
        try:
            return await self._streams.ask(RowCommand(on, row), timeout_seconds=self._timeout_seconds)
        except owner_streams.Unanswered as unanswered:
            raise Unanswered(call) from unanswered


def _held(hold_id: str, plan: PlanPlaces, read: pb.ReadHold) -> HeldSeats:
    return HeldSeats(
        hold_id=hold_id,
        holder_id=read.holder_id,
        plan_version=plan.plan_version,
        seat_ids=tuple(plan.seat_ids[seat] for seat in read.seat_indexes),
        channel=channel_told(read.channel),
        hold_until_ms=read.hold_until_ms,
    )


def _declined(call: str, refused: pb.Refused) -> Declined:
    return declined_or_unanswered(call, refused.reason, refused.metadata, CERTAIN)
