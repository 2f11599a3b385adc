"""Invitations, one-time links and letters in PostgreSQL, inside one transaction's connection."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.accounts.adapters.link_tables import invitations, letters, one_time_links
from services.accounts.domain.invitation import Invitation, InvitationState
from services.accounts.domain.letters import Letter
from services.accounts.domain.link import Link, LinkPurpose
from services.contracts.access import Role
from services.contracts.email_addresses import EmailAddress
from services.contracts.pages import Place
from services.runtime.ids import Ids
from services.runtime.jobs.job import Job
from services.runtime.jobs.queue import add_jobs
from services.runtime.seal import Seal

LETTER_TASK = "letter"


class InvitationRows:
    """See Invitations."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, invitation: Invitation) -> None:
        values = {
            "house_id": invitation.house_id,
            "invitation_id": invitation.invitation_id,
            "email": invitation.email.written,
            "email_key": invitation.email.key,
            "roles": sorted(invitation.roles),
            "secret_hash": invitation.secret_hash,
            "created_at_ms": invitation.created_at_ms,
            "expires_at_ms": invitation.expires_at_ms,
            "state": invitation.state.value,
        }
        await self._connection.execute(insert(invitations), values)

    async def find(self, secret_hash: bytes) -> Invitation | None:
        return await self._first(sa.select(invitations).where(invitations.c.secret_hash == secret_hash))

    async def lock(self, secret_hash: bytes) -> Invitation | None:
        wanted = sa.select(invitations).where(invitations.c.secret_hash == secret_hash)
        return await self._first(wanted.with_for_update())

    async def withdraw_open(self, house_id: str, email: EmailAddress) -> None:
        is_open = (invitations.c.email_key == email.key) & (invitations.c.state == InvitationState.OPEN.value)
        withdraw = sa.update(invitations).where(invitations.c.house_id == house_id, is_open)
        await self._connection.execute(withdraw.values(state=InvitationState.WITHDRAWN.value))

    async def lock_by_id(self, house_id: str, invitation_id: str) -> Invitation | None:
        wanted = sa.select(invitations).where(
            invitations.c.house_id == house_id, invitations.c.invitation_id == invitation_id
        )
        return await self._first(wanted.with_for_update())

    async def open_of_house(self, house_id: str, after: Place | None, limit: int) -> Sequence[Invitation]:
        place = sa.tuple_(invitations.c.created_at_ms, invitations.c.invitation_id)
        wanted = (
            sa.select(invitations)
            .where(invitations.c.house_id == house_id, _OPEN)
            .order_by(invitations.c.created_at_ms, invitations.c.invitation_id)
            .limit(limit)
        )
        if after is not None:
            wanted = wanted.where(place > sa.tuple_(sa.literal(after.time_ms), sa.literal(after.item_id)))
        return [_invitation(row) for row in await self._connection.execute(wanted)]

    async def count_open(self, house_id: str) -> int:
        count = sa.select(sa.func.count()).where(invitations.c.house_id == house_id, _OPEN)
        return int((await self._connection.execute(count)).scalar_one())

    async def save_state(self, house_id: str, invitation_id: str, state: InvitationState) -> None:
        save = (
            sa.update(invitations)
            .where(invitations.c.house_id == house_id, invitations.c.invitation_id == invitation_id)
            .values(state=state.value)
        )
        await self._connection.execute(save)

    async def _first(self, wanted: sa.Select[tuple[object, ...]]) -> Invitation | None:
        row = (await self._connection.execute(wanted)).first()
        return None if row is None else _invitation(row)


# As the index has it: a bound parameter would not use it.
_OPEN = sa.text("state = 'open'")


def _invitation(row: sa.Row[tuple[object, ...]]) -> Invitation:
    return Invitation(
        row.house_id,
        row.invitation_id,
        EmailAddress(row.email, row.email_key),
        frozenset(map(Role, row.roles)),
        bytes(row.secret_hash),
        row.created_at_ms,
        row.expires_at_ms,
        InvitationState(row.state),
    )


class LinkRows:
    """See Links."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, link: Link) -> None:
        values = {
            "secret_hash": link.secret_hash,
            "purpose": link.purpose.value,
            "person_id": link.person_id,
            "email": link.email.written,
            "email_key": link.email.key,
            "expires_at_ms": link.expires_at_ms,
        }
        await self._connection.execute(insert(one_time_links), values)

    async def lock(self, secret_hash: bytes, purpose: LinkPurpose) -> Link | None:
        wanted = (
            sa.select(one_time_links)
            .where(one_time_links.c.secret_hash == secret_hash, one_time_links.c.purpose == purpose.value)
            .with_for_update()
        )
        row = (await self._connection.execute(wanted)).first()
        if row is None:
            return None
        email = EmailAddress(row.email, row.email_key)
        return Link(bytes(row.secret_hash), purpose, row.person_id, email, row.expires_at_ms, row.used_at_ms)

    async def mark_used(self, secret_hash: bytes, used_at_ms: int) -> None:
        mark = (
            sa.update(one_time_links).where(one_time_links.c.secret_hash == secret_hash).values(used_at_ms=used_at_ms)
        )
        await self._connection.execute(mark)

    async def count_open(self, person_id: str, purpose: LinkPurpose, now_ms: int) -> int:
        count = sa.select(sa.func.count()).where(
            one_time_links.c.person_id == person_id,
            one_time_links.c.purpose == purpose.value,
            one_time_links.c.used_at_ms.is_(None),
            one_time_links.c.expires_at_ms > now_ms,
        )
        return int((await self._connection.execute(count)).scalar_one())

    async def remove_open(self, person_id: str, purpose: LinkPurpose) -> None:
        remove = sa.delete(one_time_links).where(
            one_time_links.c.person_id == person_id,
            one_time_links.c.purpose == purpose.value,
            one_time_links.c.used_at_ms.is_(None),
        )
        await self._connection.execute(remove)


class LetterRows:
    """See Letters."""

    def __init__(self, connection: AsyncConnection, now_ms: int, ids: Ids, seal: Seal) -> None:
        self._connection = connection
        self._now_ms = now_ms
        self._ids = ids
        self._seal = seal

    async def add(self, letter: Letter) -> None:
        letter_id = self._ids.new_id("ltr")
        sealed = self._seal.sealed(msgspec.json.encode(letter))
        values = {"letter_id": letter_id, "sealed": sealed, "created_at_ms": self._now_ms}
        await self._connection.execute(insert(letters), values)
        await add_jobs(self._connection, Job(LETTER_TASK, {"letter_id": letter_id}))

    async def find(self, letter_id: str) -> Letter | None:
        wanted = sa.select(letters.c.sealed).where(letters.c.letter_id == letter_id)
        sealed: bytes | None = (await self._connection.execute(wanted)).scalar_one_or_none()
        return None if sealed is None else msgspec.json.decode(self._seal.opened(bytes(sealed)), type=Letter)

    async def remove(self, letter_id: str) -> None:
        await self._connection.execute(sa.delete(letters).where(letters.c.letter_id == letter_id))
