"""One transaction of customers' store: its rows by subject, its events and acts, all or nothing."""

from __future__ import annotations

from typing import Protocol

from services.contracts.acts import Act
from services.contracts.once import RecordedAnswer
from services.customers.domain.answer import Answer
from services.customers.domain.consent import Consent
from services.customers.ports.answers import Answers
from services.customers.ports.audiences import Audiences
from services.customers.ports.consents import Consents
from services.customers.ports.customers import Customers
from services.customers.ports.erasures import Erasures
from services.customers.ports.form_answers import FormAnswers
from services.customers.ports.house_copies import HouseCopies
from services.customers.ports.letters import Letters
from services.customers.ports.links import Links
from services.customers.ports.order_ticks import OrderTicks
from services.customers.ports.purchases import Purchases
from services.customers.ports.sessions import Sessions


class CustomersTransaction(Protocol):
    """Reads and writes that commit together, events included; without commit() nothing happened."""

    @property
    def now_ms(self) -> int:
        """When it began, unix milliseconds."""
        ...

    @property
    def house_id(self) -> str:
        """Whose rows these are."""
        ...

    @property
    def customers(self) -> Customers: ...

    @property
    def consents(self) -> Consents: ...

    @property
    def answers(self) -> Answers: ...

    @property
    def order_ticks(self) -> OrderTicks: ...

    @property
    def links(self) -> Links: ...

    @property
    def sessions(self) -> Sessions: ...

    @property
    def letters(self) -> Letters: ...

    @property
    def purchases(self) -> Purchases: ...

    @property
    def form_answers(self) -> FormAnswers: ...

    @property
    def erasures(self) -> Erasures: ...

    @property
    def audiences(self) -> Audiences: ...

    @property
    def houses(self) -> HouseCopies: ...

    async def claim_key(self, owner_id: str, key: str, request_hash: bytes, /) -> RecordedAnswer | None:
        """None: the key is this transaction's. Waits for another transaction that has it."""
        ...

    async def record_answer(self, owner_id: str, key: str, answer: bytes, /) -> None:
        """Keeps the first answer of a claimed key."""
        ...

    def tell_answer(self, answer: Answer, consent: Consent, language: str) -> None:
        """ConsentChanged goes out with the commit. The customer's row is locked."""
        ...

    def tell_erased(self, customer_id: str, erased_at_ms: int) -> None:
        """CustomerErased goes out with the commit. The customer's row is locked."""
        ...

    def tell_merged(self, customer_id: str, merged_customer_id: str) -> None:
        """CustomersMerged goes out with the commit. Both rows are locked."""
        ...

    def record_act(self, act: Act) -> None:
        """Into the house's act log, on behalf of whom the current call is for."""
        ...

    async def commit(self) -> None:
        """The last call: what was done is to stay."""
        ...
