"""How holds, and what follows on them, travel to the inventory over OwnerStreams. Refusals are answers."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import NamedTuple, TypeAlias

import grpc
from balcon.inventory.v1 import inventory_service_pb2 as pb
from balcon.inventory.v1.inventory_service_pb2_grpc import InventoryServiceStub
from balcon.types.v1.seating_pb2 import CHANNEL_ONLINE, Channel

from services.contracts.reasons import Reason
from services.contracts.wire_types import wire_principal
from services.runtime.principal import PrincipalRef
from services.runtime.rpc.node_stream import Stream
from services.runtime.rpc.owner_streams import OwnerStreams

# The rows that the proto marks so.
_FOR_THE_RECORD = frozenset(
    row.name for row in pb.Command.DESCRIPTOR.fields if row.GetOptions().Extensions[pb.for_the_record]
)


class OnPerformance(NamedTuple):
    """Whose seats, and which plan's order their indexes are of."""

    house_id: str
    performance_id: str
    plan_version: int


class HoldCommand(NamedTuple):
    """Locks all the seats, indexes of the plan's order, or none."""

    performance: OnPerformance
    hold_id: str
    holder_id: str
    seats: Sequence[int]
    channel: Channel.ValueType = CHANNEL_ONLINE
    # 0 takes the performance's default.
    ttl_seconds: int = 0


class RowCommand(NamedTuple):
    """Anything else. `principal`: on whose behalf, where the row does not name a holder anyway."""

    performance: OnPerformance
    row: pb.Command
    principal: PrincipalRef | None = None

    @property
    def is_for_the_record(self) -> bool:
        """Whether it waits for the record, by the mark of the proto."""
        return self.row.WhichOneof("command") in _FOR_THE_RECORD


class Done(NamedTuple):
    """A yes. `hold_until_ms` of holds, 0 for other commands; `seats` are those that a best-available command found.

    `read` is the hold that a command of that kind has read.
    """

    epoch: int
    hold_until_ms: int = 0
    seats: Sequence[int] = ()
    read: pb.ReadHold | None = None


InventoryCommand: TypeAlias = HoldCommand | RowCommand
InventoryAnswer: TypeAlias = Done | pb.Refused
InventoryStreams: TypeAlias = OwnerStreams[InventoryCommand, InventoryAnswer]


class InventoryCodec:
    """See services.runtime.rpc.owner_streams.StreamCodec."""

    def open(self, channel: grpc.aio.Channel, metadata: Sequence[tuple[str, str]]) -> Stream:
        """The batched stream."""
        return InventoryServiceStub(channel).ExecuteCommands(metadata=grpc.aio.Metadata(*metadata))

    def on_behalf_of(self, command: InventoryCommand, principal: PrincipalRef) -> InventoryCommand:
        """Commands that change holds name their holder."""
        if isinstance(command, HoldCommand) or not command.is_for_the_record:
            return command
        return command._replace(principal=principal)

    def key_of(self, command: InventoryCommand) -> str:
        """The performance."""
        return command.performance.performance_id

    def group_of(self, command: InventoryCommand) -> Hashable:
        """Holds with what their columns have in common. What waits for the record keeps nothing else waiting."""
        if isinstance(command, HoldCommand):
            return command.performance, command.channel, command.ttl_seconds
        return command.performance, command.is_for_the_record

    def message(
        self, commands: Sequence[InventoryCommand], batch_id: int, timeout_ms: int, guessed: bool
    ) -> pb.ExecuteCommandsRequest:
        """All of them holds, or none."""
        house_id, performance_id, plan_version = commands[0].performance
        holds = [command for command in commands if isinstance(command, HoldCommand)]
        return pb.ExecuteCommandsRequest(
            batch_id=batch_id,
            key=pb.PerformanceKey(house_id=house_id, performance_id=performance_id),
            plan_version=plan_version,
            timeout_ms=timeout_ms,
            guessed=guessed,
            holds=_columns(holds) if holds else None,
            commands=[_row(command) for command in commands if isinstance(command, RowCommand)],
        )

    def answers(
        self, commands: Sequence[InventoryCommand], response: pb.ExecuteCommandsResponse
    ) -> Sequence[InventoryAnswer]:
        """By position."""
        if response.batch_refused.reason:
            return [response.batch_refused] * len(commands)
        epoch = response.epoch
        untils = response.hold_until_ms or [0] * len(commands)
        answers: list[InventoryAnswer] = [Done(epoch, until) for until in untils]
        for found in response.found:
            answers[found.position] = Done(epoch, found.hold_until_ms, tuple(found.seat_indexes))
        for read in response.read_holds:
            answers[read.position] = Done(epoch, read.hold_until_ms, tuple(read.seat_indexes), read)
        for refused in response.refused:
            answers[refused.position] = refused
        return answers

    def busy(self, retry_after_ms: int) -> pb.Refused:
        """In the owner's words."""
        return pb.Refused(reason=Reason.OVERLOADED, metadata={"retry_after_ms": str(retry_after_ms)})


def _columns(holds: Sequence[HoldCommand]) -> pb.HoldColumns:
    return pb.HoldColumns(
        hold_ids=[hold.hold_id for hold in holds],
        holder_ids=[hold.holder_id for hold in holds],
        seat_counts=[len(hold.seats) for hold in holds],
        seat_indexes=[seat for hold in holds for seat in hold.seats],
        channel=holds[0].channel,
        ttl_seconds=holds[0].ttl_seconds,
    )


def _row(command: RowCommand) -> pb.Command:
    if command.principal is None:
        return command.row
    # A copy: the caller may send its row again, for somebody else.
    row = pb.Command(on_behalf_of=wire_principal(command.principal))
    row.MergeFrom(command.row)
    return row
