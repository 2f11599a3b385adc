"""Callers over gRPC. The plain one cannot follow hints: it asks any node, and each must answer as the owner would.

The routed one finds owners with the real OwnerRouting.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import grpc
from balcon.inventory.v1 import inventory_service_pb2 as pb
from balcon.types.v1.seating_pb2 import Channel, SeatRefs

from services.inventory.domain import commands as c
from services.inventory.domain import refusals as no
from services.inventory.domain.decisions import Accepted
from services.inventory.domain.records import Hold
from services.inventory.ports import SeatPlan
from services.runtime.errors import FieldInvalid, Overloaded, Refusal
from services.runtime.rpc.errors import refusal_of
from services.runtime.rpc.routing import OwnerRouting
from tests.simulation.stage.cluster_client import CALL_SECONDS, ClusterClient
from tests.simulation.stage.network import NoAnswer
from tests.simulation.stage.node import Decided
from tests.simulation.stage.node_rpc import SERVICE, Metadata, RpcCall
from tests.simulation.stage.wires import Wires

_REFUSALS: Mapping[str, type[Refusal]] = {
    refusal.reason(): refusal
    for refusal in [*vars(no).values(), FieldInvalid, Overloaded]
    if isinstance(refusal, type) and issubclass(refusal, Refusal) and refusal is not Refusal
}
# Answers that say nothing about the matter.
_FOR_NOW = (no.NotOwner, no.DeadlinePassed, Overloaded)


class PlainClient(ClusterClient):
    """A ClusterClient without routes. Ids stay the same from try to try, whoever is asked."""

    kind = "plain"

    def __init__(self, client: ClusterClient, wires: Wires, house_id: str, plan: SeatPlan) -> None:
        super().__init__(client.name, {}, wires.network, wires.clock, wires.weather)
        self._wires = wires
        self._house_id = house_id
        self._plan = plan

    async def decide(self, performance_id: str, command: c.Command, patience_seconds: float) -> Decided:
        """See ClusterClient."""
        until = self._clock.monotonic() + patience_seconds
        while True:
            decided = await self._decided(performance_id, command)
            if decided is not None:
                self._weather.note(round(self._clock.monotonic(), 6), self.name, command, decided)
                return decided
            if self._clock.monotonic() >= until:
                raise NoAnswer
            await self._clock.sleep(self._weather.random.uniform(0.02, 0.3))

    async def _decided(self, performance_id: str, command: c.Command) -> Decided | None:
        key = pb.PerformanceKey(house_id=self._house_id, performance_id=performance_id)
        request = self._request(key, command)
        name = type(request).__name__.removesuffix("Request")
        now = self._clock.monotonic()
        call = RpcCall(SERVICE + name, request.SerializeToString(), (), now + CALL_SECONDS)
        try:
            payload = await self._reach(performance_id, call)
        except grpc.aio.AioRpcError as error:
            refusal = _refusal(error)
            if refusal is None or isinstance(refusal, _FOR_NOW):
                self._weather.met[f"{self.kind}_told_{error.code().name}"] += 1
                return None
            return Decided(refusal, 0)
        response: Any = getattr(pb, f"{name}Response").FromString(payload)
        self._weather.met[f"{self.kind}_yes"] += 1
        hold = self._hold(response.hold) if "hold" in response.DESCRIPTOR.fields_by_name else None
        return Decided(Accepted(None, hold), response.epoch)

    async def _reach(self, _performance_id: str, call: RpcCall) -> bytes:
        return await self._wires.unary(self.name, self._weather.random.choice(sorted(self._wires.nodes)), call)

    def _hold(self, hold: pb.Hold) -> Hold:
        seats = tuple(sorted(self._plan.index_of[seat_id] for seat_id in hold.seats.seat_ids))
        return Hold(hold.hold_id, hold.holder_id, seats, hold.channel, 0, hold.hold_until_ms)

    def _seats(self, seats: tuple[int, ...]) -> SeatRefs:
        return SeatRefs(plan_version=self._plan.plan_version, seat_ids=[self._plan.seat_ids[seat] for seat in seats])

    def _request(self, key: pb.PerformanceKey, command: c.Command) -> Any:  # noqa: PLR0911 (one case a command)
        match command:
            case c.HoldSeats(hold_id, holder_id, seats, channel):
                return pb.HoldSeatsRequest(
                    key=key, hold_id=hold_id, holder_id=holder_id, seats=self._seats(seats),
                    channel=Channel.ValueType(channel),
                )  # fmt: skip
            case c.HoldBestAvailable(hold_id, holder_id, groups, channel):
                return pb.HoldBestAvailableRequest(
                    key=key, hold_id=hold_id, holder_id=holder_id, plan_version=self._plan.plan_version,
                    groups=[pb.SeatGroup(size=group.size) for group in groups], channel=Channel.ValueType(channel),
                )  # fmt: skip
            case c.ExtendHold(hold_id, holder_id):
                return pb.ExtendHoldRequest(key=key, hold_id=hold_id, holder_id=holder_id)
            case c.MoveHold(hold_id, holder_id, seats):
                return pb.MoveHoldRequest(key=key, hold_id=hold_id, holder_id=holder_id, seats=self._seats(seats))
            case c.ReleaseHold(hold_id, holder_id, seats):
                named = self._seats(seats) if seats else None
                return pb.ReleaseHoldRequest(key=key, hold_id=hold_id, holder_id=holder_id, seats=named)
            case c.ClaimSeats(order_id, holder_id, hold_id, seats, channel):
                return pb.ClaimSeatsRequest(
                    key=key, order_id=order_id, holder_id=holder_id, hold_id=hold_id, seats=self._seats(seats),
                    channel=Channel.ValueType(channel),
                )  # fmt: skip
            case c.ConfirmClaim(order_id):
                return pb.ConfirmClaimRequest(key=key, order_id=order_id)
            case c.CancelClaim(order_id):
                return pb.CancelClaimRequest(key=key, order_id=order_id)
            case c.CancelSale(order_id):
                return pb.CancelSaleRequest(key=key, order_id=order_id)
            case _:
                raise AssertionError(command)


class RoutedClient(PlainClient):
    """One that follows hints, with the code that services have for it."""

    kind = "routed"

    def __init__(self, client: ClusterClient, wires: Wires, house_id: str, plan: SeatPlan) -> None:
        super().__init__(client, wires, house_id, plan)
        self._routing = _Routing(sorted(wires.nodes), wires.clock, wires.weather.random.random)

    async def _reach(self, performance_id: str, call: RpcCall) -> bytes:
        async def send(place: Any, timeout_seconds: float, metadata: Metadata) -> bytes:
            until = self._clock.monotonic() + timeout_seconds
            return await self._wires.unary(self.name, place, replace(call, metadata=metadata, until=until))

        return await self._routing.call(performance_id, send, timeout_seconds=CALL_SECONDS)


class _Routing(OwnerRouting):
    """Its channels are the names of the nodes."""

    def channel(self, target: str) -> Any:
        return target


def _refusal(error: grpc.aio.AioRpcError) -> Refusal | None:
    """The no as the domain has it, with its facts as text; None: no word about the matter."""
    told = refusal_of(error)
    refusal = None if told is None else _REFUSALS.get(told.reason)
    return None if refusal is None or told is None else refusal(**told.facts)
