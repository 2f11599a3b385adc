"""Where a performance goes over to another version of its plan."""

from __future__ import annotations

from typing import Protocol

from services.inventory.domain.plan_adoption import SeatMoves
from services.inventory.ports.performances import Performance


class PlanStore(Protocol):
    """The record's side of it; holds are not touched."""

    async def adopt(self, performance: Performance, epoch: int, plan_version: int, moves: SeatMoves) -> None:
        """Ends the owner's epoch, names the new version and renumbers claims and blocks: all of it or nothing.

        The next owner finds the new plan, and nothing of this epoch is taken any more. Done already counts as done.
        Raises Fenced, StoreUnavailable (outcome unknown: send it again).
        """
        ...
