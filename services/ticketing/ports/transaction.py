"""One transaction of ticketing's store: its rows by subject, its events and acts, all or nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from services.contracts.acts import Act
from services.contracts.once import RecordedAnswer
from services.runtime.signing_keys.port import SigningKeys
from services.ticketing.domain.ticket import Ticket, VoidReason
from services.ticketing.ports.deliveries import Deliveries
from services.ticketing.ports.departures import Departures
from services.ticketing.ports.documents import Documents
from services.ticketing.ports.guesses import Guesses
from services.ticketing.ports.invoices import Invoices
from services.ticketing.ports.office_sales import OfficeSales
from services.ticketing.ports.paper_styles import PaperStyles
from services.ticketing.ports.sends import Sends
from services.ticketing.ports.tickets import Tickets


class TicketingTransaction(Protocol):
    """Reads and writes that commit together, events included; without commit() nothing happened."""

    @property
    def now_ms(self) -> int:
        """When it began, unix milliseconds."""
        ...

    @property
    def signing_keys(self) -> SigningKeys: ...

    @property
    def tickets(self) -> Tickets: ...

    @property
    def documents(self) -> Documents: ...

    @property
    def departures(self) -> Departures: ...

    @property
    def office_sales(self) -> OfficeSales: ...

    @property
    def sends(self) -> Sends: ...

    @property
    def deliveries(self) -> Deliveries: ...

    @property
    def invoices(self) -> Invoices: ...

    @property
    def guesses(self) -> Guesses: ...

    @property
    def paper_styles(self) -> PaperStyles: ...

    async def claim_key(self, owner_id: str, key: str, request_hash: bytes, /) -> RecordedAnswer | None:
        """None: the key is this transaction's. Waits for another transaction that has it."""
        ...

    async def record_answer(self, owner_id: str, key: str, answer: bytes, /) -> None:
        """Keeps the first answer of a claimed key."""
        ...

    def tell_issued(self, tickets: Sequence[Ticket]) -> None:
        """Tells the topic of tickets, of each performance and source by itself."""
        ...

    def tell_voided(self, tickets: Sequence[Ticket], reason: VoidReason) -> None:
        """Tells the topic of tickets, of each performance by itself."""
        ...

    def record_act(self, act: Act) -> None:
        """Into the house's act log, on behalf of whom the current call is for."""
        ...

    async def commit(self) -> None:
        """The last call: what was done is to stay."""
        ...
