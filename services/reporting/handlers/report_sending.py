"""Sends a run of the ledger: to each receiver once, whichever process works on it and wherever one dies (R3.10).

A line says that a mail is about to leave before it leaves. Whoever finds it so sends one more copy with the same
Message-ID, which receivers' systems drop, and no third.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from services.contracts.acts import Act
from services.paper.localised import short_moment_text
from services.reporting.domain import report_run as ledger
from services.reporting.domain.report_letters import ReportLetter, StopLetter, report_letter, stop_letter
from services.reporting.domain.report_run import Line, ReportRun, RunOutcome, SendState, outcome_of
from services.reporting.domain.report_schedule import MOST_FAILURES, ReportSchedule, ScheduleState
from services.reporting.domain.saved_report import SavedReport
from services.reporting.handlers.mailed_files import MadeFiles, MailedFileMaker
from services.reporting.handlers.saved_reports import ASKED_RECEIVER
from services.reporting.handlers.stop_links import StopLink, StopLinks
from services.reporting.ports.owners import HouseFacts, Owners
from services.reporting.ports.report_runs import StopNotice
from services.reporting.ports.schedule_store import ScheduleStore
from services.reporting.ports.schedule_transaction import ScheduleTransaction
from services.runtime.clock import Clock
from services.runtime.errors import Refusal, Retryable
from services.runtime.mail.faults import LetterRefused, LetterUncertain, PostUnavailable
from services.runtime.mail.letter import LetterText
from services.runtime.mail.post import Post
from services.runtime.telemetry.metrics import REPORT_MAILS, REPORT_RUNS

GIVEN_UP: Final = "not sent within six hours"
LEFT: Final = "the receiver has stopped these mails"
NO_MORE: Final = "the schedule was paused, stopped or ended"
SILENT: Final = "the mail server was silent when it should have said whether it took it"
AWAY: Final = "the mail server did not take it"


class RunInOtherHands(Retryable):
    """Another process sends this run; it is looked at again, in case that one dies."""


class RunUnfinished(Retryable):
    """Some mails of the run could not leave yet."""


@dataclass(frozen=True, slots=True)
class _Work:
    """A run with what it is about."""

    house_id: str
    house: HouseFacts
    run: ReportRun
    report: SavedReport
    # None: somebody asked for it now.
    schedule: ReportSchedule | None

    @property
    def addresses(self) -> Mapping[str, str]:
        """Of those who still want it."""
        if self.schedule is None:
            return {ASKED_RECEIVER: self.run.email}
        return {one.receiver_id: one.email for one in self.schedule.active_receivers}

    @property
    def is_off(self) -> bool:
        """Whether nobody wants any of it any more."""
        of = self.schedule
        return of is not None and (of.archived_at_ms is not None or of.state is not ScheduleState.ACTIVE)


class ReportSender:
    """Run by the job queue, at least once for each run."""

    def __init__(
        self,
        store: ScheduleStore,
        owners: Owners,
        maker: MailedFileMaker,
        post: Post,
        links: StopLinks,
        clock: Clock,
        *,
        pages_url: str,
    ) -> None:
        self._store = store
        self._owners = owners
        self._maker = maker
        self._post = post
        self._links = links
        self._clock = clock
        self._pages_url = pages_url

    async def send(self, house_id: str, run_id: str) -> None:
        """Raises RunInOtherHands, RunUnfinished, and what keeps the report from being made: later again."""
        async with self._store.sole_hand(run_id) as is_ours:
            if not is_ours:
                raise RunInOtherHands(run_id=run_id)
            await self._send(house_id, run_id)

    async def _send(self, house_id: str, run_id: str) -> None:
        async with self._store.transaction(house_id) as transaction:
            run = await transaction.runs.get(run_id)
            if run is None or run.outcome is not None:
                return
            report = await transaction.reports.get(run.saved_report_id)
            schedule = await transaction.schedules.get(run.schedule_id) if run.schedule_id else None
        assert report is not None, "saved reports are taken out of use, never removed"
        if self._clock.now_ms() - run.created_at_ms >= ledger.GIVE_UP_MS:
            await self._end_all(house_id, run, SendState.FAILED, GIVEN_UP)
        else:
            work = _Work(house_id, await self._owners.house(house_id), run, report, schedule)
            await self._work_on(work)
        if not await self._concluded(house_id, run_id):
            raise RunUnfinished(run_id=run_id)

    async def _work_on(self, work: _Work) -> None:
        if work.is_off:
            await self._end_all(work.house_id, work.run, SendState.STOPPED, NO_MORE)
            return
        if not work.run.open_lines:
            return
        promoter = work.report.promoter_id
        reads_at = await self._owners.promoters_email(work.house_id, promoter) if promoter else ""
        made: dict[bool, MadeFiles | Refusal] = {}
        for line in work.run.open_lines:
            address = work.addresses.get(line.receiver_id)
            if address is None:
                await self._end(work, ledger.found(line), SendState.STOPPED, LEFT)
                continue
            # A house lists whom it likes, itself too: what other houses grant is told to the promoter alone (R3.1).
            sees_all = not promoter or (reads_at is not None and address.casefold() == reads_at.casefold())
            if sees_all not in made:
                made[sees_all] = await self._maker.made(
                    work.house_id, work.house, work.report, work.run.due_at_ms, sees_all=sees_all
                )
            files = made[sees_all]
            if isinstance(files, Refusal):
                await self._end(work, ledger.found(line), SendState.FAILED, files.reason())
            else:
                await self._send_one(work, line, address, files)

    async def _send_one(self, work: _Work, seen: Line, address: str, files: MadeFiles) -> None:
        line = ledger.found(seen)
        if not ledger.may_leave(line):
            await self._end(work, line, SendState.UNKNOWN, SILENT)
            return
        line = ledger.begun(line)
        if not await self._write(work, line, seen.attempts):
            return
        letter_id = f"{work.run.run_id}.{line.receiver_id}"
        try:
            text = self._letter(work, line.receiver_id, files)
            await self._post.send(letter_id, address, text, work.report.language, files.attached)
        except LetterUncertain:
            line = ledger.again(line, SILENT, is_unknown=True)
            if not ledger.may_leave(line):
                await self._end(work, line, SendState.UNKNOWN, SILENT)
            else:
                await self._write(work, line, line.attempts)
        except PostUnavailable:
            await self._write(work, ledger.again(line, AWAY, is_unknown=False), line.attempts)
        except LetterRefused as fault:
            await self._end(work, line, SendState.FAILED, f"the mail server refuses it ({fault.facts.get('code')})")
        else:
            await self._end(work, line, SendState.SENT)

    def _letter(self, work: _Work, receiver_id: str, files: MadeFiles) -> LetterText:
        link = StopLink(work.house_id, work.run.schedule_id, receiver_id)
        return report_letter(
            ReportLetter(
                language=work.report.language,
                report=work.report.name,
                house=work.house.name,
                when=short_moment_text(work.run.due_at_ms, work.house.time_zone, work.report.language),
                files=[file.file_name for file in files.attached],
                left_out=files.left_out,
                pages_url=self._pages_url,
                stop_url=self._links.url(link) if work.schedule is not None else "",
            )
        )

    async def _end(self, work: _Work, line: Line, state: SendState, reason: str = "") -> None:
        if await self._write(work, ledger.ended(line, state, self._clock.now_ms(), reason), line.attempts):
            REPORT_MAILS.labels(state.value.lower()).inc()

    async def _write(self, work: _Work, line: Line, seen_attempts: int) -> bool:
        async with self._store.transaction(work.house_id) as transaction:
            is_written = await transaction.runs.write(work.run.run_id, line, seen_attempts)
            await transaction.commit()
            return is_written

    async def _end_all(self, house_id: str, run: ReportRun, state: SendState, reason: str) -> None:
        """Of a line that may have left nobody says that it has not."""
        ends_as: list[SendState] = []
        async with self._store.transaction(house_id) as transaction:
            for seen in run.open_lines:
                line = ledger.found(seen)
                ends = (SendState.UNKNOWN, SILENT) if line.unknown else (state, line.reason or reason)
                ended = ledger.ended(line, ends[0], transaction.now_ms, ends[1])
                await transaction.runs.write(run.run_id, ended, seen.attempts)
                ends_as.append(ends[0])
            await transaction.commit()
        for ended_as in ends_as:
            REPORT_MAILS.labels(ended_as.value.lower()).inc()

    async def _concluded(self, house_id: str, run_id: str) -> bool:
        """Closes a run that has nothing open, and stops its schedule after too many failures in a row."""
        async with self._store.transaction(house_id) as transaction:
            run = await transaction.runs.get(run_id)
            assert run is not None, "runs are forgotten long after they have ended"
            outcome = outcome_of(run.lines)
            if outcome is None:
                return False
            # Before the run is closed: whoever changes both takes them in this order.
            schedule = await transaction.schedules.get(run.schedule_id, to_change=True) if run.schedule_id else None
            is_closed = await transaction.runs.close(run_id, outcome)
            if is_closed and schedule is not None:
                await self._count(transaction, schedule, outcome)
            await transaction.commit()
        if is_closed:
            REPORT_RUNS.labels(outcome.value.lower()).inc()
        return True

    @staticmethod
    async def _count(transaction: ScheduleTransaction, schedule: ReportSchedule, outcome: RunOutcome) -> None:
        if outcome not in {RunOutcome.SENT, RunOutcome.FAILED}:
            return
        failures = schedule.failures_in_row + 1 if outcome is RunOutcome.FAILED else 0
        counted = dataclasses.replace(schedule, failures_in_row=failures)
        if failures >= MOST_FAILURES and schedule.state is ScheduleState.ACTIVE and schedule.archived_at_ms is None:
            counted = dataclasses.replace(counted, state=ScheduleState.STOPPED, revision=schedule.revision + 1)
            facts = {"failures": str(failures)}
            transaction.record_act(
                Act("schedule.stopped", "schedule", schedule.schedule_id, facts=facts), by_nobody=True
            )
            notice_id = f"{schedule.schedule_id}.stopped.{counted.revision}"
            await transaction.runs.tell_stopped(StopNotice(notice_id, schedule.schedule_id))
        await transaction.schedules.save(counted)

    async def tell_stopped(self, house_id: str, notice: StopNotice) -> None:
        """Mails the notice, unless the house has been faster. Raises what the post raises."""
        async with self._store.transaction(house_id) as transaction:
            schedule = await transaction.schedules.get(notice.schedule_id)
            if schedule is None or schedule.state is not ScheduleState.STOPPED:
                return
            report = await transaction.reports.get(schedule.saved_report_id)
            assert report is not None, "saved reports are taken out of use, never removed"
            [*runs] = await transaction.runs.page(None, 1, schedule.schedule_id)
        house = await self._owners.house(house_id)
        reasons = [line.reason for run in runs for line in run.lines if line.reason]
        letter = StopLetter(
            language=report.language,
            report=report.name,
            house=house.name,
            schedule=schedule.schedule_id,
            failures=schedule.failures_in_row,
            reason=reasons[0] if reasons else GIVEN_UP,
        )
        await self._post.send(notice.notice_id, schedule.notice_email, stop_letter(letter), report.language)
