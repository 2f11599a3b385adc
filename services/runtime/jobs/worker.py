"""Runs jobs: several at once, again after faults, and those that a killed worker left half done. At least once each."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from procrastinate import App, BaseRetryStrategy, JobContext, PsycopgConnector, RetryDecision
from procrastinate.jobs import Job as QueuedJob

from services.runtime.clock import Clock
from services.runtime.errors import Fatal
from services.runtime.jobs.job import DEFAULT_QUEUE, JobRun, JsonValue, Task
from services.runtime.telemetry.logging import get_logger
from services.runtime.telemetry.metrics import JOB_TRIES

_log = get_logger("jobs")


@dataclass(frozen=True, slots=True)
class WorkerLimits:
    """`silent_seconds`: a worker not heard of for so long is dead, and its jobs are run by others."""

    concurrency: int = 4
    poll_seconds: float = 5.0
    heartbeat_seconds: float = 5.0
    silent_seconds: float = 20.0
    grace_seconds: float = 10.0


class JobWorker:
    """One a process; several share a database's queue. `run` until cancelled: what is under way gets its grace."""

    def __init__(
        self,
        database_url: str,
        tasks: Mapping[str, Task],
        clock: Clock,
        *,
        queues: Sequence[str] = (DEFAULT_QUEUE,),
        limits: WorkerLimits | None = None,
    ) -> None:
        self._tasks = tasks
        self._clock = clock
        self._queues = list(queues)  # a tuple would become a row, not an array
        self._limits = limits or WorkerLimits()
        # A driver of its own, because the library speaks no asyncpg.
        url = database_url.replace("postgresql+asyncpg://", "postgresql://")
        self._app = App(
            connector=PsycopgConnector(conninfo=url, min_size=1, max_size=3, kwargs={"application_name": "balcon-jobs"})
        )
        for name, task in tasks.items():
            self._app.task(name=name, pass_context=True, retry=_Retries(task, clock))(self._runner(name, task))

    async def run(self) -> None:
        """Works until cancelled. Raises when the database is away; Service.background starts it again."""
        async with self._app.open_async(), asyncio.TaskGroup() as group:
            group.create_task(self._retry_stalled())
            await self._app.run_worker_async(
                queues=self._queues,
                concurrency=self._limits.concurrency,
                fetch_job_polling_interval=self._limits.poll_seconds,
                update_heartbeat_interval=self._limits.heartbeat_seconds,
                stalled_worker_timeout=self._limits.silent_seconds,
                shutdown_graceful_timeout=self._limits.grace_seconds,
                install_signal_handlers=False,
                delete_jobs="successful",
            )

    async def _retry_stalled(self) -> None:
        """Jobs of workers that fell silent wait again; the library leaves them "doing" for ever."""
        jobs = self._app.job_manager
        while True:
            for job in await jobs.get_stalled_jobs(seconds_since_heartbeat=self._limits.silent_seconds):
                await jobs.retry_job(job)
                _log.warning("stalled_job_retried", job_id=job.id, task=job.task_name)
            await self._clock.sleep(self._limits.silent_seconds / 2)

    def _runner(self, name: str, task: Task) -> Callable[..., Awaitable[None]]:
        async def run(context: JobContext, **arguments: JsonValue) -> None:
            job = context.job
            assert job.id is not None, "a job that runs is stored"
            try:
                await task.run(JobRun(job.id, name, arguments, job.attempts + 1))
            except Exception as error:
                outcome = "failed" if _wait_after(task, error, job) is None else "again"
                JOB_TRIES.labels(name, outcome).inc()
                _log.warning("job_try_failed", job_id=job.id, task=name, outcome=outcome, exc_info=error)
                raise
            JOB_TRIES.labels(name, "done").inc()

        return run


class _Retries(BaseRetryStrategy):
    """A task's rule in the library's words."""

    def __init__(self, task: Task, clock: Clock) -> None:
        self._task = task
        self._clock = clock

    def get_retry_decision(self, *, exception: BaseException, job: QueuedJob) -> RetryDecision | None:
        wait = _wait_after(self._task, exception, job)
        if wait is None:
            return None
        return RetryDecision(retry_at=datetime.fromtimestamp(self._clock.now_ms() / 1000 + wait, UTC))


def _wait_after(task: Task, error: BaseException, job: QueuedJob) -> float | None:
    return None if isinstance(error, Fatal) else task.wait_after(job.attempts + 1)
