"""Reservations whose deadline has come."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, order=True)
class DueReservation:
    """One of them. Ordered as they fall due."""

    deadline_ms: int
    performance_id: str
    reservation_id: str
    house_id: str


class DueReservations(Protocol):
    """What the record knows to be due, whoever owns the performance or nobody."""

    async def due(self, after: DueReservation | None, limit: int) -> Sequence[DueReservation]:
        """Up to so many that are due by the record's own clock and follow `after`. A hint: the owner decides."""
        ...
