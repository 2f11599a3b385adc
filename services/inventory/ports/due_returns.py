"""Allotments whose unsold seats are to go back by themselves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, order=True)
class DueReturn:
    """One of them. Ordered as they fall due."""

    return_due_at_ms: int
    performance_id: str
    allotment_id: str
    house_id: str


class DueReturns(Protocol):
    """What the record knows to be due, whoever owns the performance or nobody."""

    async def due(self, after: DueReturn | None, limit: int) -> Sequence[DueReturn]:
        """Up to so many that are due by the record's own clock and follow `after`. A hint: the owner decides."""
        ...
