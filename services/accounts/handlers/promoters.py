"""Promoters: made, changed and given new passwords by the house that they belong to, and by no other (R3.2).

No house ever knows a promoter's password: it would see with it what other houses grant.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

from services.accounts.domain.letters import LetterKind
from services.accounts.domain.link import CONFIRMATION_MS, RESET_MS, LinkPurpose
from services.accounts.domain.person import Person
from services.accounts.domain.promoter import FIRST_PASSWORD_MS, Promoter
from services.accounts.domain.refusals import EmailTaken, PromoterIsMember, PromoterNotFound
from services.accounts.handlers.mailing import Mailing
from services.accounts.handlers.once import once
from services.accounts.handlers.revocations import void_what_was_signed_meanwhile
from services.accounts.ports.passwords import Passwords
from services.accounts.ports.store import AccountsStore
from services.accounts.ports.transaction import AccountsTransaction
from services.contracts.acts import Act
from services.contracts.changes import refused_etag
from services.contracts.email_addresses import EmailAddress
from services.contracts.once import Asked
from services.contracts.pages import AskedPage, token_after
from services.runtime.access.refusals import HouseNotFound
from services.runtime.errors import Refusal
from services.runtime.ids import Ids


@dataclass(frozen=True, slots=True)
class PromoterPage:
    """In the order in which they were made; `next_page_token` is empty on the last page."""

    promoters: Sequence[Promoter]
    next_page_token: str


class PromoterHandler:
    """A promoter of another house is not found, as one that nobody has made."""

    def __init__(self, store: AccountsStore, passwords: Passwords, mailing: Mailing, ids: Ids) -> None:
        self._store = store
        self._passwords = passwords
        self._mailing = mailing
        self._ids = ids

    async def create(self, asked: Asked[Promoter], house_id: str, name: str, email: EmailAddress) -> bytes | Refusal:
        """Sends a link to a first password. Refusals: HouseNotFound, EmailTaken, IdempotencyKeyReused."""
        nobodys = await self._nobodys_password()

        async def act(transaction: AccountsTransaction) -> Promoter | Refusal:
            house = await transaction.houses.find(house_id)
            if house is None:
                return HouseNotFound(house_id)
            person = Person(self._ids.new_id("psn"), name, email, nobodys, language=house.languages[0])
            if not await transaction.people.add(person):
                return EmailTaken()
            await transaction.promoters.add(house_id, person.person_id, transaction.now_ms)
            await self._send_link(transaction, person, FIRST_PASSWORD_MS)
            await transaction.record_act(house_id, _act("promoter.made", person.person_id))
            return Promoter(house_id, person, transaction.now_ms)

        return await once(self._store, house_id, asked, act, house_id=house_id)

    async def get(self, house_id: str, promoter_id: str) -> Promoter | Refusal:
        """Refusals: PromoterNotFound."""
        async with self._store.transaction(house_id) as transaction:
            return await transaction.promoters.find(house_id, promoter_id) or PromoterNotFound(promoter_id)

    async def page(self, house_id: str, asked: AskedPage) -> PromoterPage:
        """The house's own; a house that is unknown has none."""
        async with self._store.transaction(house_id) as transaction:
            found = await transaction.promoters.page(house_id, asked.after, asked.size + 1)
        page = found[: asked.size]
        if len(found) == len(page):
            return PromoterPage(page, "")
        return PromoterPage(page, token_after(house_id, page[-1].person.person_id, page[-1].created_at_ms))

    async def update(
        self, house_id: str, promoter_id: str, etag: str, *, name: str | None, email: EmailAddress | None
    ) -> Promoter | Refusal:
        """None leaves a value as it is. Refusals: PromoterNotFound, PromoterIsMember, EtagStale, EmailTaken.

        With a new address all sessions end, and nothing is granted until somebody has opened the link sent there.
        """
        nobodys = await self._nobodys_password() if email is not None else ""
        known = await self.get(house_id, promoter_id)
        if isinstance(known, Refusal):
            return known
        async with self._store.transaction() as transaction:
            found = await self._locked(transaction, known)
            if isinstance(found, Refusal):
                return found
            if refusal := refused_etag("the promoter", etag, found.person.revision):
                return refusal
            person = found.person
            changed = dataclasses.replace(
                person, name=person.name if name is None else name, revision=person.revision + 1
            )
            moves = email is not None and email.key != person.email.key
            if email is not None and moves:
                changed = dataclasses.replace(
                    _shut_out(changed, nobodys, transaction.now_ms), email=email, email_confirmed=False
                )
            if not await transaction.people.save(changed):
                return EmailTaken()
            if moves:
                await self._moved(transaction, person, changed)
            facts = {"fields": ",".join(field for field, new in (("name", name), ("email", email)) if new is not None)}
            await transaction.record_act(house_id, _act("promoter.changed", promoter_id, facts))
            await transaction.commit()
        if moves:
            await void_what_was_signed_meanwhile(self._store, promoter_id)
        return Promoter(house_id, changed, found.created_at_ms)

    async def _moved(self, transaction: AccountsTransaction, before: Person, now: Person) -> None:
        await self._end_sessions(transaction, now.person_id)
        # Whoever compares versions sees that what is granted is other now.
        former = await transaction.grants.raise_version(before.email)
        await transaction.grants.raise_version(now.email, above=former)
        await self._mailing.link(
            transaction, now, LetterKind.CONFIRMATION, LinkPurpose.CONFIRM_EMAIL, CONFIRMATION_MS, to=now.email
        )
        await self._send_link(transaction, now, FIRST_PASSWORD_MS)

    async def reset_password(self, house_id: str, promoter_id: str) -> Refusal | None:
        """The old password is good no more; a link to a new one goes to the promoter.

        Refusals: PromoterNotFound, PromoterIsMember.
        """
        nobodys = await self._nobodys_password()
        known = await self.get(house_id, promoter_id)
        if isinstance(known, Refusal):
            return known
        async with self._store.transaction() as transaction:
            found = await self._locked(transaction, known)
            if isinstance(found, Refusal):
                return found
            changed = dataclasses.replace(
                _shut_out(found.person, nobodys, transaction.now_ms), revision=found.person.revision + 1
            )
            await transaction.people.save(changed)
            await self._end_sessions(transaction, promoter_id)
            await self._send_link(transaction, changed, RESET_MS)
            await transaction.record_act(house_id, _act("promoter.password_reset", promoter_id))
            await transaction.commit()
        await void_what_was_signed_meanwhile(self._store, promoter_id)
        return None

    @staticmethod
    async def _locked(transaction: AccountsTransaction, known: Promoter) -> Promoter | Refusal:
        """The house's own, which `known` proves. The transaction is for all houses: memberships are in any of them.

        Whoever has the address of a member has the member's houses, so no house may move it. Who joins or makes a
        house at this moment has locked the person, too.
        """
        promoter_id = known.person.person_id
        person = await transaction.people.lock(promoter_id)
        if person is None:
            return PromoterNotFound(promoter_id)
        if await transaction.members.of_person(promoter_id):
            return PromoterIsMember(promoter_id)
        return dataclasses.replace(known, person=person)

    @staticmethod
    async def _end_sessions(transaction: AccountsTransaction, person_id: str) -> None:
        await transaction.sessions.end_all(person_id)
        # Links that were sent before, to whatever address, lead nowhere.
        for purpose in LinkPurpose:
            await transaction.links.remove_open(person_id, purpose)
        transaction.revoke(person_id)

    async def _send_link(self, transaction: AccountsTransaction, person: Person, lives_ms: int) -> None:
        await self._mailing.link(transaction, person, LetterKind.RESET, LinkPurpose.RESET, lives_ms, to=person.email)

    async def _nobodys_password(self) -> str:
        """The hash of a password that nobody has been told."""
        return await self._passwords.hashed(self._ids.new_secret())


def _shut_out(person: Person, password_hash: str, now_ms: int) -> Person:
    return dataclasses.replace(person, password_hash=password_hash, tokens_void_until_ms=now_ms)


def _act(done: str, promoter_id: str, facts: dict[str, str] | None = None) -> Act:
    return Act(done, "promoter", promoter_id, facts=facts or {})
