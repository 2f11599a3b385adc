"""The rules of reservations (R4.8): what a batch of the record decides of seats promised without payment."""

from __future__ import annotations

from typing import assert_never

import msgspec

from services.contracts.instants import instant_text
from services.inventory.domain import reservations
from services.inventory.domain.changes import ReservationExtended, ReservationReleased, SeatsReserved
from services.inventory.domain.commands import (
    ExpireReservation,
    ExtendReservation,
    ReleaseReservation,
    ReserveSeats,
    ReservingCommand,
)
from services.inventory.domain.decisions import NOTHING, Accepted, RecordDecision
from services.inventory.domain.quota_gates import quota_reached
from services.inventory.domain.refusals import PerformanceCancelled
from services.inventory.domain.reservation_refusals import ReservationForeign, ReservationNotFound, ReservationOver
from services.inventory.domain.reservations import Reservation
from services.inventory.domain.seat_views import RecordView, not_free_to
from services.runtime.errors import FieldInvalid, IdempotencyKeyReused, Refusal


def decide_reserving(state: RecordView, command: ReservingCommand, now_ms: int) -> RecordDecision:
    """The answer to a command of a reservation, at `now_ms` of the store's clock."""
    match command:
        case ReserveSeats():
            return _reserve(state, command, now_ms)
        case ExtendReservation():
            return _extend(state, command, now_ms)
        case ReleaseReservation():
            return _release(state, command)
        case ExpireReservation():
            return _expire(state, command, now_ms)
        case _:
            assert_never(command)


def claimable(state: RecordView, reservation_id: str, holder_id: str, now_ms: int) -> Reservation | Refusal:
    """The holder's own reservation, while it stands and before its deadline."""
    found = _standing(state, reservation_id)
    if isinstance(found, Refusal):
        return found
    if found.holder_id != holder_id:
        return ReservationForeign(reservation_id)
    if found.is_due(now_ms):
        return ReservationOver(reservation_id, reservations.ENDINGS[reservations.EXPIRED])
    return found


def _standing(state: RecordView, reservation_id: str) -> Reservation | Refusal:
    found = state.reservation(reservation_id)
    if found is None:
        return ReservationNotFound(reservation_id)
    return found if found.stands else ReservationOver(reservation_id, reservations.ENDINGS[found.state])


def _reserve(state: RecordView, command: ReserveSeats, now_ms: int) -> RecordDecision:
    """Before the sale opens and outside of sales windows too: a promise is no sale. Quotas count it as one (R4.8)."""
    known = state.reservation(command.reservation_id)
    if known is not None:
        is_copy = known.asked == command.asked
        return NOTHING if is_copy else IdempotencyKeyReused("reservation_id", command.reservation_id)
    if state.rules.cancelled:
        return PerformanceCancelled()
    refused: Refusal | None = _past(command.deadline_ms, now_ms)
    refused = refused or not_free_to(command.channel, state, command.seats)
    refused = refused or quota_reached(state, command.seats, command.channel, now_ms)
    if refused is not None:
        return refused
    reservation = Reservation(
        command.reservation_id,
        command.holder_id,
        command.seats,
        command.channel,
        command.reference,
        command.deadline_ms,
        now_ms,
        command.asked,
    )
    return Accepted(SeatsReserved(reservation, command.on_behalf_of))


def _past(deadline_ms: int, now_ms: int) -> FieldInvalid | None:
    if deadline_ms == 0 or deadline_ms > now_ms:
        return None
    return FieldInvalid("deadline_at", f"{instant_text(deadline_ms)} has passed", "a time to come, or none")


def _extend(state: RecordView, command: ExtendReservation, now_ms: int) -> RecordDecision:
    """To a deadline, later or earlier, or to none."""
    found = _standing(state, command.reservation_id)
    if isinstance(found, Refusal):
        return found
    if found.deadline_ms == command.deadline_ms:
        return NOTHING
    refused = _past(command.deadline_ms, now_ms)
    if refused is not None:
        return refused
    extended = msgspec.structs.replace(found, deadline_ms=command.deadline_ms)
    return Accepted(ReservationExtended(extended, command.on_behalf_of))


def _release(state: RecordView, command: ReleaseReservation) -> RecordDecision:
    """Releasing twice is fine, and so is what its deadline has released; not what an order has become of."""
    known = state.reservation(command.reservation_id)
    if known is not None and known.state in {reservations.RELEASED, reservations.EXPIRED}:
        return NOTHING
    found = _standing(state, command.reservation_id)
    if isinstance(found, Refusal):
        return found
    released = msgspec.structs.replace(found, state=reservations.RELEASED)
    return Accepted(ReservationReleased(released, command.on_behalf_of))


def _expire(state: RecordView, command: ExpireReservation, now_ms: int) -> RecordDecision:
    found = state.reservation(command.reservation_id)
    if found is None or not found.stands or not found.is_due(now_ms):
        return NOTHING
    return Accepted(ReservationReleased(msgspec.structs.replace(found, state=reservations.EXPIRED)))
