"""Takes over a list of people who have consented elsewhere: all of it or nothing, and nobody against their own no."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from services.contracts.acts import Act
from services.contracts.house_time import day_begins_ms
from services.contracts.once import Asked, answer_once
from services.customers.domain.answer import Answer, ConsentSource, ConsentState, Given, given
from services.customers.domain.consent import Consent, Tick
from services.customers.domain.customer import Customer
from services.customers.domain.house import House
from services.customers.domain.letters import Letter
from services.customers.domain.link import Link
from services.customers.domain.uploads import ListedPerson
from services.customers.handlers.answering import Answering, refused_tick
from services.customers.handlers.house_keeper import HouseKeeper
from services.customers.ports.store import CustomersStore
from services.customers.ports.transaction import CustomersTransaction
from services.runtime.errors import FieldInvalid, Refusal
from services.runtime.ids import Ids


@dataclass(frozen=True, slots=True)
class WantedUpload:
    """The list, with what the house says of it."""

    tick: Tick
    source: str
    day: date
    people: tuple[ListedPerson, ...]


@dataclass(frozen=True, slots=True)
class Uploaded:
    """What became of the people on the list."""

    confirmed: int
    asked: int
    unchanged: int
    withdrawn: int


class UploadHandler:
    """In a few statements, whatever the length of the list."""

    def __init__(self, store: CustomersStore, houses: HouseKeeper, answering: Answering, ids: Ids) -> None:
        self._store = store
        self._houses = houses
        self._answering = answering
        self._ids = ids

    async def upload(self, asked: Asked[Uploaded], house_id: str, wanted: WantedUpload) -> bytes | Refusal:
        """Refusals: HouseNotFound, ConsentNotFound, ConsentArchived, FieldInvalid, IdempotencyKeyReused."""
        house = await self._houses.house(house_id)
        if isinstance(house, Refusal):
            return house

        async def act(transaction: CustomersTransaction) -> Uploaded | Refusal:
            consent = await transaction.consents.find(wanted.tick.consent_id)
            if refusal := refused_tick(wanted.tick, consent):
                return refusal
            assert consent is not None, "refused otherwise"
            at_ms = day_begins_ms(house.time_zone, wanted.day)
            if at_ms > transaction.now_ms:
                return FieldInvalid("date", f"is {wanted.day.isoformat()}, which is to come", "today or before")
            people = await self._people(transaction, wanted.people)
            done = await self._taken_over(transaction, house, consent, wanted, at_ms, people)
            facts = {
                "confirmed": str(done.confirmed),
                "asked": str(done.asked),
                "withdrawn": str(done.withdrawn),
                "date": wanted.day.isoformat(),
            }
            transaction.record_act(Act("consent.uploaded", "consent", consent.consent_id, wanted.source, facts))
            return done

        return await answer_once(self._store.transaction(house_id), house_id, asked, act)

    async def _people(self, transaction: CustomersTransaction, listed: Sequence[ListedPerson]) -> Sequence[Customer]:
        """Found or made, and locked until the list is taken over."""
        new = [
            Customer(
                house_id=transaction.house_id,
                customer_id=self._ids.new_id("cus"),
                name=one.name,
                email=one.email,
                language="",
                phone="",
                email_confirmed=False,
                created_at_ms=transaction.now_ms,
                revision=1,
            )
            for one in listed
        ]
        await transaction.customers.add(new)
        found = await transaction.customers.by_keys([one.email.key for one in listed], lock=True)
        return [*found.values()]

    async def _taken_over(
        self,
        transaction: CustomersTransaction,
        house: House,
        consent: Consent,
        wanted: WantedUpload,
        at_ms: int,
        people: Sequence[Customer],
    ) -> Uploaded:
        before = await transaction.answers.of_customers([one.customer_id for one in people], consent.consent_id)
        changed: list[Answer] = []
        mails: list[tuple[Link, Letter]] = []
        for customer in people:
            yes = Given(
                customer.customer_id,
                consent.consent_id,
                wanted.tick.text_version,
                ConsentSource.UPLOAD,
                at_ms,
                wanted.source,
            )
            outcome = given(before.get(customer.customer_id), yes, asks_for_confirmation=house.asks_for_confirmation)
            if outcome.answer is not None:
                changed.append(outcome.answer)
                transaction.tell_answer(outcome.answer, consent, house.language_for(customer.language))
            if outcome.needs_mail:
                ask = [(wanted.tick, consent)]
                mails.append(self._answering.confirmation(house, customer, ask, transaction.now_ms))
        await transaction.answers.save(changed)
        await transaction.links.add(*(link for link, _ in mails))
        await transaction.letters.add(*(letter for _, letter in mails))
        return Uploaded(
            confirmed=sum(answer.counts for answer in changed),
            asked=sum(answer.state is ConsentState.ASKED for answer in changed),
            unchanged=len(people)
            - len(changed)
            - sum(answer.state is ConsentState.WITHDRAWN for answer in before.values()),
            withdrawn=sum(answer.state is ConsentState.WITHDRAWN for answer in before.values()),
        )
