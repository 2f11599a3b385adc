"""Which seats have left which allotment of a performance, inside one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from services.ticketing.domain.allotment import Departure


class Departures(Protocol):
    """Any call may raise StoreUnavailable."""

    async def add(self, performance_id: str, allotment_id: str, departures: Sequence[Departure]) -> None:
        """Of two of one seat the later version stays."""
        ...

    async def later_than(self, performance_id: str, allotment_id: str, version: int) -> set[str]:
        """Seats that have left in a version after that one."""
        ...
