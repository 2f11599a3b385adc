"""Logging in: guesses are counted, an unknown address costs as much as a known one, a second factor is asked for."""

from __future__ import annotations

import dataclasses

from services.accounts.domain.person import Person
from services.accounts.domain.refusals import LogInRefused, SecondFactorNeeded, SecondFactorWrong
from services.accounts.domain.session import SessionKind
from services.accounts.handlers.codes import takes_code
from services.accounts.handlers.guesses import Guess, Guesses
from services.accounts.handlers.sessions import SessionHandler, Started
from services.accounts.ports.passwords import Passwords
from services.accounts.ports.store import AccountsStore
from services.contracts.email_addresses import EmailAddress
from services.runtime.errors import Refusal
from services.runtime.telemetry.metrics import LOG_INS


@dataclasses.dataclass(frozen=True, slots=True)
class LogIn:
    """What somebody gives to log in, checked. `address`: where the call came from."""

    email: EmailAddress
    password: str
    code: str
    device: str
    address: str


class LogInHandler:
    """One log-in for all houses (R3.4)."""

    def __init__(self, store: AccountsStore, passwords: Passwords, guesses: Guesses, sessions: SessionHandler) -> None:
        self._store = store
        self._passwords = passwords
        self._guesses = guesses
        self._sessions = sessions

    async def log_in(self, given: LogIn) -> Started | Refusal:
        """Refusals: TooManyAttempts, LogInRefused, SecondFactorNeeded, SecondFactorWrong."""
        guess = await self._guesses.counted(given.email, given.address)
        answer = guess if isinstance(guess, Refusal) else await self._judged(given, guess)
        LOG_INS.labels("done" if isinstance(answer, Started) else answer.reason().lower()).inc()
        return answer

    async def _judged(self, given: LogIn, guess: Guess) -> Started | Refusal:
        async with self._store.transaction() as transaction:
            person = await transaction.people.find_by_email(given.email)
        known_hash = None if person is None else person.password_hash
        if not await self._passwords.matches(known_hash, given.password) or person is None:
            return LogInRefused()
        is_outdated = self._passwords.is_outdated(person.password_hash)
        new_hash = await self._passwords.hashed(given.password) if is_outdated else person.password_hash
        return await self._started(given, guess, person, new_hash)

    async def _started(self, given: LogIn, guess: Guess, person: Person, new_hash: str) -> Started | Refusal:
        async with self._store.transaction() as transaction:
            now = await transaction.people.lock(person.person_id)
            if now is None or now.password_hash != person.password_hash:
                # Changed in this very moment: what was given is the old one.
                return LogInRefused()
            factor = await transaction.second_factors.lock(person.person_id)
            if factor is not None and factor.is_confirmed:
                if not given.code:
                    await self._guesses.take_back(transaction, guess)
                    await transaction.commit()
                    return SecondFactorNeeded()
                if not await takes_code(transaction, factor, given.code):
                    return SecondFactorWrong()
            if new_hash != now.password_hash:
                now = dataclasses.replace(now, password_hash=new_hash)
                await transaction.people.save(now)
            await self._guesses.forgive(transaction, guess)
            started = await self._sessions.start(transaction, SessionKind.PERSON, now.person_id, given.device)
            await transaction.commit()
        return Started(started.session, started.secret, now)
