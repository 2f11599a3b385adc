"""The store of saved reports, schedules and their ledger."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from services.reporting.ports.schedule_transaction import ScheduleTransaction


@dataclass(frozen=True, slots=True)
class ScheduleKey:
    """Whose schedule, and which."""

    house_id: str
    schedule_id: str


class ScheduleStore(Protocol):
    """Every call may raise StoreUnavailable."""

    def transaction(self, house_id: str) -> AbstractAsyncContextManager[ScheduleTransaction]:
        """Over what belongs to the house. Undone unless commit()."""
        ...

    async def due(self, now_ms: int, limit: int) -> Sequence[ScheduleKey]:
        """Schedules of whatever house that have come due, the longest first."""
        ...

    def sole_hand(self, run_id: str) -> AbstractAsyncContextManager[bool]:
        """False: somebody else has the run in hand, in whatever process; theirs ends with their connection."""
        ...

    async def put_back(self, created_before_ms: int, limit: int) -> int:
        """Adds jobs anew for runs that are open and older, where none waits; how many."""
        ...

    async def purge_runs(self, created_before_ms: int, limit: int) -> int:
        """Forgets at most `limit` runs that are older, with their lines; returns how many."""
        ...
