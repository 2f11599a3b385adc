"""Reads the stream's columns and rows into commands, and writes refusals back. Seats are indexes here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

import msgspec
from balcon.inventory.v1 import inventory_service_pb2 as pb

from services.contracts.wire_types import principal_of, refused_channel, refused_principal
from services.inventory.actors.mailbox import WORK_COMMANDS
from services.inventory.api import messages
from services.inventory.api.blocks import block_kind, refused_block_kind
from services.inventory.domain import commands
from services.inventory.domain.refusals import OrphanLeft, SeatsTaken
from services.inventory.ports import SeatPlan
from services.runtime.errors import UNSET, FieldInvalid, Refusal, refused_fields
from services.runtime.ids import are_keys, refused_key
from services.runtime.rpc.errors import Refused, accept

# Of one message's holds together; beyond it not even the columns are read.
MOST_SEATS = WORK_COMMANDS * messages.SEATS_PER_COMMAND
_BLOCKED = messages.BLOCKED_SEATS_PER_COMMAND


def read_commands(request: pb.ExecuteCommandsRequest, plan: SeatPlan) -> list[commands.Command | Refusal]:
    """Holds first, then rows; a malformed one is its own refusal and does not fail its neighbours (RULE 12).

    Raises Refused when the columns do not fit together: then no position of the message can be trusted.
    """
    read: list[commands.Command | Refusal] = []
    holds = request.holds
    if holds.hold_ids or holds.holder_ids or holds.seat_counts or holds.seat_indexes:
        read.extend(_holds(holds, len(plan.seat_ids)))
    for row in request.commands:
        try:
            read.append(_command(row, plan))
        except Refused as refused:
            read.append(refused.refusal)
    return read


def _holds(columns: pb.HoldColumns, capacity: int) -> Sequence[commands.Command | Refusal]:
    counts = list(columns.seat_counts)
    accept(
        _refused_lengths(columns),
        _refused_seats(columns, sum(counts)),
        refused_channel("holds.channel", columns.channel),
        messages.refused_ttl(columns.ttl_seconds, "holds.ttl_seconds"),
        messages.refused_ticket_types(columns.ticket_types, len(columns.seat_indexes), "holds.ticket_types"),
    )
    if columns.ticket_types:
        return _typed_holds(columns, counts, capacity)
    channel, ttl_ms = int(columns.channel), columns.ttl_seconds * 1000
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


def _typed_holds(columns: pb.HoldColumns, counts: Sequence[int], capacity: int) -> list[commands.Command | Refusal]:
    """Holds that say as which ticket types their seats will be sold. Few callers know."""
    channel, ttl_ms = int(columns.channel), columns.ttl_seconds * 1000
    read: list[commands.Command | Refusal] = []
    start = 0
    for hold_id, holder_id, count in zip(columns.hold_ids, columns.holder_ids, counts, strict=True):
        end = start + count
        pairs = sorted(zip(columns.seat_indexes[start:end], columns.ticket_types[start:end], strict=True))
        start = end
        seats = tuple(seat for seat, _ in pairs)
        refused: Refusal | None = refused_key("hold_id", hold_id) or refused_key("holder_id", holder_id)
        refused = refused or messages.refused_indexes(seats, capacity)
        types = tuple(name for _, name in pairs)
        read.append(refused or commands.HoldSeats(hold_id, holder_id, seats, channel, ttl_ms, types))
    return read


def _refused_lengths(columns: pb.HoldColumns) -> FieldInvalid | None:
    lengths = {
        "hold_ids": len(columns.hold_ids),
        "holder_ids": len(columns.holder_ids),
        "seat_counts": len(columns.seat_counts),
    }
    if len(set(lengths.values())) == 1:
        return None
    unset = refused_fields(
        FieldInvalid(f"holds.{name}", UNSET, "one entry a hold") for name, length in lengths.items() if not length
    )
    return unset or FieldInvalid("holds", "has columns of unequal length", "one entry a hold in each")


def _refused_seats(columns: pb.HoldColumns, counted: int) -> FieldInvalid | None:
    named = len(columns.seat_indexes)
    if named > MOST_SEATS:
        return FieldInvalid("holds.seat_indexes", f"names {named} seats", f"at most {MOST_SEATS} seats")
    if named != counted:
        problem = "does not match seat_counts" if named else UNSET
        return FieldInvalid("holds.seat_indexes", problem, "the sum of seat_counts")
    return None


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


def _command(row: pb.Command, plan: SeatPlan) -> commands.Command:
    command = _decoded(row, plan)
    if not row.HasField("on_behalf_of"):
        return command
    accept(refused_principal("commands.on_behalf_of", row.on_behalf_of))
    if not isinstance(command, commands.RecordCommand):
        return command
    return msgspec.structs.replace(command, on_behalf_of=principal_of(row.on_behalf_of))


def _decoded(  # noqa: PLR0911, PLR0912 (one case a command)
    row: pb.Command, plan: SeatPlan
) -> commands.Command:
    kind = row.WhichOneof("command")
    match kind:
        case "extend":
            hold_id, holder_id, ttl_seconds = row.extend.hold_id, row.extend.holder_id, row.extend.ttl_seconds
            accept(*_refused_hold(row.extend), messages.refused_ttl(ttl_seconds))
            return commands.ExtendHold(hold_id, holder_id, ttl_seconds * 1000)
        case "move":
            seats = _seats(row.move.seat_indexes, plan, *_refused_hold(row.move))
            return commands.MoveHold(row.move.hold_id, row.move.holder_id, seats)
        case "release":
            indexes = row.release.seat_indexes
            refused = messages.refused_indexes(indexes, len(plan.seat_ids)) if indexes else None
            accept(*_refused_hold(row.release), refused)
            return commands.ReleaseHold(row.release.hold_id, row.release.holder_id, tuple(sorted(indexes)))
        case "claim":
            return _claim(row.claim, plan)
        case "confirm":
            return commands.ConfirmClaim(messages.check_key("order_id", row.confirm.order_id))
        case "cancel_claim":
            return commands.CancelClaim(messages.check_key("order_id", row.cancel_claim.order_id))
        case "cancel_sale":
            return _cancel_sale(row.cancel_sale, plan)
        case "block":
            reason, wanted = row.block.reason, row.block.kind
            refusals = messages.refused_reason(reason), refused_block_kind("kind", wanted)
            seats = _seats(row.block.seat_indexes, plan, *refusals, at_most=_BLOCKED)
            return commands.BlockSeats(seats, reason, block_kind(wanted))
        case "unblock":
            return commands.UnblockSeats(_seats(row.unblock.seat_indexes, plan, at_most=_BLOCKED))
        case "best_available":
            return _best_available(row.best_available, plan)
        case "read_hold":
            return commands.ReadHold(messages.check_key("hold_id", row.read_hold.hold_id))
        case None:
            raise Refused(FieldInvalid("commands.command", UNSET, "one command a row"))
        case _:
            assert_never(kind)


def _cancel_sale(row: pb.CancelSaleCommand, plan: SeatPlan) -> commands.CancelSale:
    if not row.seat_indexes:
        return commands.CancelSale(messages.check_key("order_id", row.order_id))
    return commands.CancelSale(row.order_id, _seats(row.seat_indexes, plan, refused_key("order_id", row.order_id)))


def _seats(
    indexes: Sequence[int],
    plan: SeatPlan,
    *checks: FieldInvalid | None,
    at_most: int = messages.SEATS_PER_COMMAND,
) -> tuple[int, ...]:
    """A row's seats, ascending; Refused with all that is wrong with it. `checks`: of its other fields."""
    accept(*checks, messages.refused_indexes(indexes, len(plan.seat_ids), at_most=at_most))
    return tuple(sorted(indexes))


def _refused_hold(
    row: pb.ExtendCommand | pb.MoveCommand | pb.ReleaseCommand | pb.BestAvailableCommand,
) -> tuple[FieldInvalid | None, FieldInvalid | None]:
    return refused_key("hold_id", row.hold_id), refused_key("holder_id", row.holder_id)


def _claim(row: pb.ClaimCommand, plan: SeatPlan) -> commands.ClaimSeats:
    seats = _seats(
        row.seat_indexes,
        plan,
        refused_key("order_id", row.order_id),
        refused_key("holder_id", row.holder_id),
        refused_key("hold_id", row.hold_id) if row.hold_id else None,
        refused_channel("channel", row.channel),
        messages.refused_ticket_types(row.ticket_types, len(row.seat_indexes)) if row.seat_indexes else None,
    )
    in_order = sorted(zip(row.seat_indexes, row.ticket_types, strict=True)) if row.ticket_types else ()
    ticket_types = tuple(name for _, name in in_order)
    return commands.ClaimSeats(row.order_id, row.holder_id, row.hold_id, seats, int(row.channel), ticket_types)


def _best_available(row: pb.BestAvailableCommand, plan: SeatPlan) -> commands.HoldBestAvailable:
    accept(
        *_refused_hold(row),
        *messages.refused_groups(row.groups),
        refused_channel("channel", row.channel),
        messages.refused_ttl(row.ttl_seconds),
    )
    groups = messages.seat_groups(row.groups, plan)
    return commands.HoldBestAvailable(
        row.hold_id, row.holder_id, groups, int(row.channel), row.may_split, row.ttl_seconds * 1000
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
