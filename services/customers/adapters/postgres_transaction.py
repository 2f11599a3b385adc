"""One transaction of customers: rows by subject and its events commit together or not at all."""

from __future__ import annotations

from functools import cached_property

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
        self._seal = seal

    # Each is made when it is first asked for: a call touches two or three of them, and many calls come by.

    @cached_property
    def customers(self) -> CustomerRows:
        return CustomerRows(self._connection, self.house_id, self.now_ms)

    @cached_property
    def consents(self) -> ConsentRows:
        return ConsentRows(self._connection, self.house_id, self.now_ms)

    @cached_property
    def answers(self) -> AnswerRows:
        return AnswerRows(self._connection, self.house_id, self._ids)

    @cached_property
    def order_ticks(self) -> OrderTickRows:
        return OrderTickRows(self._connection, self.house_id, self.now_ms)

    @cached_property
    def links(self) -> LinkRows:
        return LinkRows(self._connection, self.house_id)

    @cached_property
    def sessions(self) -> SessionRows:
        return SessionRows(self._connection, self.house_id)

    @cached_property
    def letters(self) -> LetterRows:
        return LetterRows(self._connection, self.house_id, self.now_ms, ids=self._ids, seal=self._seal)

    @cached_property
    def purchases(self) -> PurchaseRows:
        return PurchaseRows(self._connection, self.house_id)

    @cached_property
    def form_answers(self) -> FormAnswerRows:
        return FormAnswerRows(self._connection, self.house_id, self._seal)

    @cached_property
    def erasures(self) -> ErasureRows:
        return ErasureRows(self._connection, self.house_id, self._seal)

    @cached_property
    def audiences(self) -> AudienceRows:
        return AudienceRows(self._connection, self.house_id)

    @cached_property
    def houses(self) -> HouseRows:
        return HouseRows(self._connection)

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
