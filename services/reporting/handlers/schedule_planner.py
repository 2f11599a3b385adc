"""Turns what has come due into runs of the ledger, each moment once, whichever process looks first (R3.10)."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from services.reporting.domain.report_run import Line, ReportRun, RunOutcome, SendState
from services.reporting.domain.report_schedule import ReportSchedule, ScheduleState
from services.reporting.domain.rhythm import due_since
from services.reporting.ports.owners import Owners
from services.reporting.ports.schedule_store import ScheduleKey, ScheduleStore
from services.reporting.ports.schedule_transaction import ScheduleTransaction
from services.runtime.clock import Clock
from services.runtime.errors import Retryable
from services.runtime.ids import Ids
from services.runtime.telemetry.logging import get_logger
from services.runtime.telemetry.metrics import REPORT_RUNS

LOOK_SECONDS = 10.0
AT_ONCE = 500
# A run that is open for so long has lost its job, or its job has given up: it gets another one.
PUT_BACK_MS = 3_600_000
MISSED = "missed while the service was away; a later one was due"
_log = get_logger("schedules")


class SchedulePlanner:
    """One a process; they meet at the schedule's row."""

    def __init__(self, store: ScheduleStore, owners: Owners, clock: Clock, ids: Ids) -> None:
        self._store = store
        self._owners = owners
        self._clock = clock
        self._ids = ids

    async def run(self) -> None:
        """Looks until cancelled: what comes due is on its way within LOOK_SECONDS."""
        while True:
            await self.look()
            await self._store.put_back(self._clock.now_ms() - PUT_BACK_MS, AT_ONCE)
            await self._clock.sleep(LOOK_SECONDS)

    async def look(self) -> None:
        """Plans everything that is due now. A house that nobody can tell about waits; the others do not."""
        for key in await self._store.due(self._clock.now_ms(), AT_ONCE):
            try:
                await self._plan(key)
            except Retryable as fault:
                _log.warning("schedule_waits", schedule_id=key.schedule_id, fault=type(fault).__name__)

    async def _plan(self, key: ScheduleKey) -> None:
        zone = (await self._owners.house(key.house_id)).time_zone
        async with self._store.transaction(key.house_id) as transaction:
            schedule = await transaction.schedules.get(key.schedule_id, to_change=True)
            if schedule is None or schedule.state is not ScheduleState.ACTIVE or schedule.archived_at_ms is not None:
                return
            # Whoever was here before has moved it on; and the house may have moved to another zone.
            due = due_since(schedule.rhythm, zone, schedule.planned_until_ms, transaction.now_ms)
            for missed_ms in due.missed_ms:
                await self._add(transaction, schedule, missed_ms, _missed(schedule, transaction.now_ms))
            if due.now_ms is not None:
                lines = [Line(one.receiver_id, SendState.DUE) for one in schedule.active_receivers]
                await self._add(transaction, schedule, due.now_ms, lines)
            await transaction.schedules.save(
                dataclasses.replace(schedule, planned_until_ms=transaction.now_ms, next_due_ms=due.next_ms)
            )
            await transaction.commit()
        if due.missed_ms:
            REPORT_RUNS.labels(RunOutcome.SKIPPED.value.lower()).inc(len(due.missed_ms))

    async def _add(
        self, transaction: ScheduleTransaction, schedule: ReportSchedule, due_at_ms: int, lines: Sequence[Line]
    ) -> None:
        outcome = None if any(line.is_open for line in lines) else RunOutcome.SKIPPED if lines else RunOutcome.STOPPED
        run = ReportRun(
            run_id=self._ids.new_id("run"),
            schedule_id=schedule.schedule_id,
            saved_report_id=schedule.saved_report_id,
            due_at_ms=due_at_ms,
            lines=tuple(lines),
            created_at_ms=transaction.now_ms,
            outcome=outcome,
        )
        await transaction.runs.plan(run)


def _missed(schedule: ReportSchedule, now_ms: int) -> list[Line]:
    return [
        Line(one.receiver_id, SendState.SKIPPED, reason=MISSED, ended_at_ms=now_ms) for one in schedule.active_receivers
    ]
