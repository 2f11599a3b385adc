"""The house's connection in PostgreSQL, inside one transaction's connection. The secret is sealed."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.integrations.podiumkunst.adapters.link_changes import LinkChanges
from services.integrations.podiumkunst.adapters.link_tables import connections
from services.integrations.podiumkunst.domain.connection import Connection, Look, LookAnswer, tail_of
from services.runtime.seal import Seal


class ConnectionRows:
    """See Connections. `changes`: who hears of an account that is set, in the same transaction."""

    def __init__(
        self,
        connection: AsyncConnection,
        house_id: str,
        now_ms: int,
        seal: Seal,
        changes: Sequence[LinkChanges] = (),
    ) -> None:
        self._changes = changes
        self._connection = connection
        self._house_id = house_id
        self._now_ms = now_ms
        self._seal = seal
        self._mine = connections.c.house_id == house_id

    async def find(self, *, lock: bool = False) -> Connection:
        if lock:
            await self._make_sure_of_row()
        wanted = sa.select(connections).where(self._mine)
        row = (await self._connection.execute(wanted.with_for_update() if lock else wanted)).first()
        if row is None:
            return Connection(self._house_id)
        look = Look(LookAnswer(row.look_answer), row.look_note, row.looked_at_ms, row.told_at_ms)
        return Connection(
            house_id=self._house_id,
            client_id=row.client_id,
            has_secret=row.sealed_secret is not None,
            secret_tail=row.secret_tail,
            theatre_ids=tuple(row.theatre_ids),
            is_on=row.is_on,
            revision=row.revision,
            look=look if row.looked_at_ms else None,
        )

    async def save(self, connection: Connection, client_secret: str | None) -> None:
        values: dict[str, object] = {
            "client_id": connection.client_id,
            "theatre_ids": [*connection.theatre_ids],
            "is_on": connection.is_on,
            "revision": connection.revision,
            "list_due_at_ms": self._now_ms,
            "portfolio_due_at_ms": self._now_ms,
        }
        if client_secret is not None:
            values["sealed_secret"] = self._seal.sealed(client_secret.encode()) if client_secret else None
            values["secret_tail"] = tail_of(client_secret)
        await self._connection.execute(sa.update(connections).where(self._mine).values(**values))
        for one in self._changes:
            await one.account_set(self._connection, self._house_id)

    async def looked(self, look: Look) -> None:
        values = {"look_answer": look.answer.value, "look_note": look.note, "looked_at_ms": look.looked_at_ms}
        told = {"told_at_ms": look.told_at_ms} if look.answer is LookAnswer.TOLD else {}
        await self._make_sure_of_row()
        await self._connection.execute(sa.update(connections).where(self._mine).values(**values, **told))

    async def _make_sure_of_row(self) -> None:
        empty = {
            "house_id": self._house_id,
            "client_id": "",
            "secret_tail": "",
            "theatre_ids": [],
            "is_on": False,
            "revision": 0,
            "look_answer": LookAnswer.OFF.value,
            "look_note": "",
            "looked_at_ms": 0,
            "told_at_ms": 0,
            "list_due_at_ms": 0,
            "portfolio_due_at_ms": 0,
        }
        await self._connection.execute(insert(connections).on_conflict_do_nothing(), empty)
