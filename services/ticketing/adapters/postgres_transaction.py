"""One transaction of ticketing: rows by subject and its events commit together or not at all."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncConnection

from services.runtime.ids import Ids
from services.runtime.outbox.event import OutgoingEvent
from services.runtime.outbox.writer import enqueue
from services.ticketing.adapters.signing_key_rows import SigningKeyRows


class PostgresTransaction:
    """See TicketingTransaction. Lives as long as its connection's block."""

    def __init__(self, connection: AsyncConnection, house_id: str, now_ms: int, *, ids: Ids) -> None:
        self._connection = connection
        self._house_id = house_id
        self._ids = ids
        self._events: list[OutgoingEvent] = []
        self.now_ms = now_ms
        self.signing_keys = SigningKeyRows(connection)
        self.is_complete = self.has_published = False

    async def commit(self) -> None:
        """See TicketingTransaction.commit. It is done as the connection's block ends."""
        await enqueue(self._connection, self._events, now_ms=self.now_ms, ids=self._ids)
        self.is_complete = True
        self.has_published = bool(self._events)
