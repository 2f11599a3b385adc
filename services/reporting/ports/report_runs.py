"""The ledger of mailed reports inside one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from services.contracts.pages import Place
from services.reporting.domain.report_run import Line, ReportRun, RunOutcome


@dataclass(frozen=True, slots=True)
class StopNotice:
    """A schedule was stopped, and somebody is to be told. `notice_id` is the mail's."""

    notice_id: str
    schedule_id: str


class ReportRuns(Protocol):
    """Of the transaction's house. Any call may raise StoreUnavailable."""

    async def plan(self, run: ReportRun) -> None:
        """With its lines; a run with something open in it with the job that sends it. A moment is planned once."""
        ...

    async def get(self, run_id: str) -> ReportRun | None: ...

    async def write(self, run_id: str, line: Line, seen_attempts: int) -> bool:
        """False: somebody else has been at the line since it was read."""
        ...

    async def close(self, run_id: str, outcome: RunOutcome) -> bool:
        """The run has ended, and its address is forgotten. False: it had ended before."""
        ...

    async def page(self, after: Place | None, limit: int, schedule_id: str) -> Sequence[ReportRun]:
        """The newest first."""
        ...

    async def tell_stopped(self, notice: StopNotice) -> None:
        """Adds the job that mails it."""
        ...
