"""The ledger of mailed reports in PostgreSQL, with the jobs that send, inside one transaction's connection."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.contracts.pages import Place
from services.reporting.adapters.schedule_tables import report_runs, report_sends
from services.reporting.domain.report_run import Line, ReportRun, RunOutcome, SendState
from services.reporting.ports.report_runs import StopNotice
from services.runtime.jobs.job import Job
from services.runtime.jobs.queue import add_jobs

RUN_TASK = "send_report"
NOTICE_TASK = "tell_schedule_stopped"
_RUN = report_runs.c
_SEND = report_sends.c
_AS_MADE = (_RUN.created_at_ms, _RUN.run_id)


class RunRows:
    """See ReportRuns."""

    def __init__(self, connection: AsyncConnection, house_id: str) -> None:
        self._connection = connection
        self._house_id = house_id
        self._ours = _RUN.house_id == house_id

    async def plan(self, run: ReportRun) -> None:
        """See ReportRuns.plan. The unique index is the judge of who plans a moment."""
        values = {
            "house_id": self._house_id,
            "run_id": run.run_id,
            "schedule_id": run.schedule_id,
            "saved_report_id": run.saved_report_id,
            "due_at_ms": run.due_at_ms,
            "email": run.email,
            "outcome": None if run.outcome is None else run.outcome.value,
            "created_at_ms": run.created_at_ms,
        }
        planned = insert(report_runs).values(values).on_conflict_do_nothing().returning(_RUN.run_id)
        if (await self._connection.execute(planned)).first() is None:
            return
        if run.lines:
            key = {"house_id": self._house_id, "run_id": run.run_id}
            await self._connection.execute(insert(report_sends), [key | _line_values(line) for line in run.lines])
        if run.outcome is None:
            await add_jobs(self._connection, run_job(self._house_id, run.run_id))

    async def get(self, run_id: str) -> ReportRun | None:
        """See ReportRuns.get."""
        wanted = sa.select(report_runs).where(self._ours, _RUN.run_id == run_id)
        row = (await self._connection.execute(wanted)).first()
        return None if row is None else (await self._with_lines([row]))[0]

    async def write(self, run_id: str, line: Line, seen_attempts: int) -> bool:
        """See ReportRuns.write."""
        this = (_SEND.house_id == self._house_id, _SEND.run_id == run_id, _SEND.receiver_id == line.receiver_id)
        written = sa.update(report_sends).where(*this, _SEND.attempts == seen_attempts).values(_line_values(line))
        return (await self._connection.execute(written.returning(_SEND.receiver_id))).first() is not None

    async def close(self, run_id: str, outcome: RunOutcome) -> bool:
        """See ReportRuns.close."""
        this = (self._ours, _RUN.run_id == run_id, _RUN.outcome.is_(None))
        closed = sa.update(report_runs).where(*this).values(outcome=outcome.value, email="").returning(_RUN.run_id)
        return (await self._connection.execute(closed)).first() is not None

    async def page(self, after: Place | None, limit: int, schedule_id: str) -> Sequence[ReportRun]:
        """See ReportRuns.page."""
        newest = tuple(column.desc() for column in _AS_MADE)
        wanted = sa.select(report_runs).where(self._ours).order_by(*newest).limit(limit)
        if schedule_id:
            wanted = wanted.where(_RUN.schedule_id == schedule_id)
        if after is not None:
            place = sa.tuple_(sa.literal(after.time_ms), sa.literal(after.item_id))
            wanted = wanted.where(sa.tuple_(*_AS_MADE) < place)
        return await self._with_lines((await self._connection.execute(wanted)).all())

    async def tell_stopped(self, notice: StopNotice) -> None:
        """See ReportRuns.tell_stopped."""
        arguments = {"house_id": self._house_id, "schedule_id": notice.schedule_id, "notice_id": notice.notice_id}
        await add_jobs(self._connection, Job(NOTICE_TASK, arguments))

    async def _with_lines(self, rows: Sequence[sa.Row[Any]]) -> list[ReportRun]:
        if not rows:
            return []
        theirs = (_SEND.house_id == self._house_id, _SEND.run_id.in_([row.run_id for row in rows]))
        of: dict[str, list[Line]] = {}
        for row in await self._connection.execute(sa.select(report_sends).where(*theirs).order_by(_SEND.receiver_id)):
            of.setdefault(row.run_id, []).append(_line(row))
        return [_run(row, of.get(row.run_id, [])) for row in rows]


def run_job(house_id: str, run_id: str) -> Job:
    """The job that sends a run; one of them waits at most."""
    return Job(RUN_TASK, {"house_id": house_id, "run_id": run_id}, unless_waiting=run_id)


def _line_values(line: Line) -> dict[str, Any]:
    return {
        "receiver_id": line.receiver_id,
        "state": line.state.value,
        "attempts": line.attempts,
        "unknown": line.unknown,
        "reason": line.reason,
        "ended_at_ms": line.ended_at_ms,
    }


def _line(row: sa.Row[Any]) -> Line:
    return Line(row.receiver_id, SendState(row.state), row.attempts, row.unknown, row.reason, row.ended_at_ms)


def _run(row: sa.Row[Any], lines: Sequence[Line]) -> ReportRun:
    return ReportRun(
        run_id=row.run_id,
        schedule_id=row.schedule_id,
        saved_report_id=row.saved_report_id,
        due_at_ms=row.due_at_ms,
        lines=tuple(lines),
        created_at_ms=row.created_at_ms,
        email=row.email,
        outcome=None if row.outcome is None else RunOutcome(row.outcome),
    )
