"""Saved reports: kept, changed and taken out of use by the house, its own and those of its promoters (R3.2)."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

from services.contracts.acts import Act
from services.contracts.changes import EtagStale, etag_of, masked, refused_etag
from services.contracts.once import Asked, answer_once
from services.contracts.pages import AskedPage, token_after
from services.reporting.domain.report_run import Line, ReportRun, SendState
from services.reporting.domain.report_schedule import ScheduleState
from services.reporting.domain.saved_report import MAX_SAVED_REPORTS, SavedReport
from services.reporting.domain.schedule_refusals import (
    PromoterNotOurs,
    SavedReportArchived,
    SavedReportNotFound,
    TooManySavedReports,
)
from services.reporting.ports.owners import Owners
from services.reporting.ports.schedule_store import ScheduleStore
from services.reporting.ports.schedule_transaction import ScheduleTransaction
from services.runtime.errors import Refusal
from services.runtime.ids import Ids

# Of a run that somebody asked for: there is one, and no list that it is in.
ASKED_RECEIVER = "asked"
_THING = "the saved report"


@dataclass(frozen=True, slots=True)
class ReportWish:
    """What a house says of a saved report. Fields are named as on the wire; `language` goes with the question."""

    name: str
    question: bytes
    language: str
    formats: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SavedReportPage:
    """In the order in which they were made; `next_page_token` is empty on the last page."""

    reports: Sequence[SavedReport]
    next_page_token: str


class SavedReportHandler:
    """A report of another house is not found, as one that nobody has made."""

    def __init__(self, store: ScheduleStore, owners: Owners, ids: Ids) -> None:
        self._store = store
        self._owners = owners
        self._ids = ids

    async def create(
        self, asked: Asked[SavedReport], house_id: str, promoter_id: str, wish: ReportWish
    ) -> bytes | Refusal:
        """Refusals: PromoterNotOurs, TooManySavedReports, IdempotencyKeyReused. Raises NeighbourSilent."""
        if promoter_id and await self._owners.promoters_email(house_id, promoter_id) is None:
            return PromoterNotOurs(promoter_id)

        async def act(transaction: ScheduleTransaction) -> SavedReport | Refusal:
            if await transaction.reports.count() >= MAX_SAVED_REPORTS:
                return TooManySavedReports(MAX_SAVED_REPORTS)
            made = SavedReport(
                saved_report_id=self._ids.new_id("rep"),
                promoter_id=promoter_id,
                name=wish.name,
                question=wish.question,
                language=wish.language,
                formats=wish.formats,
                created_at_ms=transaction.now_ms,
            )
            await transaction.reports.add(made)
            facts = {"promoter": promoter_id} if promoter_id else {}
            transaction.record_act(_act("saved_report.made", made.saved_report_id, facts))
            return made

        return await answer_once(self._store.transaction(house_id), house_id, asked, act)

    async def get(self, house_id: str, saved_report_id: str) -> SavedReport | Refusal:
        """Refusals: SavedReportNotFound."""
        async with self._store.transaction(house_id) as transaction:
            return await transaction.reports.get(saved_report_id) or SavedReportNotFound(saved_report_id)

    async def page(self, house_id: str, asked: AskedPage, *, archived: bool, promoter_id: str) -> SavedReportPage:
        """The house's own."""
        async with self._store.transaction(house_id) as transaction:
            found = await transaction.reports.page(
                asked.after, asked.size + 1, archived=archived, promoter_id=promoter_id
            )
        page = found[: asked.size]
        if len(found) == len(page):
            return SavedReportPage(page, "")
        return SavedReportPage(page, token_after(house_id, page[-1].saved_report_id, page[-1].created_at_ms))

    async def update(
        self, house_id: str, saved_report_id: str, etag: str, wish: ReportWish, named: Sequence[str]
    ) -> SavedReport | Refusal:
        """Refusals: SavedReportNotFound, SavedReportArchived, EtagStale."""
        async with self._store.transaction(house_id) as transaction:
            known = await transaction.reports.get(saved_report_id)
            if known is None:
                return SavedReportNotFound(saved_report_id)
            if known.archived_at_ms is not None:
                return SavedReportArchived(saved_report_id)
            kept = ReportWish(known.name, known.question, known.language, known.formats)
            wanted = masked(kept, wish, {*named, "language"} if "question" in named else named)
            changed = dataclasses.replace(
                known,
                name=wanted.name,
                question=wanted.question,
                language=wanted.language,
                formats=wanted.formats,
            )
            if changed == known:
                return known
            facts = {"fields": ",".join(sorted(set(named)))}
            return await self._saved(
                transaction, known, changed, etag, _act("saved_report.changed", saved_report_id, facts)
            )

    async def archive(self, house_id: str, saved_report_id: str, etag: str) -> SavedReport | Refusal:
        """With its schedules. Refusals: SavedReportNotFound, EtagStale."""
        async with self._store.transaction(house_id) as transaction:
            known = await transaction.reports.get(saved_report_id)
            if known is None:
                return SavedReportNotFound(saved_report_id)
            if known.archived_at_ms is not None:
                return known
            for schedule_id in await transaction.schedules.of_report(saved_report_id):
                schedule = await transaction.schedules.get(schedule_id, to_change=True)
                assert schedule is not None, "schedules end, and are never removed"
                ended = dataclasses.replace(
                    schedule,
                    archived_at_ms=transaction.now_ms,
                    state=ScheduleState.PAUSED,
                    receivers=(),
                    revision=schedule.revision + 1,
                )
                await transaction.schedules.save(ended)
                transaction.record_act(Act("schedule.archived", "schedule", schedule_id))
            ended_report = dataclasses.replace(known, archived_at_ms=transaction.now_ms)
            return await self._saved(
                transaction, known, ended_report, etag, _act("saved_report.archived", saved_report_id)
            )

    async def send_now(self, asked: Asked[str], house_id: str, saved_report_id: str, email: str) -> bytes | Refusal:
        """The run's id. Refusals: SavedReportNotFound, SavedReportArchived, IdempotencyKeyReused."""

        async def act(transaction: ScheduleTransaction) -> str | Refusal:
            report = await transaction.reports.get(saved_report_id)
            if report is None:
                return SavedReportNotFound(saved_report_id)
            if report.archived_at_ms is not None:
                return SavedReportArchived(saved_report_id)
            run = ReportRun(
                run_id=self._ids.new_id("run"),
                schedule_id="",
                saved_report_id=saved_report_id,
                due_at_ms=transaction.now_ms,
                lines=(Line(ASKED_RECEIVER, SendState.DUE),),
                created_at_ms=transaction.now_ms,
                email=email,
            )
            await transaction.runs.plan(run)
            transaction.record_act(_act("saved_report.sent", saved_report_id, {"run": run.run_id}))
            return run.run_id

        return await answer_once(self._store.transaction(house_id), house_id, asked, act)

    @staticmethod
    async def _saved(
        transaction: ScheduleTransaction, known: SavedReport, changed: SavedReport, etag: str, act: Act
    ) -> SavedReport | Refusal:
        if stale := refused_etag(_THING, etag, known.revision):
            return stale
        saved = dataclasses.replace(changed, revision=known.revision + 1)
        if not await transaction.reports.save(saved):
            newest = await transaction.reports.get(known.saved_report_id)
            return EtagStale(_THING, etag_of(newest.revision if newest else known.revision))
        transaction.record_act(act)
        await transaction.commit()
        return saved


def _act(done: str, saved_report_id: str, facts: dict[str, str] | None = None) -> Act:
    """Without addresses and names."""
    return Act(done, "saved_report", saved_report_id, facts=facts or {})
