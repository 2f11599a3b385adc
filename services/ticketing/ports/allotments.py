"""Allotments, as the owner of the performance's seats has them now."""

from __future__ import annotations

from typing import Protocol

from services.runtime.errors import Refusal
from services.ticketing.domain.allotment import Allotment


class Allotments(Protocol):
    """Raises NeighbourSilent."""

    async def get(self, house_id: str, performance_id: str, allotment_id: str) -> Allotment | Refusal:
        """As the owner has it at this moment."""
        ...
