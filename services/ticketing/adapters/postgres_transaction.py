"""One transaction of ticketing: rows by subject and its events commit together or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from sqlalchemy.ext.asyncio import AsyncConnection

from services.contracts.transactions import AnsweringTransaction
from services.runtime.ids import Ids
from services.runtime.signing_keys.rows import SigningKeyRows
from services.ticketing.adapters import ticket_events
from services.ticketing.adapters.delivery_rows import DeliveryRows
from services.ticketing.adapters.document_rows import DepartureRows, DocumentRows
from services.ticketing.adapters.document_tables import idempotency_keys
from services.ticketing.adapters.guess_rows import GuessRows
from services.ticketing.adapters.invoice_rows import InvoiceRows
from services.ticketing.adapters.key_tables import signing_keys
from services.ticketing.adapters.paper_style_rows import PaperStyleRows
from services.ticketing.adapters.send_rows import SendRows
from services.ticketing.adapters.statement_rows import OfficeSaleRows
from services.ticketing.adapters.ticket_rows import TicketRows
from services.ticketing.domain.ticket import Ticket, VoidReason

# Of the advisory lock: it means this service's signing keys and nothing else.
_KEYS_LOCK = 7205111


class PostgresTransaction(AnsweringTransaction):
    """See TicketingTransaction. Lives as long as its connection's block."""

    def __init__(self, connection: AsyncConnection, house_id: str, now_ms: int, *, ids: Ids) -> None:
        super().__init__(connection, house_id, now_ms, ids, idempotency_keys)

    # Each is made when it is first asked for: a call touches one or two of them, and many calls come by.

    @cached_property
    def signing_keys(self) -> SigningKeyRows:
        return SigningKeyRows(self._connection, signing_keys, _KEYS_LOCK)

    @cached_property
    def tickets(self) -> TicketRows:
        return TicketRows(self._connection, self.house_id, self.now_ms)

    @cached_property
    def documents(self) -> DocumentRows:
        return DocumentRows(self._connection, self.house_id)

    @cached_property
    def departures(self) -> DepartureRows:
        return DepartureRows(self._connection, self.house_id)

    @cached_property
    def office_sales(self) -> OfficeSaleRows:
        return OfficeSaleRows(self._connection, self.house_id)

    @cached_property
    def sends(self) -> SendRows:
        return SendRows(self._connection, self.house_id, self.now_ms)

    @cached_property
    def deliveries(self) -> DeliveryRows:
        return DeliveryRows(self._connection, self.house_id)

    @cached_property
    def paper_styles(self) -> PaperStyleRows:
        return PaperStyleRows(self._connection, self.house_id)

    @cached_property
    def invoices(self) -> InvoiceRows:
        return InvoiceRows(self._connection, self.house_id)

    @cached_property
    def guesses(self) -> GuessRows:
        return GuessRows(self._connection, self.house_id, self.now_ms)

    def tell_issued(self, tickets: Sequence[Ticket]) -> None:
        """See TicketingTransaction.tell_issued."""
        self._events += ticket_events.issued(self.house_id, tickets, self.now_ms)

    def tell_voided(self, tickets: Sequence[Ticket], reason: VoidReason) -> None:
        """See TicketingTransaction.tell_voided."""
        self._events += ticket_events.voided(self.house_id, tickets, reason, self.now_ms)
