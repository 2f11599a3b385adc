"""The rules of blocks: seats that are taken off sale and put back. A batch of the record decides them."""

from __future__ import annotations

from typing import assert_never

from services.inventory.domain import seat_state
from services.inventory.domain.changes import SeatsBlocked, SeatsUnblocked
from services.inventory.domain.commands import BlockingCommand, BlockSeats, UnblockSeats
from services.inventory.domain.decisions import NOTHING, Accepted, RecordDecision
from services.inventory.domain.records import BlockKind
from services.inventory.domain.refusals import SeatsTaken
from services.inventory.domain.seat_views import SeatsView, not_free


def decide_blocking(state: SeatsView, command: BlockingCommand) -> RecordDecision:
    """The answer to a command that blocks seats, or ends a block."""
    match command:
        case BlockSeats():
            return _block(state, command)
        case UnblockSeats():
            return _unblock(state, command)
        case _:
            assert_never(command)


def _block(state: SeatsView, command: BlockSeats) -> RecordDecision:
    fresh = tuple(seat for seat in command.seats if state.status(seat) != seat_state.BLOCKED)
    taken = not_free(state, fresh)
    if taken is not None:
        return taken
    is_soft = command.kind is BlockKind.SOFT
    wanted = tuple(
        seat
        for seat in command.seats
        if state.status(seat) != seat_state.BLOCKED or state.has_soft_block(seat) != is_soft
    )
    return Accepted(SeatsBlocked(wanted, command.reason, command.on_behalf_of, command.kind)) if wanted else NOTHING


def _unblock(state: SeatsView, command: UnblockSeats) -> RecordDecision:
    """What staff hold or claim of a soft block is not let go: only the block under it ends."""
    blocked = tuple(
        seat for seat in command.seats if state.status(seat) == seat_state.BLOCKED or state.has_soft_block(seat)
    )
    ended = frozenset(blocked)
    others = tuple(seat for seat in command.seats if seat not in ended and state.status(seat) != seat_state.FREE)
    if others:
        return SeatsTaken(others)
    return Accepted(SeatsUnblocked(blocked, command.on_behalf_of)) if blocked else NOTHING
