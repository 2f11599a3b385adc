"""Saved reports, schedules and their ledger in PostgreSQL, by house; and what is due in all of them."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.reporting.adapters.run_rows import RunRows, run_job
from services.reporting.adapters.saved_report_rows import SavedReportRows
from services.reporting.adapters.schedule_rows import ScheduleRows
from services.reporting.adapters.schedule_tables import report_runs, report_schedules
from services.reporting.adapters.writing_transaction import WritingStore, WritingTransaction
from services.reporting.ports.schedule_store import ScheduleKey
from services.runtime.clock import Clock
from services.runtime.ids import Ids
from services.runtime.jobs.queue import add_jobs
from services.runtime.sql.connections import connected, own_session
from services.runtime.sql.old_rows import delete_old
from services.runtime.sql.scopes import AllHouses
from services.runtime.sql.wall_audit import Reference

# What is mailed, and to whom, is of the house of the report and of the schedule.
REFERENCES = (
    Reference("report_schedules", "saved_reports", "saved_report_id"),
    Reference("report_runs", "saved_reports", "saved_report_id"),
    Reference("report_runs", "report_schedules", "schedule_id"),
    Reference("schedule_receivers", "report_schedules", "schedule_id"),
)

_DUE = AllHouses("schedules come due, whatever their house")
_OPEN = AllHouses("runs that nobody has in hand are taken up again")
_OLD = AllHouses("the ledger of mails is forgotten by age")
_HAND = AllHouses("a lock is no house's")
_SCHEDULE = report_schedules.c
_RUN = report_runs.c
# The queue's own table (decisions/0011), as far as it is looked at.
_JOB = sa.table("procrastinate_jobs", sa.column("queueing_lock"), sa.column("status")).c
_AT_WORK = ("todo", "doing")


class ScheduleRecord(WritingTransaction):
    """See ScheduleTransaction."""

    def __init__(self, connection: AsyncConnection, house_id: str, now_ms: int, ids: Ids) -> None:
        super().__init__(connection, house_id, now_ms, ids)
        self.reports = SavedReportRows(connection, house_id)
        self.schedules = ScheduleRows(connection, house_id)
        self.runs = RunRows(connection, house_id)


class PostgresSchedules(WritingStore[ScheduleRecord]):
    """See ScheduleStore. `hands` is where runs are held: a pool of its own, each keeps a connection while it lasts."""

    def __init__(
        self, engine: AsyncEngine, hands: AsyncEngine, *, clock: Clock, ids: Ids, wake: Callable[[], None]
    ) -> None:
        super().__init__(ScheduleRecord, engine, clock=clock, ids=ids, wake=wake)
        self._all = engine
        self._hands = hands

    async def due(self, now_ms: int, limit: int) -> Sequence[ScheduleKey]:
        """See ScheduleStore.due."""
        is_due = (_SCHEDULE.state == "ACTIVE", _SCHEDULE.archived_at_ms.is_(None), _SCHEDULE.next_due_ms <= now_ms)
        wanted = sa.select(_SCHEDULE.house_id, _SCHEDULE.schedule_id).where(*is_due)
        async with connected(self._all, _DUE) as connection:
            rows = await connection.execute(wanted.order_by(_SCHEDULE.next_due_ms).limit(limit))
            return [ScheduleKey(row.house_id, row.schedule_id) for row in rows]

    @asynccontextmanager
    async def sole_hand(self, run_id: str) -> AsyncIterator[bool]:
        """See ScheduleStore.sole_hand. The lock is the session's: it ends when this process or its connection does."""
        key = int.from_bytes(hashlib.sha256(f"report run {run_id}".encode()).digest()[:8], signed=True)
        async with own_session(self._hands, _HAND) as session:
            is_ours = bool((await session.execute(sa.select(sa.func.pg_try_advisory_lock(key)))).scalar_one())
            try:
                yield is_ours
            finally:
                if is_ours:
                    await _let_go(session, key)

    async def put_back(self, created_before_ms: int, limit: int) -> int:
        """See ScheduleStore.put_back."""
        # One that is worked on waits again by itself if it must: a second beside it would be in its way.
        has_job = sa.exists().where(_JOB.queueing_lock == _RUN.run_id, sa.cast(_JOB.status, sa.Text).in_(_AT_WORK))
        wanted = sa.select(_RUN.house_id, _RUN.run_id).where(
            _RUN.outcome.is_(None), _RUN.created_at_ms < created_before_ms, ~has_job
        )
        async with connected(self._all, _OPEN) as connection:
            rows = (await connection.execute(wanted.order_by(_RUN.created_at_ms).limit(limit))).all()
            return len(await add_jobs(connection, *(run_job(row.house_id, row.run_id) for row in rows)))

    async def purge_runs(self, created_before_ms: int, limit: int) -> int:
        """See ScheduleStore.purge_runs."""
        async with connected(self._all, _OLD) as connection:
            return await delete_old(connection, report_runs, created_before_ms, limit)


async def _let_go(session: AsyncConnection, key: int) -> None:
    """A session that cannot be asked any more ends, and its lock with it."""
    try:
        await session.execute(sa.select(sa.func.pg_advisory_unlock(key)))
    except BaseException:
        await session.invalidate()
        raise
