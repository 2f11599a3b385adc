"""One transaction of ticketing: rows by subject and its events commit together or not at all."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.contracts.acts import Act, act_event
from services.contracts.once import RecordedAnswer
from services.runtime.ids import Ids
from services.runtime.outbox.event import OutgoingEvent
from services.runtime.outbox.writer import enqueue
from services.ticketing.adapters import ticket_events
from services.ticketing.adapters.document_rows import DepartureRows, DocumentRows
from services.ticketing.adapters.document_tables import idempotency_keys
from services.ticketing.adapters.paper_style_rows import PaperStyleRows
from services.ticketing.adapters.send_rows import SendRows
from services.ticketing.adapters.signing_key_rows import SigningKeyRows
from services.ticketing.adapters.statement_rows import OfficeSaleRows
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
        self.documents = DocumentRows(connection, house_id)
        self.departures = DepartureRows(connection, house_id)
        self.office_sales = OfficeSaleRows(connection, house_id)
        self.sends = SendRows(connection, house_id, now_ms)
        self.paper_styles = PaperStyleRows(connection, house_id)
        self.is_complete = self.has_published = False

    async def claim_key(self, owner_id: str, key: str, request_hash: bytes) -> RecordedAnswer | None:
        """See KeyedTransaction.claim_key. The insert waits for a transaction that has inserted the same key."""
        claim = insert(idempotency_keys).on_conflict_do_nothing().returning(idempotency_keys.c.key)
        values = {"house_id": owner_id, "key": key, "request_hash": request_hash, "created_at_ms": self.now_ms}
        if (await self._connection.execute(claim, values)).first() is not None:
            return None
        recorded = sa.select(idempotency_keys).where(
            idempotency_keys.c.house_id == owner_id, idempotency_keys.c.key == key
        )
        row = (await self._connection.execute(recorded)).one()
        return RecordedAnswer(bytes(row.request_hash), bytes(row.answer))

    async def record_answer(self, owner_id: str, key: str, answer: bytes) -> None:
        """See KeyedTransaction.record_answer."""
        record = (
            sa.update(idempotency_keys)
            .where(idempotency_keys.c.house_id == owner_id, idempotency_keys.c.key == key)
            .values(answer=answer)
        )
        await self._connection.execute(record)

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
