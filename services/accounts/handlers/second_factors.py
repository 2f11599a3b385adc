"""The second factor of whoever calls: enrolled with the password, confirmed with a code, disabled with one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from services.accounts.domain.refusals import SecondFactorOff, SecondFactorOn, SecondFactorWrong
from services.accounts.domain.second_factor import (
    RECOVERY_CODES,
    SecondFactor,
    enrolment_uri,
    plain_code,
    recovery_code,
    recovery_hash,
    secret_from,
    step_of,
)
from services.accounts.handlers.codes import takes_code
from services.accounts.handlers.guesses import Guesses
from services.accounts.handlers.people import PersonHandler
from services.accounts.ports.store import AccountsStore
from services.accounts.ports.transaction import AccountsTransaction
from services.runtime.errors import Refusal
from services.runtime.ids import Ids


class SecondFactorHandler:
    """Codes are guesses too, and are counted as the password's are."""

    def __init__(self, store: AccountsStore, people: PersonHandler, guesses: Guesses, ids: Ids) -> None:
        self._store = store
        self._people = people
        self._guesses = guesses
        self._ids = ids

    async def enrol(self, person_id: str, password: str) -> str | Refusal:
        """The otpauth URI. Refusals: TooManyAttempts, PasswordWrong, SecondFactorOn."""
        person = await self._people.proved(person_id, password)
        if isinstance(person, Refusal):
            return person
        secret = secret_from(self._ids.new_secret())
        async with self._store.transaction() as transaction:
            factor = await transaction.second_factors.lock(person_id)
            if factor is not None and factor.is_confirmed:
                return SecondFactorOn()
            await transaction.second_factors.save(SecondFactor(person_id, secret))
            await transaction.commit()
        return enrolment_uri(secret, person.email.written)

    async def confirm(self, person_id: str, code: str) -> Sequence[str] | Refusal:
        """Recovery codes. Refusals: TooManyAttempts, SecondFactorOff, SecondFactorOn, SecondFactorWrong."""
        person = await self._people.get(person_id)
        if isinstance(person, Refusal):
            return person
        guess = await self._guesses.counted(person.email)
        if isinstance(guess, Refusal):
            return guess
        async with self._store.transaction() as transaction:
            factor = await transaction.second_factors.lock(person_id)
            if factor is None:
                return SecondFactorOff()
            if factor.is_confirmed:
                return SecondFactorOn()
            step = step_of(factor, plain_code(code), transaction.now_ms)
            if step is None:
                return SecondFactorWrong()
            await transaction.second_factors.save(SecondFactor(person_id, factor.secret, True, step))
            codes = await self._new_codes(transaction, person_id)
            await self._guesses.forgive(transaction, guess)
            await transaction.commit()
        return codes

    async def disable(self, person_id: str, code: str) -> Refusal | None:
        """Refusals: TooManyAttempts, SecondFactorOff, SecondFactorWrong."""

        async def act(transaction: AccountsTransaction) -> Sequence[str]:
            await transaction.second_factors.remove(person_id)
            return ()

        done = await self._with_code(person_id, code, act)
        return done if isinstance(done, Refusal) else None

    async def replace_codes(self, person_id: str, code: str) -> Sequence[str] | Refusal:
        """Refusals: TooManyAttempts, SecondFactorOff, SecondFactorWrong."""

        async def act(transaction: AccountsTransaction) -> Sequence[str]:
            return await self._new_codes(transaction, person_id)

        return await self._with_code(person_id, code, act)

    async def _with_code(
        self, person_id: str, code: str, act: Callable[[AccountsTransaction], Awaitable[Sequence[str]]]
    ) -> Sequence[str] | Refusal:
        person = await self._people.get(person_id)
        if isinstance(person, Refusal):
            return person
        guess = await self._guesses.counted(person.email)
        if isinstance(guess, Refusal):
            return guess
        async with self._store.transaction() as transaction:
            factor = await transaction.second_factors.lock(person_id)
            if factor is None or not factor.is_confirmed:
                return SecondFactorOff()
            if not await takes_code(transaction, factor, code):
                return SecondFactorWrong()
            done = await act(transaction)
            await self._guesses.forgive(transaction, guess)
            await transaction.commit()
        return done

    async def _new_codes(self, transaction: AccountsTransaction, person_id: str) -> Sequence[str]:
        codes = [recovery_code(self._ids.new_id("rec")) for _ in range(RECOVERY_CODES)]
        await transaction.second_factors.replace_recovery_codes(
            person_id, [recovery_hash(person_id, code) for code in codes]
        )
        return codes
