"""Where the counts of seats are told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from services.inventory.domain.seat_state import SeatCounts


@dataclass(frozen=True, slots=True)
class Availability:
    """Counts of one performance at one version of its seat map, by seat state."""

    house_id: str
    performance_id: str
    epoch: int
    version: int
    counts: SeatCounts
    observed_at_ms: int


class AvailabilityFeed(Protocol):
    """Where the latest counts are told."""

    async def publish(self, latest: Sequence[Availability]) -> None:
        """Tells them; a failure loses nothing, the next counts follow."""
        ...
