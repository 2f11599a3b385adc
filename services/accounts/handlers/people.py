"""What people change of themselves: name, language, password, address. What proves who they are is asked for again."""

from __future__ import annotations

import dataclasses

from services.accounts.domain.letters import Letter, LetterKind
from services.accounts.domain.link import (
    CONFIRMATION_MS,
    MAX_RESETS_AT_ONCE,
    RESET_MS,
    Link,
    LinkPurpose,
    refused_link,
)
from services.accounts.domain.person import Person
from services.accounts.domain.refusals import EmailTaken, LinkUnknown, PasswordWrong, PersonUnknown
from services.accounts.domain.session import hash_of
from services.accounts.handlers.guesses import Guesses
from services.accounts.handlers.mailing import Mailing
from services.accounts.handlers.revocations import void_what_was_signed_meanwhile
from services.accounts.ports.passwords import Passwords
from services.accounts.ports.store import AccountsStore
from services.accounts.ports.transaction import AccountsTransaction
from services.contracts.changes import refused_etag
from services.contracts.email_addresses import EmailAddress
from services.runtime.errors import Refusal


class PersonHandler:
    """Whoever calls, and whoever has the link of a mail."""

    def __init__(self, store: AccountsStore, passwords: Passwords, guesses: Guesses, mailing: Mailing) -> None:
        self._store = store
        self._passwords = passwords
        self._guesses = guesses
        self._mailing = mailing

    async def get(self, person_id: str) -> Person | Refusal:
        """PersonUnknown."""
        async with self._store.transaction() as transaction:
            return await transaction.people.find(person_id) or PersonUnknown()

    async def update(self, person_id: str, etag: str, *, name: str | None, language: str | None) -> Person | Refusal:
        """None leaves a value as it is. Refusals: PersonUnknown, EtagStale."""
        async with self._store.transaction() as transaction:
            person = await transaction.people.lock(person_id)
            if person is None:
                return PersonUnknown()
            if refusal := refused_etag("the person", etag, person.revision):
                return refusal
            changed = dataclasses.replace(
                person,
                name=person.name if name is None else name,
                language=person.language if language is None else language,
                revision=person.revision + 1,
            )
            await transaction.people.save(changed)
            await transaction.commit()
        return changed

    async def change_password(
        self, person_id: str, password: str, new_password: str, kept_secret: str
    ) -> Refusal | None:
        """All sessions end but the one that is proved. Refusals: TooManyAttempts, PasswordWrong, PersonUnknown."""
        known = await self.proved(person_id, password)
        if isinstance(known, Refusal):
            return known
        new_hash = await self._passwords.hashed(new_password)
        async with self._store.transaction() as transaction:
            person = await transaction.people.lock(person_id)
            if person is None or person.password_hash != known.password_hash:
                return PasswordWrong()
            kept = await transaction.sessions.find_by_hash(hash_of(kept_secret)) if kept_secret else None
            kept_id = kept.session_id if kept is not None and kept.subject == person_id else ""
            await self._set_password(transaction, person, new_hash, kept_id)
            await transaction.commit()
        await void_what_was_signed_meanwhile(self._store, person_id)
        return None

    async def proved(self, person_id: str, password: str) -> Person | Refusal:
        """The person, if the password is theirs. Refusals: TooManyAttempts, PasswordWrong, PersonUnknown."""
        person = await self.get(person_id)
        if isinstance(person, Refusal):
            return person
        guess = await self._guesses.counted(person.email)
        if isinstance(guess, Refusal):
            return guess
        if not await self._passwords.matches(person.password_hash, password):
            return PasswordWrong()
        async with self._store.transaction() as transaction:
            await self._guesses.forgive(transaction, guess)
            await transaction.commit()
        return person

    async def _set_password(
        self, transaction: AccountsTransaction, person: Person, new_hash: str, kept_id: str = ""
    ) -> None:
        changed = dataclasses.replace(
            person,
            password_hash=new_hash,
            tokens_void_until_ms=transaction.now_ms,
            revision=person.revision + 1,
        )
        await transaction.people.save(changed)
        await transaction.sessions.end_all(person.person_id, but=kept_id)
        for purpose in LinkPurpose:
            # Also one to another address: whoever asked for it may be whom the new password is to keep out.
            await transaction.links.remove_open(person.person_id, purpose)
        transaction.revoke(person.person_id)

    async def change_email(self, person_id: str, password: str, email: EmailAddress) -> Refusal | None:
        """The answer tells nothing of who has the address. Refusals: TooManyAttempts, PasswordWrong, PersonUnknown."""
        person = await self.proved(person_id, password)
        if isinstance(person, Refusal):
            return person
        async with self._store.transaction() as transaction:
            await self._mailing.link(
                transaction, person, LetterKind.CONFIRMATION, LinkPurpose.CONFIRM_EMAIL, CONFIRMATION_MS, to=email
            )
            await transaction.commit()
        return None

    async def confirm_email(self, secret: str) -> Refusal | None:
        """Refusals: LinkUnknown, LinkUsed, LinkExpired, EmailTaken."""
        async with self._store.transaction() as transaction:
            link = await transaction.links.lock(hash_of(secret), LinkPurpose.CONFIRM_EMAIL)
            if link is None:
                return LinkUnknown()
            if refusal := refused_link(link, transaction.now_ms):
                return refusal
            person = await transaction.people.lock(link.person_id)
            if person is None:
                return LinkUnknown()
            confirmed = dataclasses.replace(
                person, email=link.email, email_confirmed=True, revision=person.revision + 1
            )
            if not await transaction.people.save(confirmed):
                return EmailTaken()
            if person.email.key != link.email.key:
                # Whoever reads the former address gets no new password by it any more.
                await transaction.links.remove_open(person.person_id, LinkPurpose.RESET)
                # What is granted is other now: that of the new address. Whoever compares versions must see it.
                former = await transaction.grants.version(person.email)
                await transaction.grants.raise_version(link.email, above=former)
            await transaction.links.mark_used(link.secret_hash, transaction.now_ms)
            await transaction.commit()
        return None

    async def request_reset(self, email: EmailAddress) -> None:
        """The same work whoever has the address: it is looked up when the letter is worked on, after the answer."""
        async with self._store.transaction() as transaction:
            await transaction.letters.add(Letter(LetterKind.RESET_ASKED, email.written, "en", {"key": email.key}))
            await transaction.commit()

    async def send_reset(self, transaction: AccountsTransaction, asked: Letter) -> None:
        """Sends the link, if somebody has the address and has not been sent enough of them. Commits nothing."""
        person = await transaction.people.find_by_email(EmailAddress(asked.to, asked.facts["key"]))
        if person is None:
            return
        known = await transaction.people.lock(person.person_id)
        sent = await transaction.links.count_open(person.person_id, LinkPurpose.RESET, transaction.now_ms)
        if known is not None and sent < MAX_RESETS_AT_ONCE:
            await self._mailing.link(transaction, known, LetterKind.RESET, LinkPurpose.RESET, RESET_MS, to=known.email)

    async def reset_password(self, secret: str, new_password: str) -> Refusal | None:
        """All sessions end. Refusals: LinkUnknown, LinkUsed, LinkExpired."""
        async with self._store.transaction() as transaction:
            # A look first: strangers cannot keep the hashing threads busy with links that are none.
            if isinstance(link := await self._reset_link(transaction, secret), Refusal):
                return link
        new_hash = await self._passwords.hashed(new_password)
        async with self._store.transaction() as transaction:
            if isinstance(link := await self._reset_link(transaction, secret), Refusal):
                return link
            person = await transaction.people.lock(link.person_id)
            if person is None:
                return LinkUnknown()
            await transaction.links.mark_used(link.secret_hash, transaction.now_ms)
            # Whoever opens the link reads mails to the address.
            reader = dataclasses.replace(person, email_confirmed=True)
            if not person.email_confirmed:
                # Somebody may have signed up with an address that is not theirs; now its reader comes.
                await transaction.second_factors.remove(person.person_id)
            await self._set_password(transaction, reader, new_hash)
            await transaction.log_in_attempts.forget(f"account:{person.email.key}")
            await transaction.commit()
        await void_what_was_signed_meanwhile(self._store, link.person_id)
        return None

    @staticmethod
    async def _reset_link(transaction: AccountsTransaction, secret: str) -> Link | Refusal:
        link = await transaction.links.lock(hash_of(secret), LinkPurpose.RESET)
        return LinkUnknown() if link is None else refused_link(link, transaction.now_ms) or link
