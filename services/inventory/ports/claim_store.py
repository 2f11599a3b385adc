"""Where claims, sales, blocks and allotments are kept: the record."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from services.inventory.domain.changes import RecordChange
from services.inventory.domain.recorded import PerformanceRecord


class ClaimStore(Protocol):
    """Claims, sales, blocks, allotments. Fenced by the directory's epoch inside each transaction (RULE 3)."""

    async def load(self, performance_id: str, epoch: int) -> PerformanceRecord:
        """Everything active. Raises Fenced when `epoch` is no longer the directory's."""
        ...

    async def append(self, performance_id: str, epoch: int, batch: int, changes: Sequence[RecordChange]) -> None:
        """Writes all the changes or none; durable on return. Numbered and answered like HoldStore.append.

        Raises also ClaimConflict when a seat would be in two hands, and RecordRefused when it would be
        refused however often it is sent.
        """
        ...
