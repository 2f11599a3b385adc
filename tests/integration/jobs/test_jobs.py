"""Durable jobs on a real PostgreSQL: added with our transaction, run at least once, through faults and kill -9."""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
import pytest_asyncio
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncEngine

from services.runtime.clock import SystemClock
from services.runtime.errors import Fatal, Retryable
from services.runtime.jobs import migration
from services.runtime.jobs.job import Job, JobRun, JobTooLarge, Task
from services.runtime.jobs.queue import add_jobs
from services.runtime.jobs.worker import JobWorker, WorkerLimits
from services.runtime.sql.engine import create_engine
from services.runtime.testing.eventually import eventually

WORKER_PROCESS = Path(__file__).with_name("worker_process.py")
QUICK = WorkerLimits(heartbeat_seconds=0.2, silent_seconds=1.0, poll_seconds=0.1, grace_seconds=0.2)


def create_tables(connection: Connection) -> None:
    with Operations.context(MigrationContext.configure(connection)):
        migration.create_job_tables()


@pytest_asyncio.fixture
async def url(database_url: Callable[[], str]) -> str:
    return database_url()


@pytest_asyncio.fixture
async def engine(url: str) -> AsyncIterator[AsyncEngine]:
    made = create_engine(url, application="jobs-test")
    async with made.begin() as connection:
        await connection.run_sync(create_tables)
        await connection.execute(text("CREATE TABLE tries (job bigint, by text)"))
    yield made
    await made.dispose()


async def add(engine: AsyncEngine, *jobs: Job) -> list[int]:
    async with engine.begin() as connection:
        return await add_jobs(connection, *jobs)


async def states(engine: AsyncEngine) -> Mapping[int, str]:
    async with engine.connect() as connection:
        rows = await connection.execute(text("SELECT id, status::text FROM procrastinate_jobs"))
        return {row.id: row.status for row in rows}


async def is_empty(engine: AsyncEngine) -> bool:
    return not await states(engine)


@asynccontextmanager
async def working(url: str, tasks: Mapping[str, Task]) -> AsyncIterator[JobWorker]:
    worker = JobWorker(url, tasks, SystemClock(), limits=QUICK)
    running = asyncio.create_task(worker.run())
    try:
        yield worker
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


def noting(seen: list[JobRun]) -> Task:
    async def note(run: JobRun) -> None:
        seen.append(run)

    return Task(note)


def failing(seen: list[JobRun], error: Exception, tries: int) -> Callable[[JobRun], Awaitable[None]]:
    """Fails `tries` times, then is done."""

    async def run(job: JobRun) -> None:
        seen.append(job)
        if len(seen) <= tries:
            raise error

    return run


async def test_a_job_is_run_with_what_it_was_given_and_is_gone_afterwards(url: str, engine: AsyncEngine) -> None:
    seen: list[JobRun] = []
    async with working(url, {"mail": noting(seen)}):
        [job_id] = await add(engine, Job("mail", {"order_id": "ord_1", "lines": [1, 2]}))
        await eventually(lambda: is_empty(engine))
    assert seen == [JobRun(job_id, "mail", {"order_id": "ord_1", "lines": [1, 2]}, 1)]


async def test_a_job_of_a_transaction_that_is_rolled_back_was_never_there(url: str, engine: AsyncEngine) -> None:
    async with engine.connect() as connection, connection.begin() as transaction:
        await add_jobs(connection, Job("mail"))
        await transaction.rollback()
    assert await is_empty(engine)


async def test_a_job_that_may_work_later_is_tried_again_under_the_same_id(url: str, engine: AsyncEngine) -> None:
    seen: list[JobRun] = []
    task = Task(failing(seen, Retryable(), tries=2), wait_seconds=0.01)
    async with working(url, {"mail": task}):
        [job_id] = await add(engine, Job("mail"))
        await eventually(lambda: is_empty(engine))
    assert [(run.job_id, run.attempt) for run in seen] == [(job_id, 1), (job_id, 2), (job_id, 3)]


@pytest.mark.parametrize(("error", "most", "tries"), [(Fatal(), 5, 1), (Retryable(), 2, 2)])
async def test_a_job_that_cannot_succeed_stays_to_be_seen(
    url: str, engine: AsyncEngine, error: Exception, most: int, tries: int
) -> None:
    seen: list[JobRun] = []
    task = Task(failing(seen, error, tries=100), most_attempts=most, wait_seconds=0.01)
    async with working(url, {"mail": task}):
        [job_id] = await add(engine, Job("mail"))

        async def is_failed() -> bool:
            return await states(engine) == {job_id: "failed"}

        await eventually(is_failed)
    assert len(seen) == tries


async def test_jobs_after_the_same_name_run_one_at_a_time_in_order(url: str, engine: AsyncEngine) -> None:
    running: list[object] = []
    most: list[int] = []
    order: list[object] = []

    async def run(job: JobRun) -> None:
        running.append(job.job_id)
        most.append(len(running))
        order.append(job.arguments["number"])
        await asyncio.sleep(0)  # noqa: TID251 (lets another one in, if there is one)
        running.remove(job.job_id)

    await add(engine, *(Job("export", {"number": number}, after="house_1") for number in range(20)))
    async with working(url, {"export": Task(run)}):
        await eventually(lambda: is_empty(engine))
    assert order == list(range(20))
    assert max(most) == 1


async def test_a_job_is_not_added_while_one_of_its_kind_waits(url: str, engine: AsyncEngine) -> None:
    once = Job("sync", unless_waiting="sync house_1")
    [first] = await add(engine, once)
    async with engine.begin() as connection:
        assert await add_jobs(connection, once) == []
        await connection.execute(text("INSERT INTO tries VALUES (1, 'the transaction goes on')"))
    assert await states(engine) == {first: "todo"}
    async with engine.connect() as connection:
        assert await connection.scalar(text("SELECT count(*) FROM tries")) == 1


async def test_a_job_is_not_run_before_its_time(url: str, engine: AsyncEngine) -> None:
    seen: list[JobRun] = []
    clock = SystemClock()
    later, now = Job("mail", {"when": "later"}, not_before_ms=clock.now_ms() + 3_600_000), Job("mail", {"when": "now"})
    async with working(url, {"mail": noting(seen)}):
        [kept, _] = await add(engine, later, now)

        async def only_one_is_left() -> bool:
            return await states(engine) == {kept: "todo"}

        await eventually(only_one_is_left)
    assert [run.arguments["when"] for run in seen] == ["now"]


async def test_arguments_that_should_be_rows_are_refused(engine: AsyncEngine) -> None:
    with pytest.raises(JobTooLarge):
        await add(engine, Job("mail", {"body": "x" * 100_000}))


async def test_a_job_of_a_worker_that_was_killed_is_run_by_another(url: str, engine: AsyncEngine) -> None:
    [job_id] = await add(engine, Job("mail"))
    process = await asyncio.create_subprocess_exec(sys.executable, str(WORKER_PROCESS), url)
    try:

        async def is_under_way() -> bool:
            async with engine.connect() as connection:
                return bool(await connection.scalar(text("SELECT count(*) FROM tries WHERE by = 'killed'")))

        await eventually(is_under_way, timeout_seconds=60)
    finally:
        process.kill()
        await process.wait()
    assert await states(engine) == {job_id: "doing"}
    seen: list[JobRun] = []
    async with working(url, {"mail": noting(seen)}):
        await eventually(lambda: is_empty(engine))
    assert [run.job_id for run in seen] == [job_id]


def test_the_librarys_newest_migration_is_known() -> None:
    """Red after an upgrade that brings one: services with jobs then need a revision with apply_job_migrations()."""
    assert migration.shipped_migrations()[-1] == migration.NEWEST


async def test_a_new_queue_needs_no_migration(engine: AsyncEngine) -> None:
    def apply(connection: Connection) -> None:
        with Operations.context(MigrationContext.configure(connection)):
            migration.apply_job_migrations()

    async with engine.begin() as connection:
        await connection.run_sync(apply)
        assert await connection.scalar(text("SELECT count(*) FROM job_migrations")) == len(
            migration.shipped_migrations()
        )
