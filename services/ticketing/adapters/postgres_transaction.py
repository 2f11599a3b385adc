"""One transaction of ticketing: rows by subject and its events commit together or not at all."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from services.contracts.acts import Act, act_event
from services.contracts.answer_rows import AnswerRows
from services.contracts.once import RecordedAnswer
from services.runtime.ids import Ids
from services.runtime.outbox.event import OutgoingEvent
from services.runtime.outbox.writer import enqueue
from services.runtime.signing_keys.rows import SigningKeyRows
from services.ticketing.adapters import ticket_events
from services.ticketing.adapters.document_rows import DepartureRows, DocumentRows
from services.ticketing.adapters.document_tables import idempotency_keys
from services.ticketing.adapters.key_tables import signing_keys
from services.ticketing.adapters.paper_style_rows import PaperStyleRows
from services.ticketing.adapters.send_rows import SendRows
from services.ticketing.adapters.statement_rows import OfficeSaleRows
from services.ticketing.adapters.ticket_rows import TicketRows
from services.ticketing.domain.ticket import Ticket, VoidReason

# Of the advisory lock: it means this service's signing keys and nothing else.
_KEYS_LOCK = 7205111


class PostgresTransaction:
    """See TicketingTransaction. Lives as long as its connection's block."""

    def __init__(self, connection: AsyncConnection, house_id: str, now_ms: int, *, ids: Ids) -> None:
        self._connection = connection
        self._house_id = house_id
        self._ids = ids
        self._events: list[OutgoingEvent] = []
        self.now_ms = now_ms
        self.signing_keys = SigningKeyRows(connection, signing_keys, _KEYS_LOCK)
        self.tickets = TicketRows(connection, house_id, now_ms)
        self.documents = DocumentRows(connection, house_id)
        self.departures = DepartureRows(connection, house_id)
        self.office_sales = OfficeSaleRows(connection, house_id)
        self.sends = SendRows(connection, house_id, now_ms)
        self.paper_styles = PaperStyleRows(connection, house_id)
        self._answers = AnswerRows(connection, idempotency_keys, now_ms)
        self.is_complete = self.has_published = False

    async def claim_key(self, owner_id: str, key: str, request_hash: bytes) -> RecordedAnswer | None:
        """See KeyedTransaction.claim_key."""
        return await self._answers.claim(owner_id, key, request_hash)

    async def record_answer(self, owner_id: str, key: str, answer: bytes) -> None:
        """See KeyedTransaction.record_answer."""
        await self._answers.record(owner_id, key, answer)

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
