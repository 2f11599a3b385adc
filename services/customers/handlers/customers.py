"""Customers as the house's people see and change them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from services.contracts.acts import Act
from services.contracts.changes import refused_etag
from services.contracts.email_addresses import EmailAddress
from services.contracts.once import Asked, answer_once
from services.contracts.pages import AskedPage, token_after
from services.customers.domain.answer import merged_answer
from services.customers.domain.customer import Customer, CustomerChange, changed, merged
from services.customers.domain.refusals import CustomerNotFound, EmailOfAnother
from services.customers.ports.store import CustomersStore
from services.customers.ports.transaction import CustomersTransaction
from services.runtime.errors import FieldInvalid, Refusal
from services.runtime.ids import Ids


@dataclass(frozen=True, slots=True)
class WantedCustomer:
    """Whom the house's people write down."""

    name: str
    email: EmailAddress
    language: str
    phone: str


@dataclass(frozen=True, slots=True)
class CustomerPage:
    """In the order in which they were made; `next_page_token` is empty on the last page."""

    customers: Sequence[Customer]
    next_page_token: str = ""


class CustomerHandler:
    """Acts name ids only: the act log keeps no personal data."""

    def __init__(self, store: CustomersStore, ids: Ids) -> None:
        self._store = store
        self._ids = ids

    async def create(self, asked: Asked[Customer], house_id: str, wanted: WantedCustomer) -> bytes | Refusal:
        """Who has the address already is told as they stand. Refusals: IdempotencyKeyReused."""

        async def act(transaction: CustomersTransaction) -> Customer:
            new = Customer(
                house_id=house_id,
                customer_id=self._ids.new_id("cus"),
                name=wanted.name,
                email=wanted.email,
                language=wanted.language,
                phone=wanted.phone,
                email_confirmed=False,
                created_at_ms=transaction.now_ms,
                revision=1,
            )
            await transaction.customers.add([new])
            there = (await transaction.customers.by_keys([wanted.email.key]))[wanted.email.key]
            if there.customer_id == new.customer_id:
                transaction.record_act(Act("customer.created", "customer", new.customer_id))
            return there

        return await answer_once(self._store.transaction(house_id), house_id, asked, act)

    async def get(self, house_id: str, customer_id: str) -> Customer | Refusal:
        """CustomerNotFound."""
        async with self._store.transaction(house_id) as transaction:
            return await transaction.customers.find(customer_id) or CustomerNotFound(customer_id)

    async def page(self, house_id: str, email: EmailAddress | None, asked: AskedPage) -> CustomerPage:
        """The house's own; or who has an address."""
        async with self._store.transaction(house_id) as transaction:
            if email is not None:
                return CustomerPage([*(await transaction.customers.by_keys([email.key])).values()])
            found = await transaction.customers.page(asked.after, asked.size + 1)
        page = found[: asked.size]
        if len(found) == len(page):
            return CustomerPage(page)
        return CustomerPage(page, token_after(house_id, page[-1].customer_id, page[-1].created_at_ms))

    async def update(self, house_id: str, customer_id: str, etag: str, change: CustomerChange) -> Customer | Refusal:
        """Refusals: CustomerNotFound, EtagStale, EmailOfAnother."""
        async with self._store.transaction(house_id) as transaction:
            customer = await transaction.customers.lock(customer_id)
            if customer is None:
                return CustomerNotFound(customer_id)
            after = changed(customer, change)
            if after == customer:
                return customer
            if refusal := refused_etag("the customer", etag, customer.revision):
                return refusal
            if not await transaction.customers.save(after):
                other = (await transaction.customers.by_keys([after.email.key]))[after.email.key]
                return EmailOfAnother(other.customer_id)
            transaction.record_act(Act("customer.changed", "customer", customer.customer_id))
            await transaction.commit()
        return after

    async def merge(self, house_id: str, customer_id: str, merged_customer_id: str) -> Customer | Refusal:
        """Two records of one person. Refusals: CustomerNotFound, FieldInvalid."""
        async with self._store.transaction(house_id) as transaction:
            locked = {one: await transaction.customers.lock(one) for one in sorted({customer_id, merged_customer_id})}
            stays, goes = locked[customer_id], locked[merged_customer_id]
            if customer_id == merged_customer_id:
                return FieldInvalid("merged_customer_id", "is the customer that stays", "another customer")
            if stays is None or goes is None:
                return CustomerNotFound(customer_id if stays is None else merged_customer_id)
            if stays.customer_id == goes.customer_id:
                # Done before.
                return stays
            after = merged(stays, goes)
            await self._carry_over(transaction, stays, goes)
            await transaction.customers.merge(stays.customer_id, goes.customer_id)
            await transaction.customers.save(after)
            transaction.tell_merged(stays.customer_id, goes.customer_id)
            facts = {"merged": goes.customer_id}
            transaction.record_act(Act("customer.merged", "customer", stays.customer_id, facts=facts))
            await transaction.commit()
        return after

    @staticmethod
    async def _carry_over(transaction: CustomersTransaction, stays: Customer, goes: Customer) -> None:
        """A no in either record is a no; what was said to the one was said by the person."""
        before = {one.consent_id: one for one in await transaction.answers.of_customer(stays.customer_id)}
        theirs = await transaction.answers.of_customer(goes.customer_id)
        await transaction.answers.move(goes.customer_id, stays.customer_id)
        moved = [merged_answer(before.get(one.consent_id), one, stays.customer_id) for one in theirs]
        changed_answers = [one for one in moved if one is not None]
        await transaction.answers.save(changed_answers)
        for answer in changed_answers:
            consent = await transaction.consents.find(answer.consent_id)
            assert consent is not None, "questions are archived, never removed"
            transaction.tell_answer(answer, consent, stays.language or goes.language)
        await transaction.form_answers.move(goes.customer_id, stays.customer_id)
        await transaction.purchases.move(goes.customer_id, stays.customer_id)
        await transaction.links.move(goes.customer_id, stays.customer_id)
