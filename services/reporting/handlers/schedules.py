"""Schedules of saved reports: made, changed, ended and restarted by the house, left by receivers (R3.10)."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

from services.contracts.acts import Act
from services.contracts.changes import masked, refused_etag
from services.contracts.once import Asked, answer_once
from services.contracts.pages import AskedPage, fitting, token_after
from services.reporting.domain.report_run import ReportRun
from services.reporting.domain.report_schedule import (
    MAX_SCHEDULES,
    Receiver,
    ReportSchedule,
    ScheduleState,
    refused_who_left,
)
from services.reporting.domain.rhythm import Rhythm, moments
from services.reporting.domain.schedule_refusals import (
    SavedReportArchived,
    SavedReportNotFound,
    ScheduleArchived,
    ScheduleNotFound,
    TooManySchedules,
)
from services.reporting.handlers.stop_links import StopLink
from services.reporting.ports.owners import Owners
from services.reporting.ports.schedule_store import ScheduleStore
from services.reporting.ports.schedule_transaction import ScheduleTransaction
from services.runtime.errors import Refusal, refused_fields
from services.runtime.ids import Ids

_THING = "the schedule"


@dataclass(frozen=True, slots=True)
class ScheduleWish:
    """What a house says of a schedule. Fields are named as on the wire."""

    weekdays: tuple[int, ...]
    local_times: tuple[str, ...]
    receivers: tuple[str, ...]
    notice_email: str
    is_paused: bool


@dataclass(frozen=True, slots=True)
class SchedulePage:
    """In the order in which they were made; `next_page_token` is empty on the last page."""

    schedules: Sequence[ReportSchedule]
    next_page_token: str


@dataclass(frozen=True, slots=True)
class RunPage:
    """The newest first. `addresses`: of receivers that a schedule still has, by their ids."""

    runs: Sequence[ReportRun]
    addresses: dict[str, str]
    next_page_token: str


class ScheduleHandler:
    """A schedule of another house is not found, as one that nobody has made."""

    def __init__(self, store: ScheduleStore, owners: Owners, ids: Ids) -> None:
        self._store = store
        self._owners = owners
        self._ids = ids

    async def create(
        self, asked: Asked[ReportSchedule], house_id: str, saved_report_id: str, wish: ScheduleWish
    ) -> bytes | Refusal:
        """Refusals: SavedReportNotFound, SavedReportArchived, TooManySchedules, IdempotencyKeyReused.

        Raises NeighbourSilent.
        """
        zone = (await self._owners.house(house_id)).time_zone

        async def act(transaction: ScheduleTransaction) -> ReportSchedule | Refusal:
            report = await transaction.reports.get(saved_report_id)
            if report is None:
                return SavedReportNotFound(saved_report_id)
            if report.archived_at_ms is not None:
                return SavedReportArchived(saved_report_id)
            if await transaction.schedules.count() >= MAX_SCHEDULES:
                return TooManySchedules(MAX_SCHEDULES)
            rhythm, now_ms = Rhythm(wish.weekdays, wish.local_times), transaction.now_ms
            made = ReportSchedule(
                schedule_id=self._ids.new_id("sch"),
                saved_report_id=saved_report_id,
                rhythm=rhythm,
                receivers=self._receivers(wish.receivers, ()),
                notice_email=wish.notice_email,
                state=ScheduleState.PAUSED if wish.is_paused else ScheduleState.ACTIVE,
                failures_in_row=0,
                planned_until_ms=now_ms,
                next_due_ms=next(moments(rhythm, zone, now_ms)),
                created_at_ms=now_ms,
            )
            await transaction.schedules.add(made)
            transaction.record_act(_act("schedule.made", made.schedule_id, {"saved_report": saved_report_id}))
            return made

        return await answer_once(self._store.transaction(house_id), house_id, asked, act)

    async def get(self, house_id: str, schedule_id: str) -> ReportSchedule | Refusal:
        """Refusals: ScheduleNotFound."""
        async with self._store.transaction(house_id) as transaction:
            return await transaction.schedules.get(schedule_id) or ScheduleNotFound(schedule_id)

    async def page(self, house_id: str, asked: AskedPage, *, archived: bool, saved_report_id: str) -> SchedulePage:
        """The house's own."""
        async with self._store.transaction(house_id) as transaction:
            found = await transaction.schedules.page(
                asked.after, asked.size + 1, archived=archived, saved_report_id=saved_report_id
            )
        page = found[: min(asked.size, fitting(len(one.receivers) for one in found))]
        if len(found) == len(page):
            return SchedulePage(page, "")
        return SchedulePage(page, token_after(house_id, page[-1].schedule_id, page[-1].created_at_ms))

    async def update(
        self, house_id: str, schedule_id: str, etag: str, wish: ScheduleWish, named: Sequence[str]
    ) -> ReportSchedule | Refusal:
        """Refusals: ScheduleNotFound, ScheduleArchived, FieldInvalid, EtagStale. Raises NeighbourSilent."""
        zone = (await self._owners.house(house_id)).time_zone
        async with self._store.transaction(house_id) as transaction:
            known = await transaction.schedules.get(schedule_id, to_change=True)
            if known is None:
                return ScheduleNotFound(schedule_id)
            if known.archived_at_ms is not None:
                return ScheduleArchived(schedule_id)
            if "receivers" in named and (
                left := refused_fields(refused_who_left("schedule.receivers", wish.receivers, known.receivers))
            ):
                return left
            kept = _wish_of(known)
            wanted = masked(kept, wish, named)
            if wanted == kept:
                return known
            if stale := refused_etag(_THING, etag, known.revision):
                return stale
            changed = self._changed(known, kept, wanted, zone, transaction.now_ms)
            await transaction.schedules.save(changed)
            facts = {"fields": ",".join(sorted(set(named)))}
            transaction.record_act(_act("schedule.changed", schedule_id, facts))
            await transaction.commit()
            return changed

    async def restart(self, house_id: str, schedule_id: str) -> ReportSchedule | Refusal:
        """Refusals: ScheduleNotFound, ScheduleArchived. Raises NeighbourSilent."""
        zone = (await self._owners.house(house_id)).time_zone
        async with self._store.transaction(house_id) as transaction:
            known = await transaction.schedules.get(schedule_id, to_change=True)
            if known is None:
                return ScheduleNotFound(schedule_id)
            if known.archived_at_ms is not None:
                return ScheduleArchived(schedule_id)
            if known.state is not ScheduleState.STOPPED:
                return known
            going = _from_now(known, zone, transaction.now_ms)
            await transaction.schedules.save(going)
            transaction.record_act(_act("schedule.restarted", schedule_id))
            await transaction.commit()
            return going

    async def archive(self, house_id: str, schedule_id: str, etag: str) -> ReportSchedule | Refusal:
        """Refusals: ScheduleNotFound, EtagStale."""
        async with self._store.transaction(house_id) as transaction:
            known = await transaction.schedules.get(schedule_id, to_change=True)
            if known is None:
                return ScheduleNotFound(schedule_id)
            if known.archived_at_ms is not None:
                return known
            if stale := refused_etag(_THING, etag, known.revision):
                return stale
            ended = dataclasses.replace(
                known,
                archived_at_ms=transaction.now_ms,
                state=ScheduleState.PAUSED,
                receivers=(),
                revision=known.revision + 1,
            )
            await transaction.schedules.save(ended)
            transaction.record_act(_act("schedule.archived", schedule_id))
            await transaction.commit()
            return ended

    async def runs(self, house_id: str, asked: AskedPage, schedule_id: str) -> RunPage:
        """What was mailed, was not, and why."""
        async with self._store.transaction(house_id) as transaction:
            found = await transaction.runs.page(asked.after, asked.size + 1, schedule_id)
            page = found[: min(asked.size, fitting(len(run.lines) for run in found))]
            addresses: dict[str, str] = {}
            for named in {run.schedule_id for run in page if run.schedule_id}:
                schedule = await transaction.schedules.get(named)
                addresses |= {one.receiver_id: one.email for one in schedule.receivers} if schedule else {}
        token = token_after(house_id, page[-1].run_id, page[-1].created_at_ms) if len(found) > len(page) else ""
        return RunPage(page, addresses, token)

    async def leave(self, link: StopLink) -> None:
        """The receiver gets no more of these mails, whatever else is true of them by now."""
        async with self._store.transaction(link.house_id) as transaction:
            schedule = await transaction.schedules.get(link.schedule_id, to_change=True)
            if schedule is None or link.receiver_id not in {one.receiver_id for one in schedule.active_receivers}:
                return
            receivers = tuple(
                dataclasses.replace(one, left_at_ms=transaction.now_ms) if one.receiver_id == link.receiver_id else one
                for one in schedule.receivers
            )
            await transaction.schedules.save(
                dataclasses.replace(schedule, receivers=receivers, revision=schedule.revision + 1)
            )
            facts = {"receiver": link.receiver_id}
            transaction.record_act(_act("schedule.left", link.schedule_id, facts), by_nobody=True)
            await transaction.commit()

    def _changed(
        self, known: ReportSchedule, kept: ScheduleWish, wanted: ScheduleWish, zone: str, now_ms: int
    ) -> ReportSchedule:
        """What is planned stays planned; from now on the new rhythm counts."""
        changed = dataclasses.replace(
            known,
            rhythm=Rhythm(wanted.weekdays, wanted.local_times),
            receivers=self._receivers(wanted.receivers, known.receivers),
            notice_email=wanted.notice_email,
        )
        if wanted.is_paused:
            return dataclasses.replace(changed, state=ScheduleState.PAUSED, revision=known.revision + 1)
        if kept.is_paused or changed.rhythm != known.rhythm:
            state = ScheduleState.ACTIVE if kept.is_paused else known.state
            return dataclasses.replace(_from_now(changed, zone, now_ms), state=state)
        return dataclasses.replace(changed, revision=known.revision + 1)

    def _receivers(self, emails: Sequence[str], known: Sequence[Receiver]) -> tuple[Receiver, ...]:
        """Whoever was there stays who they are; those who have left stay left."""
        by_key = {one.key: one for one in known}
        wanted = [
            dataclasses.replace(by_key[email.casefold()], email=email)
            if email.casefold() in by_key
            else Receiver(self._ids.new_id("rcv"), email)
            for email in emails
        ]
        return (*wanted, *(one for one in known if one.left_at_ms is not None))


def _from_now(schedule: ReportSchedule, zone: str, now_ms: int) -> ReportSchedule:
    """It goes on, and what came due before is not sent any more."""
    return dataclasses.replace(
        schedule,
        state=ScheduleState.ACTIVE,
        failures_in_row=0,
        planned_until_ms=now_ms,
        next_due_ms=next(moments(schedule.rhythm, zone, now_ms)),
        revision=schedule.revision + 1,
    )


def _wish_of(schedule: ReportSchedule) -> ScheduleWish:
    return ScheduleWish(
        schedule.rhythm.weekdays,
        schedule.rhythm.local_times,
        tuple(one.email for one in schedule.active_receivers),
        schedule.notice_email,
        schedule.state is ScheduleState.PAUSED,
    )


def _act(done: str, schedule_id: str, facts: dict[str, str] | None = None) -> Act:
    """Without addresses."""
    return Act(done, "schedule", schedule_id, facts=facts or {})
