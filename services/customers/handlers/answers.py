"""How customers answer: at a till, by the link of a mail, or with an order that they have made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.contracts.acts import Act
from services.customers.domain.answer import Answer, ConsentSource, ConsentState, confirmed
from services.customers.domain.consent import Consent
from services.customers.domain.customer import confirmed_address
from services.customers.domain.link import LinkPurpose, hash_of
from services.customers.domain.refusals import CustomerNotFound, LinkExpired, LinkUnknown
from services.customers.handlers.answering import Answering, Said
from services.customers.handlers.house_keeper import HouseKeeper
from services.customers.ports.houses import HousesUnanswered
from services.customers.ports.store import CustomersStore
from services.customers.ports.transaction import CustomersTransaction
from services.runtime.errors import Refusal


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer as it stands, what was asked, and every step of it."""

    answer: Answer
    consent: Consent
    history: Sequence[Answer]


async def answered_of(transaction: CustomersTransaction, customer_id: str) -> Sequence[Answered]:
    """All of a customer's."""
    asked: Mapping[str, Consent] = {one.consent_id: one for one in await transaction.consents.all(archived=True)}
    steps = await transaction.answers.history(customer_id)
    return [
        Answered(one, asked[one.consent_id], [step for step in steps if step.consent_id == one.consent_id])
        for one in await transaction.answers.of_customer(customer_id)
    ]


class AnswerHandler:
    """Each change with its step, its event and, at a till, its act."""

    def __init__(self, store: CustomersStore, houses: HouseKeeper, answering: Answering) -> None:
        self._store = store
        self._houses = houses
        self._answering = answering

    async def of_customer(self, house_id: str, customer_id: str) -> Sequence[Answered] | Refusal:
        """CustomerNotFound."""
        async with self._store.transaction(house_id) as transaction:
            customer = await transaction.customers.find(customer_id)
            if customer is None:
                return CustomerNotFound(customer_id)
            return await answered_of(transaction, customer.customer_id)

    async def answer(self, house_id: str, customer_id: str, said: Said) -> Sequence[Answered] | Refusal:
        """What a customer says to the house's people. Refusals: CustomerNotFound, those of Answering.record."""
        house = await self._houses.house(house_id)
        if isinstance(house, Refusal):
            return house
        async with self._store.transaction(house_id) as transaction:
            customer = await transaction.customers.lock(customer_id)
            if customer is None:
                return CustomerNotFound(customer_id)
            if refusal := await self._answering.record(transaction, house, customer, said):
                return refusal
            facts = {"given": str(len(said.ticks)), "withdrawn": str(len(said.withdrawn))}
            transaction.record_act(Act("consent.answered", "customer", customer.customer_id, facts=facts))
            stands = await answered_of(transaction, customer.customer_id)
            await transaction.commit()
        return stands

    async def withdraw(
        self, house_id: str, customer_id: str, consent_ids: Sequence[str], said_at_ms: int, system: str
    ) -> Sequence[str] | Refusal:
        """A no from another system, and what it took back: nothing that was given after it was said.

        Refusals: CustomerNotFound, those of Answering.record.
        """
        house = await self._houses.house(house_id)
        if isinstance(house, Refusal):
            return house
        async with self._store.transaction(house_id) as transaction:
            customer = await transaction.customers.lock(customer_id)
            if customer is None:
                return CustomerNotFound(customer_id)
            before = {one.consent_id: one for one in await transaction.answers.of_customer(customer.customer_id)}
            stands = [before[one] for one in dict.fromkeys(consent_ids) if one in before]
            taken = tuple(
                one.consent_id
                for one in stands
                if one.state is not ConsentState.WITHDRAWN and one.changed_at_ms <= said_at_ms
            )
            said = Said(ConsentSource.INTEGRATION, withdrawn=taken, note=system)
            if refusal := await self._answering.record(transaction, house, customer, said):
                return refusal
            await transaction.commit()
        return taken

    async def confirm(self, house_id: str, secret: str) -> Sequence[str] | Refusal:
        """The consents that a link confirms; opened again it tells the same. Refusals: LinkUnknown, LinkExpired."""
        house = await self._houses.house(house_id)
        if isinstance(house, Refusal):
            return LinkUnknown()
        async with self._store.transaction(house_id) as transaction:
            link = await transaction.links.lock(hash_of(secret), LinkPurpose.CONFIRM)
            if link is None:
                return LinkUnknown()
            told = [tick.consent_id for tick in link.ticks]
            if link.used_at_ms is not None:
                return told
            if transaction.now_ms >= link.expires_at_ms:
                return LinkExpired()
            customer = await transaction.customers.lock(link.customer_id)
            if customer is None or customer.email.key != link.email_key:
                # The address is another one by now: whoever reads the former one says nothing for it.
                return LinkUnknown()
            before = {one.consent_id: one for one in await transaction.answers.of_customer(customer.customer_id)}
            changed: list[tuple[Answer, Consent]] = []
            for tick in link.ticks:
                answer = confirmed(before.get(tick.consent_id), tick.text_version, transaction.now_ms)
                consent = await transaction.consents.find(tick.consent_id)
                if answer is not None and consent is not None:
                    changed.append((answer, consent))
            await self._answering.keep(transaction, house, customer, changed)
            await transaction.customers.save(confirmed_address(customer))
            await transaction.links.mark_used(link.secret_hash, transaction.now_ms)
            await transaction.commit()
        return told

    async def order_made(self, transaction: CustomersTransaction, order_id: str) -> None:
        """What was ticked in the checkout counts from now on: once, for the ticks are taken with it.

        Raises HousesUnanswered where the house is not known yet; whoever asked for the order has seen to that.
        """
        ticked = await transaction.order_ticks.take(order_id)
        if not ticked:
            return
        house = await transaction.houses.find(transaction.house_id)
        if house is None:
            raise HousesUnanswered(house_id=transaction.house_id)
        customer = await transaction.customers.lock(ticked[0][0])
        if customer is None:
            # Erased in between: nobody has consented to anything.
            return
        said = Said(ConsentSource.CHECKOUT, tuple(tick for _, tick in ticked), note=order_id)
        # Archived in between: it was ticked, and nobody is asked any more.
        await self._answering.record(transaction, house, customer, await _still_asked(transaction, said))


async def _still_asked(transaction: CustomersTransaction, said: Said) -> Said:
    asked = {one.consent_id for one in await transaction.consents.all(archived=False)}
    return Said(said.source, tuple(tick for tick in said.ticks if tick.consent_id in asked), note=said.note)
