"""Links, sessions and letters in PostgreSQL, inside one transaction's connection."""

from __future__ import annotations

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.customers.adapters.link_tables import letters, links, sessions
from services.customers.domain.consent import Tick
from services.customers.domain.letters import Letter
from services.customers.domain.link import Link, LinkPurpose, Session
from services.runtime.ids import Ids
from services.runtime.jobs.job import Job
from services.runtime.jobs.queue import MAX_JOBS_AT_ONCE, add_jobs
from services.runtime.seal import Seal

LETTER_TASK = "letter"


class LinkRows:
    """See Links."""

    def __init__(self, connection: AsyncConnection, house_id: str) -> None:
        self._connection = connection
        self._house_id = house_id
        self._mine = links.c.house_id == house_id

    async def add(self, *new: Link) -> None:
        rows = [
            {
                "house_id": self._house_id,
                "secret_hash": link.secret_hash,
                "purpose": link.purpose.value,
                "customer_id": link.customer_id,
                "email_key": link.email_key,
                "ticks": [[tick.consent_id, tick.text_version] for tick in link.ticks],
                "expires_at_ms": link.expires_at_ms,
            }
            for link in new
        ]
        if rows:
            await self._connection.execute(insert(links), rows)

    async def lock(self, secret_hash: bytes, purpose: LinkPurpose) -> Link | None:
        wanted = sa.select(links).where(
            self._mine, links.c.secret_hash == secret_hash, links.c.purpose == purpose.value
        )
        row = (await self._connection.execute(wanted.with_for_update())).first()
        if row is None:
            return None
        return Link(
            house_id=row.house_id,
            secret_hash=bytes(row.secret_hash),
            purpose=purpose,
            customer_id=row.customer_id,
            email_key=row.email_key,
            expires_at_ms=row.expires_at_ms,
            used_at_ms=row.used_at_ms,
            ticks=tuple(Tick(*tick) for tick in row.ticks),
        )

    async def mark_used(self, secret_hash: bytes, used_at_ms: int) -> None:
        mark = sa.update(links).where(self._mine, links.c.secret_hash == secret_hash)
        await self._connection.execute(mark.values(used_at_ms=used_at_ms))

    async def count_open(self, customer_id: str, purpose: LinkPurpose, now_ms: int) -> int:
        count = sa.select(sa.func.count()).where(
            self._mine,
            links.c.customer_id == customer_id,
            links.c.purpose == purpose.value,
            links.c.used_at_ms.is_(None),
            links.c.expires_at_ms > now_ms,
        )
        return int((await self._connection.execute(count)).scalar_one())

    async def move(self, merged_customer_id: str, customer_id: str) -> None:
        is_confirmation = links.c.purpose == LinkPurpose.CONFIRM.value
        moved = sa.update(links).where(self._mine, links.c.customer_id == merged_customer_id, is_confirmation)
        await self._connection.execute(moved.values(customer_id=customer_id))
        await self.remove(merged_customer_id)

    async def remove(self, customer_id: str) -> None:
        for table in (links, sessions):
            gone = sa.delete(table).where(table.c.house_id == self._house_id, table.c.customer_id == customer_id)
            await self._connection.execute(gone)


class SessionRows:
    """See Sessions."""

    def __init__(self, connection: AsyncConnection, house_id: str) -> None:
        self._connection = connection
        self._house_id = house_id
        self._mine = sessions.c.house_id == house_id

    async def add(self, session: Session) -> None:
        values = {
            "house_id": self._house_id,
            "secret_hash": session.secret_hash,
            "customer_id": session.customer_id,
            "expires_at_ms": session.expires_at_ms,
        }
        await self._connection.execute(insert(sessions), values)

    async def find(self, secret_hash: bytes, now_ms: int) -> Session | None:
        wanted = sa.select(sessions).where(
            self._mine, sessions.c.secret_hash == secret_hash, sessions.c.expires_at_ms > now_ms
        )
        row = (await self._connection.execute(wanted)).first()
        if row is None:
            return None
        return Session(row.house_id, bytes(row.secret_hash), row.customer_id, row.expires_at_ms)

    async def end(self, secret_hash: bytes) -> None:
        await self._connection.execute(sa.delete(sessions).where(self._mine, sessions.c.secret_hash == secret_hash))


class LetterRows:
    """See Letters."""

    def __init__(self, connection: AsyncConnection, house_id: str, now_ms: int, *, ids: Ids, seal: Seal) -> None:
        self._connection = connection
        self._house_id = house_id
        self._now_ms = now_ms
        self._ids = ids
        self._seal = seal
        self._mine = letters.c.house_id == house_id

    async def add(self, *new: Letter) -> None:
        rows = [
            {
                "house_id": self._house_id,
                "letter_id": self._ids.new_id("ltr"),
                "customer_id": letter.customer_id,
                "sealed": self._seal.sealed(msgspec.json.encode(letter)),
                "created_at_ms": self._now_ms,
            }
            for letter in new
        ]
        if rows:
            await self._connection.execute(insert(letters), rows)
        jobs = [Job(LETTER_TASK, {"house_id": self._house_id, "letter_id": str(row["letter_id"])}) for row in rows]
        for first in range(0, len(jobs), MAX_JOBS_AT_ONCE):
            await add_jobs(self._connection, *jobs[first : first + MAX_JOBS_AT_ONCE])

    async def find(self, letter_id: str) -> Letter | None:
        wanted = sa.select(letters.c.sealed).where(self._mine, letters.c.letter_id == letter_id)
        sealed: bytes | None = (await self._connection.execute(wanted)).scalar_one_or_none()
        return None if sealed is None else msgspec.json.decode(self._seal.opened(bytes(sealed)), type=Letter)

    async def remove(self, letter_id: str) -> None:
        await self._connection.execute(sa.delete(letters).where(self._mine, letters.c.letter_id == letter_id))

    async def remove_of(self, customer_id: str) -> None:
        await self._connection.execute(sa.delete(letters).where(self._mine, letters.c.customer_id == customer_id))
