"""Schedules and their receivers in PostgreSQL, inside one transaction's connection."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.contracts.pages import Place
from services.reporting.adapters.schedule_tables import report_schedules, schedule_receivers
from services.reporting.domain.report_schedule import Receiver, ReportSchedule, ScheduleState
from services.reporting.domain.rhythm import Rhythm

_SCHEDULE = report_schedules.c
_RECEIVER = schedule_receivers.c
_AS_MADE = (_SCHEDULE.created_at_ms, _SCHEDULE.schedule_id)
_GOES_ON = _SCHEDULE.archived_at_ms.is_(None)


class ScheduleRows:
    """See ReportSchedules."""

    def __init__(self, connection: AsyncConnection, house_id: str) -> None:
        self._connection = connection
        self._house_id = house_id
        self._ours = _SCHEDULE.house_id == house_id

    async def add(self, schedule: ReportSchedule) -> None:
        """See ReportSchedules.add."""
        key = {"house_id": self._house_id, "schedule_id": schedule.schedule_id}
        made = {"saved_report_id": schedule.saved_report_id, "created_at_ms": schedule.created_at_ms}
        await self._connection.execute(insert(report_schedules), key | made | _values(schedule))
        await self._put_receivers(schedule)

    async def get(self, schedule_id: str, *, to_change: bool = False) -> ReportSchedule | None:
        """See ReportSchedules.get."""
        wanted = sa.select(report_schedules).where(self._ours, _SCHEDULE.schedule_id == schedule_id)
        row = (await self._connection.execute(wanted.with_for_update() if to_change else wanted)).first()
        return None if row is None else (await self._with_receivers([row]))[0]

    async def count(self) -> int:
        """See ReportSchedules.count."""
        counted = sa.select(sa.func.count()).where(self._ours, _GOES_ON)
        return int((await self._connection.execute(counted)).scalar_one())

    async def save(self, schedule: ReportSchedule) -> None:
        """See ReportSchedules.save."""
        this = (self._ours, _SCHEDULE.schedule_id == schedule.schedule_id)
        await self._connection.execute(sa.update(report_schedules).where(*this).values(_values(schedule)))
        gone = (_RECEIVER.house_id == self._house_id, _RECEIVER.schedule_id == schedule.schedule_id)
        await self._connection.execute(sa.delete(schedule_receivers).where(*gone))
        await self._put_receivers(schedule)

    async def of_report(self, saved_report_id: str) -> Sequence[str]:
        """See ReportSchedules.of_report."""
        of_it = (self._ours, _SCHEDULE.saved_report_id == saved_report_id, _GOES_ON)
        return [
            row.schedule_id for row in await self._connection.execute(sa.select(_SCHEDULE.schedule_id).where(*of_it))
        ]

    async def page(
        self, after: Place | None, limit: int, *, archived: bool, saved_report_id: str
    ) -> Sequence[ReportSchedule]:
        """See ReportSchedules.page."""
        wanted = sa.select(report_schedules).where(self._ours).order_by(*_AS_MADE).limit(limit)
        if not archived:
            wanted = wanted.where(_GOES_ON)
        if saved_report_id:
            wanted = wanted.where(_SCHEDULE.saved_report_id == saved_report_id)
        if after is not None:
            place = sa.tuple_(sa.literal(after.time_ms), sa.literal(after.item_id))
            wanted = wanted.where(sa.tuple_(*_AS_MADE) > place)
        return await self._with_receivers((await self._connection.execute(wanted)).all())

    async def _put_receivers(self, schedule: ReportSchedule) -> None:
        if not schedule.receivers:
            return
        rows = [
            {
                "house_id": self._house_id,
                "schedule_id": schedule.schedule_id,
                "receiver_id": one.receiver_id,
                "place": place,
                "email": one.email,
                "left_at_ms": one.left_at_ms,
            }
            for place, one in enumerate(schedule.receivers)
        ]
        await self._connection.execute(insert(schedule_receivers), rows)

    async def _with_receivers(self, rows: Sequence[sa.Row[Any]]) -> list[ReportSchedule]:
        if not rows:
            return []
        named = _RECEIVER.schedule_id.in_([row.schedule_id for row in rows])
        theirs = sa.select(schedule_receivers).where(_RECEIVER.house_id == self._house_id, named)
        of: dict[str, list[Receiver]] = {}
        for row in await self._connection.execute(theirs.order_by(_RECEIVER.schedule_id, _RECEIVER.place)):
            of.setdefault(row.schedule_id, []).append(Receiver(row.receiver_id, row.email, row.left_at_ms))
        return [_schedule(row, of.get(row.schedule_id, [])) for row in rows]


def _values(schedule: ReportSchedule) -> dict[str, Any]:
    return {
        "weekdays": list(schedule.rhythm.weekdays),
        "local_times": list(schedule.rhythm.local_times),
        "notice_email": schedule.notice_email,
        "state": schedule.state.value,
        "failures_in_row": schedule.failures_in_row,
        "planned_until_ms": schedule.planned_until_ms,
        "next_due_ms": schedule.next_due_ms,
        "revision": schedule.revision,
        "archived_at_ms": schedule.archived_at_ms,
    }


def _schedule(row: sa.Row[Any], receivers: Sequence[Receiver]) -> ReportSchedule:
    return ReportSchedule(
        schedule_id=row.schedule_id,
        saved_report_id=row.saved_report_id,
        rhythm=Rhythm(tuple(row.weekdays), tuple(row.local_times)),
        receivers=tuple(receivers),
        notice_email=row.notice_email,
        state=ScheduleState(row.state),
        failures_in_row=row.failures_in_row,
        planned_until_ms=row.planned_until_ms,
        next_due_ms=row.next_due_ms,
        created_at_ms=row.created_at_ms,
        revision=row.revision,
        archived_at_ms=row.archived_at_ms,
    )
