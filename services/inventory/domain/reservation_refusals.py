"""Every no about reservations (R4.8), with its facts."""

from __future__ import annotations

from dataclasses import dataclass

from services.runtime.errors import Kind, Refusal


@dataclass(frozen=True, slots=True)
class ReservationNotFound(Refusal):
    """There is no reservation {reservation_id}."""

    kind = Kind.NOT_FOUND
    reservation_id: str


@dataclass(frozen=True, slots=True)
class ReservationOver(Refusal):
    """Reservation {reservation_id} {ending}; its seats are not reserved any more."""

    kind = Kind.PRECONDITION
    reservation_id: str
    # How, as people say it.
    ending: str


@dataclass(frozen=True, slots=True)
class ReservationForeign(Refusal):
    """Reservation {reservation_id} is for another holder."""

    kind = Kind.FORBIDDEN
    reservation_id: str
