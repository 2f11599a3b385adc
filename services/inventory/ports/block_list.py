"""What people ask of the record about blocks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from services.inventory.domain.records import BlockKind, SeatBlock


class BlockList(Protocol):
    """The blocks with their reasons, which no owner keeps in memory."""

    async def blocks(
        self, house_id: str, performance_id: str, kind: BlockKind | None, after: int, size: int
    ) -> Sequence[SeatBlock]:
        """At most `size` of that kind (None: of every kind), by seat, those after seat `after`."""
        ...
