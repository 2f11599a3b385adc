"""Reservations whose deadline has come are proposed to their owner (R4.8)."""

from __future__ import annotations

from services.inventory.actors.due_proposals import DueProposals
from services.inventory.actors.host import PerformanceHost
from services.inventory.domain.commands import ExpireReservation
from services.inventory.ports import DueReservation, DueReservations
from services.runtime.clock import Clock

LOOK_SECONDS = 2.0


class ReservationDeadlines(DueProposals[DueReservation]):
    """See DueProposals."""

    def __init__(self, host: PerformanceHost, reservations: DueReservations, clock: Clock) -> None:
        super().__init__(host, reservations, lambda due: ExpireReservation(due.reservation_id), clock, LOOK_SECONDS)
