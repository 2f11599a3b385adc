"""A process with a worker whose first task never ends: python worker_process.py DATABASE_URL. To be killed."""

import asyncio
import sys

from sqlalchemy import text

from services.runtime.clock import SystemClock
from services.runtime.jobs.job import JobRun, Task
from services.runtime.jobs.worker import JobWorker, WorkerLimits
from services.runtime.sql.engine import create_engine


async def main(url: str) -> None:
    engine = create_engine(url, application="jobs-test")

    async def begin_and_never_end(run: JobRun) -> None:
        async with engine.begin() as connection:
            await connection.execute(text("INSERT INTO tries VALUES (:job, 'killed')"), {"job": run.job_id})
        await asyncio.Event().wait()

    limits = WorkerLimits(heartbeat_seconds=0.2, silent_seconds=1.0, poll_seconds=0.1)
    await JobWorker(url, {"mail": Task(begin_and_never_end)}, SystemClock(), limits=limits).run()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
