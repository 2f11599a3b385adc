"""Where claims, sales and blocks are kept: the record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from services.inventory.domain.changes import RecordChange
from services.inventory.domain.records import Claim


@dataclass(frozen=True, slots=True)
class PerformanceRecord:
    """What the record knows of a performance's seats."""

    claims: Sequence[Claim] = ()
    blocked: Sequence[int] = ()
    # Orders that claimed seats without a hold and whose claim has ended.
    given_back: Sequence[str] = ()
    # Whose indexes these are; 0: nobody has told.
    plan_version: int = 0


class ClaimStore(Protocol):
    """Claims, sales and blocks: the record. Fenced by the directory's epoch inside each transaction (RULE 3)."""

    async def load(self, performance_id: str, epoch: int) -> PerformanceRecord:
        """Everything active. Raises Fenced when `epoch` is no longer the directory's."""
        ...

    async def append(self, performance_id: str, epoch: int, batch: int, changes: Sequence[RecordChange]) -> None:
        """Writes all the changes or none; durable on return. Numbered and answered like HoldStore.append.

        Raises also ClaimConflict when the unique index on active claims refuses, and RecordRefused when it would be
        refused however often it is sent.
        """
        ...
