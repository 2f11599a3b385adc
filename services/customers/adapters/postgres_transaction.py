"""One transaction of customers: rows by subject and its events commit together or not at all."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncConnection

from services.contracts.transactions import AnsweringTransaction
from services.customers.adapters import consent_events
from services.customers.adapters.audience_rows import AudienceRows
from services.customers.adapters.consent_rows import AnswerRows, ConsentRows, OrderTickRows
from services.customers.adapters.customer_rows import CustomerRows
from services.customers.adapters.customer_tables import idempotency_keys
from services.customers.adapters.erasure_rows import ErasureRows
from services.customers.adapters.form_answer_rows import FormAnswerRows
from services.customers.adapters.house_rows import HouseRows
from services.customers.adapters.link_rows import LetterRows, LinkRows, SessionRows
from services.customers.adapters.purchase_rows import PurchaseRows
from services.customers.domain.answer import Answer
from services.customers.domain.consent import Consent
from services.runtime.ids import Ids
from services.runtime.seal import Seal


class PostgresTransaction(AnsweringTransaction):
    """See CustomersTransaction. Lives as long as its connection's block."""

    def __init__(self, connection: AsyncConnection, house_id: str, now_ms: int, *, ids: Ids, seal: Seal) -> None:
        super().__init__(connection, house_id, now_ms, ids, idempotency_keys)
        self.customers = CustomerRows(connection, house_id, now_ms)
        self.consents = ConsentRows(connection, house_id, now_ms)
        self.answers = AnswerRows(connection, house_id, ids)
        self.order_ticks = OrderTickRows(connection, house_id, now_ms)
        self.links = LinkRows(connection, house_id)
        self.sessions = SessionRows(connection, house_id)
        self.letters = LetterRows(connection, house_id, now_ms, ids=ids, seal=seal)
        self.purchases = PurchaseRows(connection, house_id)
        self.form_answers = FormAnswerRows(connection, house_id, seal)
        self.erasures = ErasureRows(connection, house_id, seal)
        self.audiences = AudienceRows(connection, house_id)
        self.houses = HouseRows(connection)

    def tell_answer(self, answer: Answer, consent: Consent, language: str) -> None:
        """See CustomersTransaction.tell_answer."""
        self._events.append(consent_events.consent_changed(self.house_id, answer, consent, language, self.now_ms))

    def tell_erased(self, customer_id: str, erased_at_ms: int) -> None:
        """See CustomersTransaction.tell_erased."""
        self._events.append(consent_events.customer_erased(self.house_id, customer_id, erased_at_ms))

    def tell_merged(self, customer_id: str, merged_customer_id: str) -> None:
        """See CustomersTransaction.tell_merged."""
        event = consent_events.customers_merged(self.house_id, customer_id, merged_customer_id, self.now_ms)
        self._events.append(event)
