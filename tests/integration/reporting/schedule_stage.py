"""Schedules over real PostgreSQL and a real mail server, on a clock that a test sets; accounts and files are twins."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

from sqlalchemy import text

from services.contracts.once import Asked
from services.reporting.adapters.postgres_schedules import PostgresSchedules
from services.reporting.domain.report_kinds import FileFormat, ReportKind
from services.reporting.domain.report_run import ReportRun
from services.reporting.domain.report_schedule import ReportSchedule
from services.reporting.domain.saved_report import SavedReport
from services.reporting.handlers.mailed_files import MailedFileMaker
from services.reporting.handlers.report_sending import ReportSender
from services.reporting.handlers.saved_reports import ReportWish, SavedReportHandler
from services.reporting.handlers.schedule_planner import SchedulePlanner
from services.reporting.handlers.schedules import ScheduleHandler, ScheduleWish
from services.reporting.handlers.sights import Sights
from services.reporting.handlers.stop_links import StopLinks
from services.reporting.ports.figures import Sight
from services.reporting.ports.grants import GrantedHouse
from services.reporting.ports.owners import HouseFacts
from services.reporting.ports.report_files import ReportFile, ReportQuestion
from services.reporting.ports.report_runs import StopNotice
from services.runtime.clock import SystemClock
from services.runtime.errors import Refusal
from services.runtime.ids import RandomIds
from services.runtime.mail.smtp import SmtpPost
from services.runtime.seal import Seal
from services.runtime.sql.engine import create_engine
from services.runtime.testing.servers import as_owner

HOUSE, PROMOTER = "hse_1", "psn_promoter"
AMSTERDAM = "Europe/Amsterdam"
ANNA, BEN = "anna@producer.example", "ben@producer.example"
SUNDAY, MONDAY, WEDNESDAY, THURSDAY = (
    f"2026-{day}+01:00" for day in ("11-29T12:00", "11-30T07:30", "12-02T12:00", "12-03T07:30")
)
IDS = RandomIds()
LINKS = StopLinks(Seal(["a sealing secret of tests"], owner="reporting"), "https://reports.example")


def ms(text_: str) -> int:
    """Of an instant with its offset."""
    return int(datetime.fromisoformat(text_).timestamp() * 1000)


class SetClock(SystemClock):
    """Shows what it was set to."""

    def __init__(self, at: str) -> None:
        self.at_ms = ms(at)

    def now_ms(self) -> int:
        return self.at_ms


class Accounts:
    """Owners and Grants as accounts tells them now."""

    def __init__(self) -> None:
        self.granted: list[GrantedHouse] = []
        self.zone = AMSTERDAM

    async def house(self, house_id: str) -> HouseFacts:
        return HouseFacts("Schouwburg", "schouwburg", self.zone)

    async def promoters_email(self, house_id: str, promoter_id: str) -> str | None:
        return ANNA.upper() if (house_id, promoter_id) == (HOUSE, PROMOTER) else None

    async def of(self, subject: str) -> Sequence[GrantedHouse]:
        return self.granted if subject == PROMOTER else []

    def grant(self, *performances: str, house_id: str = "hse_2") -> None:
        sight = Sight(house_id, performance_ids=frozenset(performances))
        self.granted.append(GrantedHouse(house_id, house_id, house_id, sight))


class PlainFiles:
    """Files that say what may be seen. `fails`: instead of a file."""

    def __init__(self) -> None:
        self.size = 0
        self.fails: Refusal | Exception | None = None
        self.made_for: list[bool] = []
        self.as_of_ms: list[int | None] = []

    @asynccontextmanager
    async def made(
        self, question: ReportQuestion, houses: Sequence[GrantedHouse], form: FileFormat, *, for_promoter: bool
    ) -> AsyncIterator[ReportFile | Refusal]:
        self.made_for.append(for_promoter)
        self.as_of_ms.append(question.as_of_ms)
        if isinstance(self.fails, Exception):
            raise self.fails
        if self.fails is not None:
            yield self.fails
            return
        content = "\n".join(told(houses)).encode() + b"x" * self.size
        yield ReportFile(f"report.{form.value.lower()}", "text/csv", len(content), io.BytesIO(content))


def told(houses: Iterable[GrantedHouse]) -> list[str]:
    return [
        f"{one.house_id}: {'all' if one.sight.whole_house else ' '.join(sorted(one.sight.performance_ids))}"
        for one in houses
    ]


def question_of(kept: bytes) -> ReportQuestion:
    return ReportQuestion(ReportKind.BY_PERFORMANCE, "en")


class Stage:
    """`store` and `post` may be exchanged for ones with a part taken out."""

    def __init__(self, store: PostgresSchedules, database_url: str, smtp_url: str, clock: SetClock) -> None:
        self.clock, self.store = clock, store
        self._owner = as_owner(database_url)
        self.accounts, self.files = Accounts(), PlainFiles()
        self.post: Any = SmtpPost(smtp_url, "Balcon <no-reply@balcon.example>")
        self.reports = SavedReportHandler(store, self.accounts, IDS)
        self.schedules = ScheduleHandler(store, self.accounts, IDS)

    def planner(self) -> SchedulePlanner:
        return SchedulePlanner(self.store, self.accounts, self.clock, IDS)

    def sender(self, store: Any = None, most_bytes: int = 10_000) -> ReportSender:
        maker = MailedFileMaker(self.files, Sights(self.accounts), question_of, most_bytes)
        return ReportSender(
            store or self.store, self.accounts, maker, self.post, LINKS, self.clock, pages_url="https://balcon.example"
        )

    async def saved(self, promoter_id: str = "", name: str = "Sales") -> SavedReport:
        wish, made = ReportWish(name, b"", "en", ("CSV",)), list[SavedReport]()
        assert await self.reports.create(asked(made), HOUSE, promoter_id, wish) == b"made"
        return made[0]

    async def scheduled(self, *receivers: str, promoter_id: str = "", days: Sequence[int] = (1, 4)) -> ReportSchedule:
        report, made = await self.saved(promoter_id), list[ReportSchedule]()
        wish = ScheduleWish(tuple(days), ("07:30",), receivers, "office@schouwburg.example", is_paused=False)
        assert await self.schedules.create(asked(made), HOUSE, report.saved_report_id, wish) == b"made"
        return made[0]

    async def at(self, moment: str) -> None:
        """The clock shows it, and everything that is due goes out."""
        self.clock.at_ms = ms(moment)
        await self.planner().look()
        await self.send()

    async def send(self, sender: ReportSender | None = None) -> None:
        """As the job queue does: every run that is open. Raises what a job would be tried again for."""
        for house_id, run_id in await self.rows("SELECT house_id, run_id FROM report_runs WHERE outcome IS NULL"):
            await (sender or self.sender()).send(house_id, run_id)

    async def runs(self) -> list[ReportRun]:
        """The oldest first."""
        async with self.store.transaction(HOUSE) as transaction:
            found = await transaction.runs.page(None, 500, "")
        return sorted(found, key=lambda run: run.due_at_ms)

    async def schedule(self, schedule_id: str) -> ReportSchedule:
        found = await self.schedules.get(HOUSE, schedule_id)
        assert isinstance(found, ReportSchedule)
        return found

    async def tell_stopped(self) -> None:
        """As the job queue does: notices that wait."""
        waiting = "SELECT args ->> 'house_id', args ->> 'notice_id', args ->> 'schedule_id' FROM procrastinate_jobs"
        for house_id, notice_id, schedule_id in await self.rows(f"{waiting} WHERE task_name = 'tell_schedule_stopped'"):
            await self.sender().tell_stopped(house_id, StopNotice(notice_id, schedule_id))

    async def rows(self, sql: str) -> list[tuple[Any, ...]]:
        async with self._owner.connect() as connection:
            return [tuple(row) for row in await connection.execute(text(sql))]

    async def acts(self) -> list[str]:
        """The bytes of acts that were told, as text."""
        return [bytes(payload).decode(errors="replace") for (payload,) in await self.rows("SELECT payload FROM outbox")]


def asked(made: list[Any] | None = None) -> Asked[Any]:
    """A request that nobody has made before; `made` takes what it makes."""

    def keep(thing: Any) -> bytes:
        if made is not None:
            made.append(thing)
        return b"made"

    return Asked(IDS.new_id("key"), "test", IDS.new_id("wire").encode(), keep)


@asynccontextmanager
async def staged(database_url: str, smtp_url: str, at: str) -> AsyncIterator[Stage]:
    """The clock begins there."""
    clock = SetClock(at)
    engine, hands = (create_engine(database_url, application=name) for name in ("test", "test hands"))
    store = PostgresSchedules(engine, hands, clock=clock, ids=IDS, wake=lambda: None)
    try:
        yield Stage(store, database_url, smtp_url, clock)
    finally:
        await engine.dispose()
        await hands.dispose()
