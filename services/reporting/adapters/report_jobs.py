"""The jobs of mailed reports: what the queue hands over, as the sender takes it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from services.reporting.adapters.run_rows import NOTICE_TASK, RUN_TASK
from services.reporting.ports.report_runs import StopNotice
from services.runtime.jobs.job import JobRun, Task

Send = Callable[[str, str], Awaitable[None]]
Tell = Callable[[str, StopNotice], Awaitable[None]]


def report_tasks(send: Send, tell_stopped: Tell) -> Mapping[str, Task]:
    """`send(house_id, run_id)` is tried again for as long as a run may go on, some six hours."""

    async def run(job: JobRun) -> None:
        await send(str(job.arguments["house_id"]), str(job.arguments["run_id"]))

    async def tell(job: JobRun) -> None:
        notice = StopNotice(str(job.arguments["notice_id"]), str(job.arguments["schedule_id"]))
        await tell_stopped(str(job.arguments["house_id"]), notice)

    return {RUN_TASK: Task(run, most_attempts=60, longest_wait_seconds=600.0), NOTICE_TASK: Task(tell)}
