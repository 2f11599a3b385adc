"""Houses: made at a sign-up or by somebody who is known, told to every service, changed by their people (R2.1)."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

from services.accounts.domain.house import House
from services.accounts.domain.letters import LetterKind
from services.accounts.domain.link import CONFIRMATION_MS, LinkPurpose
from services.accounts.domain.membership import MAX_HOUSES_OF_A_PERSON, Membership
from services.accounts.domain.person import Person
from services.accounts.domain.refusals import EmailTaken, LabelNotFound, LabelTaken, TooManyHouses
from services.accounts.handlers.mailing import Mailing
from services.accounts.handlers.once import STRANGERS, once
from services.accounts.ports.passwords import Passwords
from services.accounts.ports.store import AccountsStore
from services.accounts.ports.transaction import AccountsTransaction
from services.contracts.access import Role
from services.contracts.acts import Act
from services.contracts.changes import refused_etag
from services.contracts.email_addresses import EmailAddress
from services.contracts.once import Asked
from services.runtime.access.refusals import HouseNotFound
from services.runtime.errors import Refusal
from services.runtime.ids import Ids


@dataclass(frozen=True, slots=True)
class HouseForm:
    """What a new house says of itself, checked."""

    label: str
    name: str
    time_zone: str
    currency: str
    languages: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PersonForm:
    """What somebody new says of themselves, checked."""

    name: str
    email: EmailAddress
    password: str


@dataclass(frozen=True, slots=True)
class SignedUp:
    """A new house and its owner."""

    house: House
    person: Person


@dataclass(frozen=True, slots=True)
class OwnHouse:
    """A house and what somebody is in it."""

    house: House
    membership: Membership


class HouseHandler:
    """Answers of what may be asked twice are in wire form, as `asked` writes it."""

    def __init__(self, store: AccountsStore, passwords: Passwords, mailing: Mailing, ids: Ids) -> None:
        self._store = store
        self._passwords = passwords
        self._mailing = mailing
        self._ids = ids

    async def sign_up(self, asked: Asked[SignedUp], house: HouseForm, person: PersonForm) -> bytes | Refusal:
        """R2.1. Refusals: LabelTaken, EmailTaken, IdempotencyKeyReused."""
        password_hash = await self._passwords.hashed(person.password)

        async def act(transaction: AccountsTransaction) -> SignedUp | Refusal:
            owner = Person(
                self._ids.new_id("psn"), person.name, person.email, password_hash, language=house.languages[0]
            )
            if not await transaction.people.add(owner):
                return EmailTaken()
            made = await self._made(transaction, house, owner.person_id)
            if isinstance(made, Refusal):
                return made
            await self._mailing.link(
                transaction,
                owner,
                LetterKind.CONFIRMATION,
                LinkPurpose.CONFIRM_EMAIL,
                CONFIRMATION_MS,
                to=owner.email,
            )
            return SignedUp(made, owner)

        return await once(self._store, STRANGERS, asked, act)

    async def create(self, asked: Asked[House], form: HouseForm, person_id: str) -> bytes | Refusal:
        """Refusals: LabelTaken, TooManyHouses, IdempotencyKeyReused."""

        async def act(transaction: AccountsTransaction) -> House | Refusal:
            # Locked, so that two houses made at the same moment are both counted.
            await transaction.people.lock(person_id)
            if len(await transaction.members.of_person(person_id)) >= MAX_HOUSES_OF_A_PERSON:
                return TooManyHouses(MAX_HOUSES_OF_A_PERSON)
            return await self._made(transaction, form, person_id)

        return await once(self._store, person_id, asked, act)

    async def _made(self, transaction: AccountsTransaction, form: HouseForm, owner_id: str) -> House | Refusal:
        house = House(self._ids.new_id("hse"), form.label, form.name, form.time_zone, form.currency, form.languages)
        if not await transaction.houses.add(house):
            return LabelTaken(form.label)
        await transaction.members.add(Membership(house.house_id, owner_id, frozenset({Role.OWNER}), transaction.now_ms))
        transaction.tell_house(house)
        facts = {"label": house.label, "owner": owner_id}
        await transaction.record_act(
            house.house_id, Act("house.created", "house", house.house_id, facts=facts), owner_id
        )
        return house

    async def get(self, house_id: str) -> House | Refusal:
        """HouseNotFound."""
        async with self._store.transaction(house_id) as transaction:
            return await transaction.houses.find(house_id) or HouseNotFound(house_id)

    async def get_by_label(self, label: str) -> House | Refusal:
        """LabelNotFound."""
        async with self._store.transaction() as transaction:
            return await transaction.houses.find_by_label(label) or LabelNotFound(label)

    async def update(
        self, house_id: str, etag: str, *, name: str | None, languages: tuple[str, ...] | None
    ) -> House | Refusal:
        """None leaves a value as it is. Refusals: HouseNotFound, EtagStale."""
        async with self._store.transaction(house_id) as transaction:
            house = await transaction.houses.lock(house_id)
            if house is None:
                return HouseNotFound(house_id)
            if refusal := refused_etag("the house", etag, house.revision):
                return refusal
            changed = dataclasses.replace(
                house,
                name=house.name if name is None else name,
                languages=house.languages if languages is None else languages,
                revision=house.revision + 1,
            )
            await transaction.houses.save(changed)
            transaction.tell_house(changed)
            fields = [field for field, value in (("name", name), ("languages", languages)) if value is not None]
            facts = {"fields": ",".join(fields)}
            await transaction.record_act(house_id, Act("house.changed", "house", house_id, facts=facts))
            await transaction.commit()
        return changed

    async def of_person(self, person_id: str) -> Sequence[OwnHouse]:
        """By name, then id."""
        async with self._store.transaction() as transaction:
            memberships = {one.house_id: one for one in await transaction.members.of_person(person_id)}
            houses = await transaction.houses.find_many(sorted(memberships))
        return [OwnHouse(house, memberships[house.house_id]) for house in houses]
