"""Records what a customer says to questions, whoever passes it on: the one way by which an answer changes.

Within the caller's transaction, with the customer's row locked; a mail that asks for a confirmation goes with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from services.contracts.instants import instant_text
from services.customers.domain.answer import Answer, ConsentSource, Given, given, withdrawn
from services.customers.domain.consent import Consent, Tick
from services.customers.domain.customer import Customer
from services.customers.domain.house import House
from services.customers.domain.letters import Letter, LetterKind
from services.customers.domain.link import (
    CONFIRMATION_MS,
    LINK_PREFIX,
    MAX_OPEN_CONFIRMATIONS,
    Link,
    LinkPurpose,
    hash_of,
)
from services.customers.domain.refusals import ConsentArchived, ConsentNotFound
from services.customers.ports.transaction import CustomersTransaction
from services.runtime.errors import FieldInvalid, Refusal
from services.runtime.ids import Ids


@dataclass(frozen=True, slots=True)
class Said:
    """What somebody says at once: yes to `ticks`, no to `withdrawn`. `note`: what it is kept with, no personal data."""

    source: ConsentSource
    ticks: tuple[Tick, ...] = ()
    withdrawn: tuple[str, ...] = ()
    note: str = ""


class Answering:
    """`pages_url` is where the pages are that links lead to."""

    def __init__(self, ids: Ids, pages_url: str) -> None:
        self._ids = ids
        self._pages_url = pages_url.rstrip("/")

    async def record(
        self, transaction: CustomersTransaction, house: House, customer: Customer, said: Said
    ) -> Refusal | None:
        """Refusals: ConsentNotFound, ConsentArchived, FieldInvalid; nothing was changed then."""
        asked = {consent.consent_id: consent for consent in await transaction.consents.all(archived=True)}
        if refusal := refused_said(said, asked):
            return refusal
        before = {one.consent_id: one for one in await transaction.answers.of_customer(customer.customer_id)}
        now_ms, changed, to_confirm = transaction.now_ms, list[Answer](), list[Tick]()
        for tick in said.ticks:
            yes = Given(
                customer.customer_id, tick.consent_id, tick.text_version, said.source, at_ms=now_ms, note=said.note
            )
            outcome = given(before.get(tick.consent_id), yes, asks_for_confirmation=house.asks_for_confirmation)
            changed += [outcome.answer] if outcome.answer else []
            to_confirm += [tick] if outcome.needs_mail else []
        for consent_id in said.withdrawn:
            no = withdrawn(before.get(consent_id), said.source, now_ms, said.note)
            changed += [no] if no else []
        await self.keep(transaction, house, customer, [(answer, asked[answer.consent_id]) for answer in changed])
        await self.ask(transaction, house, customer, [(tick, asked[tick.consent_id]) for tick in to_confirm])
        return None

    async def keep(
        self,
        transaction: CustomersTransaction,
        house: House,
        customer: Customer,
        changed: Sequence[tuple[Answer, Consent]],
    ) -> None:
        """Each with its step and its event."""
        await transaction.answers.save([answer for answer, _ in changed])
        for answer, consent in changed:
            transaction.tell_answer(answer, consent, house.language_for(customer.language))

    async def ask(
        self,
        transaction: CustomersTransaction,
        house: House,
        customer: Customer,
        to_confirm: Sequence[tuple[Tick, Consent]],
    ) -> None:
        """One mail for all of them; none where too many are unanswered: nobody is flooded by a stranger."""
        if not to_confirm:
            return
        purpose = LinkPurpose.CONFIRM
        if (
            await transaction.links.count_open(customer.customer_id, purpose, transaction.now_ms)
            >= MAX_OPEN_CONFIRMATIONS
        ):
            return
        link, letter = self.confirmation(house, customer, to_confirm, transaction.now_ms)
        await transaction.links.add(link)
        await transaction.letters.add(letter)

    def confirmation(
        self, house: House, customer: Customer, to_confirm: Sequence[tuple[Tick, Consent]], now_ms: int
    ) -> tuple[Link, Letter]:
        """A link, and the letter that has its secret."""
        secret, until_ms = LINK_PREFIX + self._ids.new_secret(), now_ms + CONFIRMATION_MS
        link = Link(
            house_id=house.house_id,
            secret_hash=hash_of(secret),
            purpose=LinkPurpose.CONFIRM,
            customer_id=customer.customer_id,
            email_key=customer.email.key,
            expires_at_ms=until_ms,
            ticks=tuple(tick for tick, _ in to_confirm),
        )
        language = house.language_for(customer.language)
        titles = "\n".join(f"- {consent.title_in(language)}" for _, consent in to_confirm)
        facts = {
            "house": house.name,
            "consents": titles,
            "link": f"{self._pages_url}/{house.house_id}/consents/{secret}",
            "until": instant_text(until_ms // 60_000 * 60_000),
        }
        kind = LetterKind.CONFIRMATION
        return link, Letter(house.house_id, customer.customer_id, kind, customer.email.written, language, facts)


def refused_said(said: Said, asked: dict[str, Consent]) -> Refusal | None:
    """The refusal for what names questions or texts that there are not. A no to one that is archived is heard."""
    for tick in said.ticks:
        if refusal := refused_tick(tick, asked.get(tick.consent_id)):
            return refusal
    unknown = next((one for one in said.withdrawn if one not in asked), None)
    return None if unknown is None else ConsentNotFound(unknown)


def refused_tick(tick: Tick, consent: Consent | None) -> Refusal | None:
    """An earlier version of the text may be on somebody's page still; a later one was never shown."""
    if consent is None:
        return ConsentNotFound(tick.consent_id)
    if consent.archived:
        return ConsentArchived(tick.consent_id)
    if 1 <= tick.text_version <= consent.text_version:
        return None
    problem = f"of consent {tick.consent_id} is {tick.text_version}"
    return FieldInvalid("text_version", problem, f"1 to {consent.text_version}")
