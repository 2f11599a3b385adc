"""Mails of documents in PostgreSQL, each with its job, inside one transaction's connection."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.runtime.jobs.job import Job
from services.runtime.jobs.queue import add_jobs
from services.ticketing.adapters.send_tables import sends
from services.ticketing.domain.send import Send

SEND_TASK = "send_paper"


class SendRows:
    """See Sends."""

    def __init__(self, connection: AsyncConnection, house_id: str, now_ms: int) -> None:
        self._connection = connection
        self._house_id = house_id
        self._now_ms = now_ms

    async def add(self, send: Send) -> None:
        values = {
            "house_id": self._house_id,
            "send_id": send.send_id,
            "allotment_id": send.allotment_id,
            "office_id": send.office_id,
            "document_ids": list(send.document_ids),
            "language": send.language,
            "created_at_ms": send.created_at_ms,
        }
        await self._connection.execute(insert(sends), values)
        job = Job(SEND_TASK, {"house_id": self._house_id, "send_id": send.send_id})
        await add_jobs(self._connection, job)

    async def get(self, send_id: str) -> Send | None:
        wanted = sa.select(sends).where(sends.c.house_id == self._house_id, sends.c.send_id == send_id)
        row = (await self._connection.execute(wanted)).first()
        if row is None:
            return None
        return Send(
            row.send_id,
            row.allotment_id,
            row.office_id,
            tuple(row.document_ids),
            row.language,
            row.created_at_ms,
            row.sent_at_ms,
        )

    async def mark_sent(self, send_id: str) -> None:
        sent = sa.update(sends).where(sends.c.house_id == self._house_id, sends.c.send_id == send_id)
        await self._connection.execute(sent.values(sent_at_ms=self._now_ms))
