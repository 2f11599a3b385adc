"""Adds jobs inside the caller's transaction: committed with what they are about, or not there at all."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from services.runtime.jobs.job import MAX_ARGUMENT_BYTES, Job, JobTooLarge

MAX_JOBS_AT_ONCE = 1_000

_ADD = text(
    "SELECT unnest(procrastinate_defer_jobs_v1(array_agg(job))) "
    "FROM jsonb_populate_recordset(NULL::procrastinate_job_to_defer_v1, CAST(:jobs AS jsonb)) AS job"
)


async def add_jobs(connection: AsyncConnection, *jobs: Job) -> list[int]:
    """Their ids, in order; at most MAX_JOBS_AT_ONCE. A job whose `unless_waiting` waits already is left out.

    The connection is in a transaction; workers hear of the jobs when it commits.
    """
    assert len(jobs) <= MAX_JOBS_AT_ONCE, "more jobs at once than a statement should carry"
    added = await _add(connection, [job for job in jobs if job.unless_waiting is None])
    for job in jobs:
        if job.unless_waiting is not None:
            added += await _add_unless_waiting(connection, job)
    return added


async def _add(connection: AsyncConnection, jobs: list[Job]) -> list[int]:
    if not jobs:
        return []
    rows = await connection.scalars(_ADD, {"jobs": json.dumps([_row(job) for job in jobs])})
    return list(rows)


async def _add_unless_waiting(connection: AsyncConnection, job: Job) -> list[int]:
    """The queue's unique index is the judge; a savepoint keeps its no from ending the caller's transaction."""
    try:
        async with connection.begin_nested():
            return await _add(connection, [job])
    except IntegrityError:
        return []


def _row(job: Job) -> dict[str, object]:
    arguments = json.dumps(dict(job.arguments), allow_nan=False)
    if len(arguments.encode()) > MAX_ARGUMENT_BYTES:
        raise JobTooLarge(task=job.task, bytes=len(arguments.encode()), limit=MAX_ARGUMENT_BYTES)
    at_ms = job.not_before_ms
    return {
        "queue_name": job.queue,
        "task_name": job.task,
        "priority": 0,
        "lock": job.after,
        "queueing_lock": job.unless_waiting,
        "args": dict(job.arguments),
        "scheduled_at": None if at_ms is None else datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(),
    }
