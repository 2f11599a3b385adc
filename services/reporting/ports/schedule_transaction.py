"""One transaction over saved reports, their schedules and the ledger: all or nothing."""

from __future__ import annotations

from typing import Protocol

from services.contracts.acts import Act
from services.contracts.once import RecordedAnswer
from services.reporting.ports.report_runs import ReportRuns
from services.reporting.ports.report_schedules import ReportSchedules
from services.reporting.ports.saved_reports import SavedReports


class ScheduleTransaction(Protocol):
    """Reads and writes that commit together, acts included; without commit() nothing happened."""

    @property
    def now_ms(self) -> int: ...

    @property
    def reports(self) -> SavedReports: ...

    @property
    def schedules(self) -> ReportSchedules: ...

    @property
    def runs(self) -> ReportRuns: ...

    async def claim_key(self, owner_id: str, key: str, request_hash: bytes, /) -> RecordedAnswer | None:
        """See KeyedTransaction."""
        ...

    async def record_answer(self, owner_id: str, key: str, answer: bytes, /) -> None:
        """See KeyedTransaction."""
        ...

    def record_act(self, act: Act, *, by_nobody: bool = False) -> None:
        """Into the house's act log; `by_nobody`: Balcon did it by itself."""
        ...

    async def commit(self) -> None:
        """The last call: what was done is to stay."""
        ...
