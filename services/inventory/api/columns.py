"""Reads the stream's columns and rows into commands, and writes refusals back. Seats are indexes here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

from balcon.inventory.v1 import inventory_service_pb2 as pb

from services.inventory.actors.mailbox import WORK_COMMANDS
from services.inventory.api import messages
from services.inventory.domain import commands
from services.inventory.domain.refusals import OrphanLeft, SeatsTaken
from services.inventory.ports import SeatPlan
from services.runtime.errors import UNSET, FieldInvalid, Refusal
from services.runtime.ids import are_keys, refused_key
from services.runtime.rpc.errors import Refused

# Of one message's holds together; beyond it not even the columns are read.
MOST_SEATS = WORK_COMMANDS * messages.SEATS_PER_COMMAND


def read_commands(request: pb.ExecuteCommandsRequest, plan: SeatPlan) -> list[commands.Command | Refusal]:
    """Holds first, then rows; a malformed one is its own refusal and does not fail its neighbours (RULE 12).

    Raises Refused when the columns do not fit together: then no position of the message can be trusted.
    """
    read: list[commands.Command | Refusal] = []
    if request.holds.hold_ids:
        read.extend(_holds(request.holds, len(plan.seat_ids)))
    for row in request.commands:
        try:
            read.append(_command(row, plan))
        except Refused as refused:
            read.append(refused.refusal)
    return read


def _holds(columns: pb.HoldColumns, capacity: int) -> Sequence[commands.Command | Refusal]:
    counts = list(columns.seat_counts)
    if not len(columns.hold_ids) == len(columns.holder_ids) == len(counts):
        raise Refused(FieldInvalid("holds", "has columns of unequal length", "one entry a hold in each"))
    if len(columns.seat_indexes) > MOST_SEATS:
        problem = f"names {len(columns.seat_indexes)} seats"
        raise Refused(FieldInvalid("holds.seat_indexes", problem, f"at most {MOST_SEATS} seats"))
    if sum(counts) != len(columns.seat_indexes):
        raise Refused(FieldInvalid("holds.seat_indexes", "does not match seat_counts", "the sum of seat_counts"))
    channel = messages.check_channel(columns.channel)
    ttl_ms = messages.check_ttl(columns.ttl_seconds)
    hold_ids, holder_ids = list(columns.hold_ids), list(columns.holder_ids)
    indexes = list(columns.seat_indexes)
    seats_of_each = _parted(indexes, counts)
    if _are_good(hold_ids, holder_ids, counts, indexes, capacity):
        return [
            commands.HoldSeats(hold_id, holder_id, seats, channel, ttl_ms)
            for hold_id, holder_id, seats in zip(hold_ids, holder_ids, seats_of_each, strict=True)
        ]
    read: list[commands.Command | Refusal] = []
    for hold_id, holder_id, seats in zip(hold_ids, holder_ids, seats_of_each, strict=True):
        refused: Refusal | None = refused_key("hold_id", hold_id) or refused_key("holder_id", holder_id)
        refused = refused or messages.refused_indexes(seats, capacity)
        read.append(refused or commands.HoldSeats(hold_id, holder_id, seats, channel, ttl_ms))
    return read


def _parted(indexes: Sequence[int], counts: Sequence[int]) -> list[tuple[int, ...]]:
    """The seats of each hold, ascending."""
    parted = []
    start = 0
    for count in counts:
        parted.append(tuple(sorted(indexes[start : start + count])))
        start += count
    return parted


def _are_good(
    hold_ids: Sequence[str], holder_ids: Sequence[str], counts: Sequence[int], indexes: Sequence[int], capacity: int
) -> bool:
    """Whether no hold of the message can be malformed: one look at all of them, in C. False says nothing."""
    return (
        are_keys(hold_ids)
        and are_keys(holder_ids)
        and min(counts) >= 1
        and max(counts) <= messages.SEATS_PER_COMMAND
        and max(indexes) < capacity
        and len(set(indexes)) == len(indexes)
    )


def _seats(indexes: Sequence[int], capacity: int, *, at_most: int = messages.SEATS_PER_COMMAND) -> tuple[int, ...]:
    refused = messages.refused_indexes(indexes, capacity, at_most=at_most)
    if refused is not None:
        raise Refused(refused)
    return tuple(sorted(indexes))


def _command(row: pb.Command, plan: SeatPlan) -> commands.Command:  # noqa: PLR0911 (one case a command)
    capacity = len(plan.seat_ids)
    kind = row.WhichOneof("command")
    match kind:
        case "extend":
            hold_id, holder_id = _hold_key(row.extend)
            return commands.ExtendHold(hold_id, holder_id, messages.check_ttl(row.extend.ttl_seconds))
        case "move":
            return commands.MoveHold(*_hold_key(row.move), _seats(row.move.seat_indexes, capacity))
        case "release":
            indexes = row.release.seat_indexes
            return commands.ReleaseHold(*_hold_key(row.release), _seats(indexes, capacity) if indexes else ())
        case "claim":
            return _claim(row.claim, capacity)
        case "confirm":
            return commands.ConfirmClaim(messages.check_key("order_id", row.confirm.order_id))
        case "cancel_claim":
            return commands.CancelClaim(messages.check_key("order_id", row.cancel_claim.order_id))
        case "cancel_sale":
            return commands.CancelSale(messages.check_key("order_id", row.cancel_sale.order_id))
        case "block":
            seats = _seats(row.block.seat_indexes, capacity, at_most=messages.BLOCKED_SEATS_PER_COMMAND)
            return commands.BlockSeats(seats, messages.check_reason(row.block.reason))
        case "unblock":
            at_most = messages.BLOCKED_SEATS_PER_COMMAND
            return commands.UnblockSeats(_seats(row.unblock.seat_indexes, capacity, at_most=at_most))
        case "best_available":
            return _best_available(row.best_available, plan)
        case None:
            raise Refused(FieldInvalid("commands.command", UNSET, "one command a row"))
        case _:
            assert_never(kind)


def _hold_key(row: pb.ExtendCommand | pb.MoveCommand | pb.ReleaseCommand) -> tuple[str, str]:
    return messages.check_key("hold_id", row.hold_id), messages.check_key("holder_id", row.holder_id)


def _claim(row: pb.ClaimCommand, capacity: int) -> commands.ClaimSeats:
    return commands.ClaimSeats(
        messages.check_key("order_id", row.order_id),
        messages.check_key("holder_id", row.holder_id),
        messages.check_key("hold_id", row.hold_id) if row.hold_id else "",
        _seats(row.seat_indexes, capacity),
        messages.check_channel(row.channel),
    )


def _best_available(row: pb.BestAvailableCommand, plan: SeatPlan) -> commands.HoldBestAvailable:
    return commands.HoldBestAvailable(
        messages.check_key("hold_id", row.hold_id),
        messages.check_key("holder_id", row.holder_id),
        messages.seat_groups(row.groups, plan),
        messages.check_channel(row.channel),
        row.may_split,
        messages.check_ttl(row.ttl_seconds),
    )


def refused_message(position: int, refusal: Refusal) -> pb.Refused:
    """A refusal on the stream: seats as indexes, other facts as text."""
    message = pb.Refused(position=position, reason=refusal.reason())
    if isinstance(refusal, SeatsTaken | OrphanLeft):
        message.seat_indexes.extend(seat for seat in refusal.seats if isinstance(seat, int))
        return message
    for name, value in refusal.facts().items():
        message.metadata[name] = value
    return message
