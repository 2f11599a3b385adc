"""One transaction of ticketing: rows by subject and its events commit together or not at all."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from services.contracts.acts import Act, act_event
from services.runtime.ids import Ids
from services.runtime.outbox.event import OutgoingEvent
from services.runtime.outbox.writer import enqueue
from services.ticketing.adapters import ticket_events
from services.ticketing.adapters.signing_key_rows import SigningKeyRows
from services.ticketing.adapters.ticket_rows import TicketRows
from services.ticketing.domain.ticket import Ticket, VoidReason


class PostgresTransaction:
    """See TicketingTransaction. Lives as long as its connection's block."""

    def __init__(self, connection: AsyncConnection, house_id: str, now_ms: int, *, ids: Ids) -> None:
        self._connection = connection
        self._house_id = house_id
        self._ids = ids
        self._events: list[OutgoingEvent] = []
        self.now_ms = now_ms
        self.signing_keys = SigningKeyRows(connection)
        self.tickets = TicketRows(connection, house_id, now_ms)
        self.is_complete = self.has_published = False

    def tell_issued(self, tickets: Sequence[Ticket]) -> None:
        """See TicketingTransaction.tell_issued."""
        self._events += ticket_events.issued(self._house_id, tickets, self.now_ms)

    def tell_voided(self, tickets: Sequence[Ticket], reason: VoidReason) -> None:
        """See TicketingTransaction.tell_voided."""
        self._events += ticket_events.voided(self._house_id, tickets, reason, self.now_ms)

    def record_act(self, act: Act) -> None:
        """See TicketingTransaction.record_act."""
        self._events.append(act_event(self._house_id, act, now_ms=self.now_ms, ids=self._ids))

    async def commit(self) -> None:
        """See TicketingTransaction.commit. It is done as the connection's block ends."""
        await enqueue(self._connection, self._events, now_ms=self.now_ms, ids=self._ids)
        self.is_complete = True
        self.has_published = bool(self._events)
