"""The rules of claims and sales: what a batch of the record decides of orders. Claim before charge."""

from __future__ import annotations

from typing import assert_never

import msgspec

from services.inventory.domain.changes import (
    ClaimCancelled,
    ClaimConfirmed,
    SaleCancelled,
    SaleReduced,
    SeatsClaimed,
)
from services.inventory.domain.commands import CancelClaim, CancelSale, ClaimingCommand, ClaimSeats, ConfirmClaim
from services.inventory.domain.decisions import NOTHING, Accepted, RecordDecision
from services.inventory.domain.quota_gates import past_both_gates, type_not_assigned
from services.inventory.domain.records import Claim, Hold
from services.inventory.domain.refusals import (
    ClaimAlreadySold,
    ClaimEnded,
    ClaimMismatch,
    ClaimNotFound,
    ClaimNotSold,
)
from services.inventory.domain.reservations import CLAIMED
from services.inventory.domain.reserving import claimable
from services.inventory.domain.seat_views import RecordView, living_hold, not_free_to
from services.runtime.errors import IdempotencyKeyReused, Refusal


def decide_claiming(state: RecordView, command: ClaimingCommand, now_ms: int) -> RecordDecision:
    """The answer to a command of an order, at `now_ms` of the store's clock."""
    match command:
        case ClaimSeats():
            return _claim(state, command, now_ms)
        case ConfirmClaim():
            return _confirm(state, command)
        case CancelClaim():
            return _cancel_claim(state, command)
        case CancelSale():
            return _cancel_sale(state, command)
        case _:
            assert_never(command)


def _claim(state: RecordView, command: ClaimSeats, now_ms: int) -> RecordDecision:
    known = state.claim(command.order_id)
    if known is not None:
        asked = _claim_of(command)
        # A late payment claims seats without a hold that a lost answer's claim may have already, out of the order's.
        asked = asked if asked.hold_id else msgspec.structs.replace(asked, hold_id=known.hold_id)
        if msgspec.structs.replace(known, sold=False) == asked:
            return NOTHING
        return IdempotencyKeyReused("order_id", command.order_id)
    if command.reservation_id:
        return _claim_reserved(state, command, now_ms)
    return _claim_held(state, command, now_ms) if command.hold_id else _claim_free(state, command, now_ms)


def _claim_held(state: RecordView, command: ClaimSeats, now_ms: int) -> RecordDecision:
    """What is held has its place, whatever quotas allow by now."""
    hold = living_hold(state, command.hold_id, command.holder_id, now_ms)
    if isinstance(hold, Refusal):
        return hold
    if hold.seats != command.seats:
        return ClaimMismatch(command.order_id, command.hold_id)
    refused = _types_not_held(state, command, hold, now_ms)
    return Accepted(SeatsClaimed(_claim_of(command), hold)) if refused is None else refused


def _claim_free(state: RecordView, command: ClaimSeats, now_ms: int) -> RecordDecision:
    """After a late payment."""
    if state.was_given_back(command.order_id):
        # A late copy of the command. With a hold it finds that ended; without one nothing else would stop it.
        return ClaimEnded(command.order_id)
    refused: Refusal | None = not_free_to(command.channel, state, command.seats)
    refused = refused or past_both_gates(state, command.seats, command.ticket_types, command.channel, now_ms)
    return Accepted(SeatsClaimed(_claim_of(command), None)) if refused is None else refused


def _claim_reserved(state: RecordView, command: ClaimSeats, now_ms: int) -> RecordDecision:
    """R4.8: in one step. What is reserved has its place; its ticket types are asked for now (R4.7)."""
    found = claimable(state, command.reservation_id, command.holder_id, now_ms)
    if isinstance(found, Refusal):
        return found
    if found.seats != command.seats:
        return ClaimMismatch(command.order_id, command.reservation_id)
    refused = type_not_assigned(state, command.seats, command.ticket_types, command.channel, now_ms)
    if refused is not None:
        return refused
    return Accepted(SeatsClaimed(_claim_of(command), None, msgspec.structs.replace(found, state=CLAIMED)))


def _types_not_held(state: RecordView, command: ClaimSeats, hold: Hold, now_ms: int) -> Refusal | None:
    """What is held has its place: of the quota, and of the ticket types that the hold was made with (R4.7)."""
    if state.quotas is None or command.ticket_types == hold.ticket_types:
        return None
    held = hold.ticket_types or ("",) * len(hold.seats)
    new = tuple("" if own == has else own for own, has in zip(command.ticket_types, held, strict=False))
    return type_not_assigned(state, command.seats[: len(new)], new, command.channel, now_ms)


def _claim_of(command: ClaimSeats) -> Claim:
    came_from = command.reservation_id or command.hold_id
    return Claim(command.order_id, command.holder_id, came_from, command.seats, command.channel)


def _confirm(state: RecordView, command: ConfirmClaim) -> RecordDecision:
    claim = state.claim(command.order_id)
    if claim is None:
        return ClaimNotFound(command.order_id)
    if claim.sold:
        return NOTHING
    unblocked = tuple(seat for seat in claim.seats if state.has_soft_block(seat))
    return Accepted(ClaimConfirmed(msgspec.structs.replace(claim, sold=True), unblocked))


def _cancel_claim(state: RecordView, command: CancelClaim) -> RecordDecision:
    claim = state.claim(command.order_id)
    if claim is None:
        return NOTHING
    if claim.sold:
        return ClaimAlreadySold(command.order_id)
    return Accepted(ClaimCancelled(claim))


def _cancel_sale(state: RecordView, command: CancelSale) -> RecordDecision:
    claim = state.claim(command.order_id)
    if claim is None:
        return NOTHING
    if not claim.sold:
        return ClaimNotSold(command.order_id)
    freed = tuple(seat for seat in claim.seats if seat in command.seats)
    if not command.seats or len(freed) == len(claim.seats):
        return Accepted(SaleCancelled(claim))
    if not freed:
        return NOTHING
    left = tuple(seat for seat in claim.seats if seat not in command.seats)
    return Accepted(SaleReduced(msgspec.structs.replace(claim, seats=left), freed))
