"""People and their sessions in PostgreSQL, inside one transaction's connection."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from services.accounts.adapters.people_tables import people, sessions
from services.accounts.domain.person import Person
from services.accounts.domain.session import Session, SessionKind
from services.contracts.email_addresses import EmailAddress


class PeopleRows:
    """See People."""

    def __init__(self, connection: AsyncConnection, now_ms: int) -> None:
        self._connection = connection
        self._now_ms = now_ms

    async def add(self, person: Person) -> bool:
        add = insert(people).on_conflict_do_nothing(index_elements=["email_key"]).returning(people.c.person_id)
        values = {"person_id": person.person_id, "created_at_ms": self._now_ms, **_values(person)}
        return (await self._connection.execute(add, values)).first() is not None

    async def find(self, person_id: str) -> Person | None:
        return await self._first(sa.select(people).where(people.c.person_id == person_id))

    async def find_many(self, person_ids: Sequence[str]) -> Mapping[str, Person]:
        wanted = sa.select(people).where(people.c.person_id.in_(person_ids))
        return {row.person_id: _person(row) for row in await self._connection.execute(wanted)}

    async def find_by_email(self, email: EmailAddress) -> Person | None:
        return await self._first(sa.select(people).where(people.c.email_key == email.key))

    async def lock(self, person_id: str) -> Person | None:
        return await self._first(sa.select(people).where(people.c.person_id == person_id).with_for_update())

    async def save(self, person: Person) -> bool:
        """See People.save. The unique index is the judge; a savepoint keeps its no from ending the transaction."""
        save = sa.update(people).where(people.c.person_id == person.person_id).values(_values(person))
        try:
            async with self._connection.begin_nested():
                await self._connection.execute(save)
        except IntegrityError:
            return False
        return True

    async def _first(self, wanted: sa.Select[tuple[object, ...]]) -> Person | None:
        row = (await self._connection.execute(wanted)).first()
        return None if row is None else _person(row)


def _person(row: sa.Row[tuple[object, ...]]) -> Person:
    return Person(
        row.person_id,
        row.name,
        EmailAddress(row.email, row.email_key),
        row.password_hash,
        email_confirmed=row.email_confirmed,
        language=row.language,
        tokens_void_until_ms=row.tokens_void_until_ms,
        revision=row.revision,
    )


def _values(person: Person) -> dict[str, object]:
    return {
        "name": person.name,
        "email": person.email.written,
        "email_key": person.email.key,
        "email_confirmed": person.email_confirmed,
        "password_hash": person.password_hash,
        "language": person.language,
        "tokens_void_until_ms": person.tokens_void_until_ms,
        "revision": person.revision,
    }


class SessionRows:
    """See Sessions."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, session: Session) -> None:
        values = {
            "session_id": session.session_id,
            "kind": session.kind.value,
            "subject": session.subject,
            "secret_hash": session.secret_hash,
            "created_at_ms": session.created_at_ms,
            "used_at_ms": session.used_at_ms,
            "expires_at_ms": session.expires_at_ms,
            "device": session.device,
        }
        await self._connection.execute(insert(sessions), values)

    async def find_by_hash(self, secret_hash: bytes) -> Session | None:
        wanted = sa.select(sessions).where(sessions.c.secret_hash == secret_hash)
        row = (await self._connection.execute(wanted)).first()
        return None if row is None else _session(row)

    async def touch(self, session_id: str, used_at_ms: int) -> None:
        touch = sa.update(sessions).where(sessions.c.session_id == session_id).values(used_at_ms=used_at_ms)
        await self._connection.execute(touch)

    async def end(self, session_id: str) -> None:
        await self._connection.execute(sa.delete(sessions).where(sessions.c.session_id == session_id))

    async def of_subject(self, subject: str, limit: int) -> Sequence[Session]:
        wanted = (
            sa.select(sessions)
            .where(sessions.c.subject == subject)
            .order_by(sessions.c.created_at_ms.desc(), sessions.c.session_id)
            .limit(limit)
        )
        return [_session(row) for row in await self._connection.execute(wanted)]

    async def end_all(self, subject: str, but: str = "") -> None:
        end = sa.delete(sessions).where(sessions.c.subject == subject, sessions.c.session_id != but)
        await self._connection.execute(end)


def _session(row: sa.Row[tuple[object, ...]]) -> Session:
    return Session(
        row.session_id,
        SessionKind(row.kind),
        row.subject,
        bytes(row.secret_hash),
        created_at_ms=row.created_at_ms,
        used_at_ms=row.used_at_ms,
        expires_at_ms=row.expires_at_ms,
        device=row.device,
    )
