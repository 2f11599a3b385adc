"""One face for both ways to command the inventory: a unary call, or a message on the stream. For conformance tests."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

import grpc
from balcon.inventory.v1 import inventory_service_pb2 as pb
from balcon.types.v1.seating_pb2 import CHANNEL_ONLINE, Channel, SeatRefs

from services.runtime.rpc.errors import refusal_of
from tests.integration.inventory.node import HOUSE, PLAN_VERSION, Node

NAME = "perf_1"
StreamCall: TypeAlias = "grpc.aio.StreamStreamCall[pb.ExecuteCommandsRequest, pb.ExecuteCommandsResponse]"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was answered: an empty reason is a yes."""

    reason: str = ""
    seats: tuple[int, ...] = ()
    field: str = ""
    hold_until_ms: int = 0


YES = ""


@dataclass(frozen=True, slots=True)
class Ask:
    """One command in words that both ways understand. `seats` are indexes of the plan."""

    kind: str
    id: str = ""
    seats: Sequence[int] = ()
    holder_id: str = "anna"
    hold_id: str = ""
    channel: Channel.ValueType = CHANNEL_ONLINE
    ttl_seconds: int = 0
    reason: str = "camera"
    plan_version: int = PLAN_VERSION
    house_id: str = HOUSE
    performance_id: str = NAME

    @property
    def key(self) -> pb.PerformanceKey:
        """Whose performance."""
        return pb.PerformanceKey(house_id=self.house_id, performance_id=self.performance_id)


class Caller(Protocol):
    """Asks and reads the answer."""

    async def __call__(self, ask: Ask) -> Outcome:
        """The outcome; faults are raised."""
        ...


class UnaryCaller:
    """A call per command, seats by their ids."""

    def __init__(self, node: Node) -> None:
        self._stub = node.stub

    async def __call__(self, ask: Ask) -> Outcome:
        try:
            answer = await self._send(ask)
        except grpc.aio.AioRpcError as error:
            refusal = refusal_of(error)
            assert refusal is not None, error
            named = refusal.facts.get("seats", "") if refusal.reason == "SEATS_TAKEN" else ""
            seats = tuple(int(seat.removeprefix("s")) for seat in named.split(",") if seat)
            return Outcome(refusal.reason, seats, refusal.facts.get("field", ""))
        hold = getattr(answer, "hold", None)
        return Outcome(hold_until_ms=0 if hold is None else hold.hold_until_ms)

    def _send(self, ask: Ask) -> Awaitable[Any]:
        key, stub = ask.key, self._stub
        seats = SeatRefs(plan_version=ask.plan_version, seat_ids=[f"s{seat}" for seat in ask.seats])
        hold: dict[str, Any] = {"key": key, "hold_id": ask.id, "holder_id": ask.holder_id}
        order: dict[str, Any] = {"key": key, "order_id": ask.id}
        calls: dict[str, Callable[[], Any]] = {
            "hold": lambda: stub.HoldSeats(
                pb.HoldSeatsRequest(**hold, seats=seats, channel=ask.channel, ttl_seconds=ask.ttl_seconds)
            ),
            "extend": lambda: stub.ExtendHold(pb.ExtendHoldRequest(**hold, ttl_seconds=ask.ttl_seconds)),
            "move": lambda: stub.MoveHold(pb.MoveHoldRequest(**hold, seats=seats)),
            "release": lambda: stub.ReleaseHold(pb.ReleaseHoldRequest(**hold, seats=seats if ask.seats else None)),
            "claim": lambda: stub.ClaimSeats(
                pb.ClaimSeatsRequest(
                    **order, holder_id=ask.holder_id, hold_id=ask.hold_id, seats=seats, channel=ask.channel
                )
            ),
            "confirm": lambda: stub.ConfirmClaim(pb.ConfirmClaimRequest(**order)),
            "cancel_claim": lambda: stub.CancelClaim(pb.CancelClaimRequest(**order)),
            "cancel_sale": lambda: stub.CancelSale(pb.CancelSaleRequest(**order)),
            "block": lambda: stub.BlockSeats(pb.BlockSeatsRequest(key=key, seats=seats, reason=ask.reason)),
            "unblock": lambda: stub.UnblockSeats(pb.UnblockSeatsRequest(key=key, seats=seats)),
        }
        called: Awaitable[Any] = calls[ask.kind]()
        return called


class StreamCaller:
    """A message per command on one long-lived stream, seats by their indexes."""

    def __init__(self, node: Node) -> None:
        self._call = node.stub.ExecuteCommands()
        self._batch_id = 0

    async def __call__(self, ask: Ask) -> Outcome:
        self._batch_id += 1
        message = pb.ExecuteCommandsRequest(batch_id=self._batch_id, key=ask.key, plan_version=ask.plan_version)
        if ask.kind == "hold":
            message.holds.CopyFrom(hold_columns(ask))
        else:
            message.commands.append(_row(ask))
        answer = await self.send(message)
        assert answer.batch_id == self._batch_id
        refused = answer.batch_refused if answer.HasField("batch_refused") else next(iter(answer.refused), None)
        until = answer.hold_until_ms[0] if answer.hold_until_ms else 0
        if refused is None:
            return Outcome(hold_until_ms=until)
        assert until == 0
        return Outcome(refused.reason, tuple(refused.seat_indexes), refused.metadata.get("field", ""))

    async def send(self, message: pb.ExecuteCommandsRequest) -> pb.ExecuteCommandsResponse:
        """One message and the next answer."""
        await self._call.write(message)
        return await next_answer(self._call)

    def close(self) -> None:
        """Ends the stream."""
        self._call.cancel()


async def next_answer(call: StreamCall) -> pb.ExecuteCommandsResponse:
    """The next message of a stream that answers one; what only tells the credit is passed over."""
    while True:
        answer = await call.read()
        assert isinstance(answer, pb.ExecuteCommandsResponse), answer
        if answer.batch_id:
            return answer


def hold_columns(*asks: Ask) -> pb.HoldColumns:
    """Holds as columns; channel and time are those of the first."""
    return pb.HoldColumns(
        hold_ids=[ask.id for ask in asks],
        holder_ids=[ask.holder_id for ask in asks],
        seat_counts=[len(ask.seats) for ask in asks],
        seat_indexes=[seat for ask in asks for seat in ask.seats],
        channel=asks[0].channel,
        ttl_seconds=asks[0].ttl_seconds,
    )


def _row(ask: Ask) -> pb.Command:
    hold = {"hold_id": ask.id, "holder_id": ask.holder_id}
    rows: dict[str, Callable[[], pb.Command]] = {
        "extend": lambda: pb.Command(extend=pb.ExtendCommand(**hold, ttl_seconds=ask.ttl_seconds)),
        "move": lambda: pb.Command(move=pb.MoveCommand(**hold, seat_indexes=ask.seats)),
        "release": lambda: pb.Command(release=pb.ReleaseCommand(**hold, seat_indexes=ask.seats)),
        "claim": lambda: pb.Command(
            claim=pb.ClaimCommand(
                order_id=ask.id,
                holder_id=ask.holder_id,
                hold_id=ask.hold_id,
                seat_indexes=ask.seats,
                channel=ask.channel,
            )
        ),
        "confirm": lambda: pb.Command(confirm=pb.ConfirmCommand(order_id=ask.id)),
        "cancel_claim": lambda: pb.Command(cancel_claim=pb.CancelClaimCommand(order_id=ask.id)),
        "cancel_sale": lambda: pb.Command(cancel_sale=pb.CancelSaleCommand(order_id=ask.id)),
        "block": lambda: pb.Command(block=pb.BlockCommand(seat_indexes=ask.seats, reason=ask.reason)),
        "unblock": lambda: pb.Command(unblock=pb.UnblockCommand(seat_indexes=ask.seats)),
    }
    return rows[ask.kind]()
