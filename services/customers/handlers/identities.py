"""Who buyers are: found by their address, or made; many at once, for a sale waits for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from services.contracts.email_addresses import EmailAddress
from services.customers.domain.consent import Consent, Tick
from services.customers.domain.customer import Customer
from services.customers.domain.link import hash_of
from services.customers.domain.refusals import CustomerNotFound, SessionOver
from services.customers.handlers.answering import refused_tick
from services.customers.handlers.house_keeper import HouseKeeper
from services.customers.ports.store import CustomersStore
from services.customers.ports.transaction import CustomersTransaction
from services.runtime.errors import Refusal
from services.runtime.ids import Ids


@dataclass(frozen=True, slots=True)
class Buyer:
    """One of session_secret, customer_id and email says who it is, in this order. `ref`: the order's id."""

    ref: str
    customer_id: str = ""
    session_secret: str = ""
    name: str = ""
    email: EmailAddress | None = None
    language: str = ""
    ticks: tuple[Tick, ...] = ()
    # Of an order from before customers were kept; 0: now.
    ordered_at_ms: int = 0


@dataclass(slots=True)
class _Batch:
    """What is known of a batch so far, by the buyers' refs."""

    found: dict[str, str] = field(default_factory=dict)
    refused: dict[str, Refusal] = field(default_factory=dict)


class IdentityHandler:
    """A name is kept as it was told first: nobody changes a customer's data by buying with the address."""

    def __init__(self, store: CustomersStore, houses: HouseKeeper, ids: Ids) -> None:
        self._store = store
        self._houses = houses
        self._ids = ids

    async def identify(self, house_id: str, buyers: Sequence[Buyer]) -> Sequence[str | Refusal]:
        """The customer of each, in their order. Refusals: CustomerNotFound, SessionOver, those of ticks."""
        if any(buyer.ticks for buyer in buyers):
            # Their answers need to know what the house wants, once the order is there.
            house = await self._houses.house(house_id)
            if isinstance(house, Refusal):
                return [house] * len(buyers)
        batch = _Batch()
        async with self._store.transaction(house_id) as transaction:
            await _refuse_ticks(transaction, buyers, batch)
            await _by_session(transaction, buyers, batch)
            await _by_id(transaction, buyers, batch)
            await self._by_address(transaction, buyers, batch)
            ticked = [buyer for buyer in buyers if buyer.ticks and buyer.ref in batch.found]
            if ticked:
                await transaction.order_ticks.add({(one.ref, batch.found[one.ref]): one.ticks for one in ticked})
            await transaction.commit()
        return [batch.refused.get(buyer.ref) or batch.found[buyer.ref] for buyer in buyers]

    async def _by_address(self, transaction: CustomersTransaction, buyers: Sequence[Buyer], batch: _Batch) -> None:
        wanted = {
            buyer.email.key: buyer
            for buyer in reversed(buyers)
            if buyer.email is not None and buyer.ref not in batch.found and buyer.ref not in batch.refused
        }
        if not wanted:
            return
        there = await transaction.customers.by_keys([*wanted])
        new = [buyer for key, buyer in wanted.items() if key not in there]
        if new:
            there = {**there, **await transaction.customers.add([self._new(transaction, buyer) for buyer in new])}
        # Another batch may have been faster: what is there now is who they are.
        if missed := [key for key in wanted if key not in there]:
            there = {**there, **await transaction.customers.by_keys(missed)}
        for buyer in buyers:
            if buyer.email is not None and buyer.ref not in batch.found and buyer.ref not in batch.refused:
                batch.found[buyer.ref] = there[buyer.email.key].customer_id

    def _new(self, transaction: CustomersTransaction, buyer: Buyer) -> Customer:
        assert buyer.email is not None, "only who names an address is made"
        return Customer(
            house_id=transaction.house_id,
            customer_id=self._ids.new_id("cus"),
            name=buyer.name,
            email=buyer.email,
            language=buyer.language,
            phone="",
            email_confirmed=False,
            created_at_ms=buyer.ordered_at_ms or transaction.now_ms,
            revision=1,
        )


async def _refuse_ticks(transaction: CustomersTransaction, buyers: Sequence[Buyer], batch: _Batch) -> None:
    if not any(buyer.ticks for buyer in buyers):
        return
    asked: dict[str, Consent] = {one.consent_id: one for one in await transaction.consents.all(archived=True)}
    for buyer in buyers:
        refusals = (refused_tick(tick, asked.get(tick.consent_id)) for tick in buyer.ticks)
        if refusal := next(filter(None, refusals), None):
            batch.refused[buyer.ref] = refusal


async def _by_session(transaction: CustomersTransaction, buyers: Sequence[Buyer], batch: _Batch) -> None:
    for buyer in buyers:
        if not buyer.session_secret or buyer.ref in batch.refused:
            continue
        session = await transaction.sessions.find(hash_of(buyer.session_secret), transaction.now_ms)
        if session is None:
            batch.refused[buyer.ref] = SessionOver()
        else:
            batch.found[buyer.ref] = session.customer_id


async def _by_id(transaction: CustomersTransaction, buyers: Sequence[Buyer], batch: _Batch) -> None:
    named = [
        buyer for buyer in buyers if buyer.customer_id and not buyer.session_secret and buyer.ref not in batch.refused
    ]
    if not named:
        return
    there = await transaction.customers.resolve([buyer.customer_id for buyer in named])
    for buyer in named:
        if buyer.customer_id in there:
            batch.found[buyer.ref] = there[buyer.customer_id]
        else:
            batch.refused[buyer.ref] = CustomerNotFound(buyer.customer_id)
