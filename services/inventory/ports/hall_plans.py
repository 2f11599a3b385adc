"""Other versions of the plan of a performance's hall."""

from __future__ import annotations

from typing import Protocol

from services.inventory.domain.refusals import SeatingPlanNotFound
from services.inventory.ports.performances import Performance


class HallPlans(Protocol):
    """Where plans come from: the inventory's own copies, filled from the catalogue."""

    async def with_plan(self, performance: Performance, plan_version: int) -> Performance | SeatingPlanNotFound:
        """The same performance with another version, which nobody has gone over to by this."""
        ...
