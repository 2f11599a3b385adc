"""What customers do themselves, by the link of a mail: a session of this service, and no password."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from services.contracts.changes import refused_etag
from services.contracts.email_addresses import EmailAddress
from services.contracts.instants import instant_text
from services.customers.domain.customer import Customer, CustomerChange, changed, confirmed_address
from services.customers.domain.letters import Letter, LetterKind
from services.customers.domain.link import (
    LINK_PREFIX,
    LOG_IN_MS,
    MAX_OPEN_LINKS,
    SESSION_MS,
    SESSION_PREFIX,
    Link,
    LinkPurpose,
    Session,
    hash_of,
    refused_link,
)
from services.customers.domain.refusals import LinkUnknown, SessionOver
from services.customers.handlers.answering import Answering, Said
from services.customers.handlers.answers import Answered, answered_of
from services.customers.handlers.house_keeper import HouseKeeper
from services.customers.ports.store import CustomersStore
from services.customers.ports.transaction import CustomersTransaction
from services.runtime.errors import Refusal
from services.runtime.ids import Ids


@dataclass(frozen=True, slots=True)
class Opened:
    """A new session with its secret, which is shown this once."""

    secret: str
    expires_at_ms: int
    customer: Customer


@dataclass(frozen=True, slots=True)
class OwnData:
    """What a customer is told."""

    customer: Customer
    answers: Sequence[Answered]


class OwnDataHandler:
    """`pages_url` is where the pages are that links lead to."""

    def __init__(
        self, store: CustomersStore, houses: HouseKeeper, answering: Answering, ids: Ids, pages_url: str
    ) -> None:
        self._store = store
        self._houses = houses
        self._answering = answering
        self._ids = ids
        self._pages_url = pages_url.rstrip("/")

    async def ask_for_link(self, house_id: str, email: EmailAddress) -> None:
        """The same work, whoever has the address: the rest is done where nobody waits for it."""
        letter = Letter(house_id, "", LetterKind.LINK_ASKED, email.written, "en", {"key": email.key})
        async with self._store.transaction(house_id) as transaction:
            await transaction.letters.add(letter)
            await transaction.commit()

    async def send_link(self, transaction: CustomersTransaction, asked: Letter) -> None:
        """If a customer has the address, and not more links than anybody needs."""
        house = await transaction.houses.find(transaction.house_id)
        found = await transaction.customers.by_keys([asked.facts["key"]])
        customer = found.get(asked.facts["key"])
        if house is None or customer is None:
            return
        purpose, now_ms = LinkPurpose.LOG_IN, transaction.now_ms
        if await transaction.links.count_open(customer.customer_id, purpose, now_ms) >= MAX_OPEN_LINKS:
            return
        secret, until_ms = LINK_PREFIX + self._ids.new_secret(), now_ms + LOG_IN_MS
        link = Link(house.house_id, hash_of(secret), purpose, customer.customer_id, customer.email.key, until_ms)
        await transaction.links.add(link)
        facts = {
            "house": house.name,
            "link": f"{self._pages_url}/{house.house_id}/own-data/{secret}",
            "until": instant_text(until_ms // 60_000 * 60_000),
        }
        language = house.language_for(customer.language)
        letter = Letter(house.house_id, customer.customer_id, LetterKind.LINK, customer.email.written, language, facts)
        await transaction.letters.add(letter)

    async def open(self, house_id: str, secret: str) -> Opened | Refusal:
        """Refusals: LinkUnknown, LinkUsed, LinkExpired."""
        async with self._store.transaction(house_id) as transaction:
            link = await transaction.links.lock(hash_of(secret), LinkPurpose.LOG_IN)
            if link is None:
                return LinkUnknown()
            if refusal := refused_link(link, transaction.now_ms):
                return refusal
            customer = await transaction.customers.lock(link.customer_id)
            if customer is None or customer.email.key != link.email_key:
                return LinkUnknown()
            proven = confirmed_address(customer)
            await transaction.customers.save(proven)
            await transaction.links.mark_used(link.secret_hash, transaction.now_ms)
            session_secret = SESSION_PREFIX + self._ids.new_secret()
            expires_at_ms = transaction.now_ms + SESSION_MS
            await transaction.sessions.add(
                Session(house_id, hash_of(session_secret), customer.customer_id, expires_at_ms)
            )
            await transaction.commit()
        return Opened(session_secret, expires_at_ms, proven)

    async def end(self, house_id: str, session_secret: str) -> None:
        """Ending twice is fine."""
        async with self._store.transaction(house_id) as transaction:
            await transaction.sessions.end(hash_of(session_secret))
            await transaction.commit()

    async def whose(self, house_id: str, session_secret: str) -> str | Refusal:
        """The customer's id. Refusals: SessionOver."""
        async with self._store.transaction(house_id) as transaction:
            session = await transaction.sessions.find(hash_of(session_secret), transaction.now_ms)
        return SessionOver() if session is None else session.customer_id

    async def get(self, house_id: str, session_secret: str) -> OwnData | Refusal:
        """SessionOver."""
        async with self._store.transaction(house_id) as transaction:
            customer = await _customer(transaction, session_secret)
            if customer is None:
                return SessionOver()
            return OwnData(customer, await answered_of(transaction, customer.customer_id))

    async def update(self, house_id: str, session_secret: str, etag: str, change: CustomerChange) -> Customer | Refusal:
        """Refusals: SessionOver, EtagStale."""
        async with self._store.transaction(house_id) as transaction:
            customer = await _customer(transaction, session_secret)
            if customer is None:
                return SessionOver()
            after = changed(customer, change)
            if after == customer:
                return customer
            if refusal := refused_etag("the customer", etag, customer.revision):
                return refusal
            await transaction.customers.save(after)
            await transaction.commit()
        return after

    async def answer(self, house_id: str, session_secret: str, said: Said) -> Sequence[Answered] | Refusal:
        """Refusals: SessionOver, those of Answering.record."""
        house = await self._houses.house(house_id)
        if isinstance(house, Refusal):
            return SessionOver()
        async with self._store.transaction(house_id) as transaction:
            customer = await _customer(transaction, session_secret)
            if customer is None:
                return SessionOver()
            if refusal := await self._answering.record(transaction, house, customer, said):
                return refusal
            stands = await answered_of(transaction, customer.customer_id)
            await transaction.commit()
        return stands


async def _customer(transaction: CustomersTransaction, session_secret: str) -> Customer | None:
    """Whose session it is, with the row locked."""
    session = await transaction.sessions.find(hash_of(session_secret), transaction.now_ms)
    return None if session is None else await transaction.customers.lock(session.customer_id)
