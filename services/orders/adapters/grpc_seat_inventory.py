"""The SeatInventory over gRPC. Only a known refusal of the matter is a no; a moving owner never is (RULE 8, 25)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

import grpc
from balcon.inventory.v1.inventory_service_pb2 import (
    CancelClaimRequest,
    CancelSaleRequest,
    ClaimSeatsRequest,
    ConfirmClaimRequest,
    GetHoldRequest,
    PerformanceKey,
    ReleaseHoldRequest,
)
from balcon.inventory.v1.inventory_service_pb2_grpc import InventoryServiceStub
from balcon.inventory.v1.reservation_service_pb2 import (
    RESERVATION_STATE_STANDING,
    GetReservationRequest,
    GetReservationResponse,
)
from balcon.inventory.v1.reservation_service_pb2_grpc import ReservationServiceStub
from balcon.types.v1.seating_pb2 import Channel as WireChannel
from balcon.types.v1.seating_pb2 import SeatRefs

from services.contracts.channels import Channel
from services.contracts.instants import LATEST_MS
from services.contracts.reasons import Reason
from services.contracts.wire_types import channel_of, instant_ms, wire_channel
from services.orders.adapters.grpc_answers import declined_or_raise
from services.orders.domain.order import Order, OrderPart, of_reservation, reservation_of
from services.orders.ports import Answer, Declined, Done, HeldSeats, Unanswered
from services.runtime.rpc.routing import OwnerRouting

if TYPE_CHECKING:
    from balcon.inventory.v1.inventory_service_pb2_grpc import InventoryServiceAsyncStub
    from balcon.inventory.v1.reservation_service_pb2_grpc import ReservationServiceAsyncStub

    Method = Callable[[InventoryServiceAsyncStub], grpc.aio.UnaryUnaryMultiCallable["Request", "Response"]]

Request = TypeVar("Request")
Response = TypeVar("Response")

# What inventory's rules say no with. Any other reason is news to us, and so no proof of anything.
CERTAIN = frozenset({
    Reason.CLAIM_ALREADY_SOLD, Reason.CLAIM_ENDED, Reason.CLAIM_MISMATCH, Reason.CLAIM_NOT_FOUND,
    Reason.CLAIM_NOT_SOLD, Reason.FIELD_INVALID, Reason.HOLDER_LIMIT, Reason.HOLD_ENDED, Reason.HOLD_EXPIRED,
    Reason.HOLD_FOREIGN, Reason.HOLD_NOT_FOUND, Reason.NOT_ON_SALE, Reason.PERFORMANCE_NOT_FOUND,
    Reason.PLAN_VERSION_MISMATCH, Reason.QUOTA_REACHED, Reason.SEATS_NOT_HELD, Reason.SEATS_TAKEN, Reason.SEAT_UNKNOWN,
    Reason.TICKET_TYPE_NOT_ASSIGNED, Reason.RESERVATION_FOREIGN, Reason.RESERVATION_NOT_FOUND, Reason.RESERVATION_OVER,
})  # fmt: skip


class GrpcSeatInventory:
    """See SeatInventory. `timeout_seconds` bounds a call with all its tries."""

    def __init__(self, routes: OwnerRouting, *, timeout_seconds: float) -> None:
        self._routes = routes
        self._timeout_seconds = timeout_seconds

    async def held_seats(self, house_id: str, performance_id: str, hold_id: str) -> HeldSeats | Declined:
        reservation_id = reservation_of(hold_id)
        if reservation_id is not None:
            return await self._reserved_seats(house_id, performance_id, reservation_id)
        request = GetHoldRequest(key=PerformanceKey(house_id=house_id, performance_id=performance_id), hold_id=hold_id)
        try:
            response = await self._call(performance_id, lambda stub: stub.GetHold, request)
        except grpc.aio.AioRpcError as error:
            return declined_or_raise("GetHold", error, CERTAIN)
        hold = response.hold
        return HeldSeats(
            hold_id=hold.hold_id,
            holder_id=hold.holder_id,
            plan_version=hold.seats.plan_version,
            seat_ids=tuple(hold.seats.seat_ids),
            channel=channel_told(hold.channel),
            hold_until_ms=hold.hold_until_ms,
        )

    async def _reserved_seats(self, house_id: str, performance_id: str, reservation_id: str) -> HeldSeats | Declined:
        """A reservation as a hold: until its deadline, or for as long as anybody plans."""
        key = PerformanceKey(house_id=house_id, performance_id=performance_id)
        request = GetReservationRequest(key=key, reservation_id=reservation_id)

        async def attempt(
            channel: grpc.aio.Channel, left: float, metadata: Sequence[tuple[str, str]]
        ) -> GetReservationResponse:
            stub: ReservationServiceAsyncStub = ReservationServiceStub(channel)
            return await stub.GetReservation(request, timeout=left, metadata=grpc.aio.Metadata(*metadata))

        try:
            answer = await self._routes.call(performance_id, attempt, timeout_seconds=self._timeout_seconds)
        except grpc.aio.AioRpcError as error:
            return declined_or_raise("GetReservation", error, CERTAIN)
        found = answer.reservation
        if found.state != RESERVATION_STATE_STANDING:
            return Declined(Reason.RESERVATION_OVER)
        return HeldSeats(
            hold_id=of_reservation(reservation_id),
            holder_id=found.holder_id,
            plan_version=found.seats.plan_version,
            seat_ids=tuple(found.seats.seat_ids),
            channel=channel_told(found.channel),
            hold_until_ms=instant_ms(found.deadline_at) or LATEST_MS,
        )

    async def release(self, order: Order, part: OrderPart) -> Answer:
        if reservation_of(part.hold_id) is not None:
            # The house has promised the seats, and promises them still.
            return Done()
        request = ReleaseHoldRequest(
            key=_key(order, part), hold_id=part.hold_id, holder_id=order.holder_id, seats=_seats(part)
        )
        return await self._answer("ReleaseHold", part, lambda stub: stub.ReleaseHold, request)

    async def claim(self, order: Order, part: OrderPart, *, from_hold: bool) -> Answer:
        reservation_id = reservation_of(part.hold_id)
        request = ClaimSeatsRequest(
            key=_key(order, part),
            order_id=order.order_id,
            holder_id=order.holder_id,
            hold_id=part.hold_id if from_hold and reservation_id is None else "",
            reservation_id=reservation_id or "" if from_hold else "",
            seats=_seats(part),
            channel=wire_channel(order.channel),
            ticket_types=[line.ticket_type for line in part.lines],
        )
        return await self._answer("ClaimSeats", part, lambda stub: stub.ClaimSeats, request)

    async def confirm_claim(self, order: Order, part: OrderPart) -> Answer:
        request = ConfirmClaimRequest(key=_key(order, part), order_id=order.order_id)
        return await self._answer("ConfirmClaim", part, lambda stub: stub.ConfirmClaim, request)

    async def cancel_claim(self, order: Order, part: OrderPart) -> Answer:
        request = CancelClaimRequest(key=_key(order, part), order_id=order.order_id)
        return await self._answer("CancelClaim", part, lambda stub: stub.CancelClaim, request)

    async def cancel_sale(self, order: Order, part: OrderPart) -> Answer:
        request = CancelSaleRequest(key=_key(order, part), order_id=order.order_id)
        return await self._answer("CancelSale", part, lambda stub: stub.CancelSale, request)

    async def release_seats(self, order: Order, part: OrderPart) -> Answer:
        """See SeatInventory.release_seats."""
        seats = SeatRefs(plan_version=part.plan_version, seat_ids=part.release_due)
        request = CancelSaleRequest(key=_key(order, part), order_id=order.order_id, seats=seats)
        return await self._answer("CancelSale", part, lambda stub: stub.CancelSale, request)

    async def _answer(self, name: str, part: OrderPart, method: Method[Request, Response], request: Request) -> Answer:
        try:
            await self._call(part.performance_id, method, request)
        except grpc.aio.AioRpcError as error:
            return declined_or_raise(name, error, CERTAIN)
        return Done()

    async def _call(self, performance_id: str, method: Method[Request, Response], request: Request) -> Response:
        async def attempt(channel: grpc.aio.Channel, left: float, metadata: Sequence[tuple[str, str]]) -> Response:
            send = method(InventoryServiceStub(channel))
            return await send(request, timeout=left, metadata=grpc.aio.Metadata(*metadata))

        return await self._routes.call(performance_id, attempt, timeout_seconds=self._timeout_seconds)


def _key(order: Order, part: OrderPart) -> PerformanceKey:
    return PerformanceKey(house_id=order.house_id, performance_id=part.performance_id)


def _seats(part: OrderPart) -> SeatRefs:
    return SeatRefs(plan_version=part.plan_version, seat_ids=part.seat_ids)


def channel_told(wire: WireChannel.ValueType) -> Channel:
    """The channel of a hold. Raises Unanswered."""
    channel = channel_of(wire)
    if channel is None:  # of a later version of inventory: nothing here knows what it means
        raise Unanswered("GetHold")
    return channel
