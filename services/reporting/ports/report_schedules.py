"""Schedules of saved reports inside one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from services.contracts.pages import Place
from services.reporting.domain.report_schedule import ReportSchedule


class ReportSchedules(Protocol):
    """Of the transaction's house. Any call may raise StoreUnavailable."""

    async def add(self, schedule: ReportSchedule) -> None: ...

    async def get(self, schedule_id: str, *, to_change: bool = False) -> ReportSchedule | None:
        """`to_change`: nobody else changes it until the transaction has ended."""
        ...

    async def count(self) -> int:
        """Those that have not ended."""
        ...

    async def save(self, schedule: ReportSchedule) -> None:
        """Keeps it as it is now, receivers too; it was read to be changed."""
        ...

    async def of_report(self, saved_report_id: str) -> Sequence[str]:
        """The ids of those that have not ended."""
        ...

    async def page(
        self, after: Place | None, limit: int, *, archived: bool, saved_report_id: str
    ) -> Sequence[ReportSchedule]:
        """In the order in which they were made."""
        ...
