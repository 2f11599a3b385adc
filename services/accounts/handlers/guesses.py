"""Counts tries at secrets that people choose, by account and by address, before it is known whether they are right."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from services.accounts.domain.attempts import AttemptRule, after_attempt, refused_attempt, taken_back
from services.accounts.domain.refusals import TooManyAttempts
from services.accounts.ports.store import AccountsStore
from services.accounts.ports.transaction import AccountsTransaction
from services.contracts.email_addresses import EmailAddress


@dataclass(frozen=True, slots=True)
class Guess:
    """A try that was counted: at an account, and from an address where one is known."""

    account: str
    address: str | None
    at_ms: int


@dataclass(frozen=True, slots=True)
class GuessRules:
    """Many may share an address, so more is free there."""

    account: AttemptRule
    address: AttemptRule


class Guesses:
    """Kept in the store: all processes count together."""

    def __init__(self, store: AccountsStore, rules: GuessRules) -> None:
        self._store = store
        self._rules = rules

    async def counted(self, email: EmailAddress, address: str = "") -> Guess | TooManyAttempts:
        """Counts one. Whoever comes too soon is told when to come, and is not counted."""
        account = f"account:{email.key}"
        # Always in this order, so that two who wait for each other's rows cannot be.
        rules: Mapping[str, AttemptRule] = {account: self._rules.account}
        source = f"address:{address}" if address else None
        if source is not None:
            rules = {**rules, source: self._rules.address}
        async with self._store.transaction() as transaction:
            now_ms = transaction.now_ms
            for name, rule in rules.items():
                attempts = await transaction.log_in_attempts.lock(name)
                if refusal := refused_attempt(attempts, now_ms):
                    return refusal
                await transaction.log_in_attempts.save(name, after_attempt(attempts, rule, now_ms))
            await transaction.commit()
        return Guess(account, source, now_ms)

    async def take_back(self, transaction: AccountsTransaction, guess: Guess) -> None:
        """It was right so far: as if it had not been."""
        for name in filter(None, (guess.account, guess.address)):
            attempts = await transaction.log_in_attempts.lock(name)
            await transaction.log_in_attempts.save(name, taken_back(attempts, guess.at_ms))

    async def forgive(self, transaction: AccountsTransaction, guess: Guess) -> None:
        """It was right: what was counted of the account is forgotten, of the address only this one."""
        await self.take_back(transaction, guess)
        await transaction.log_in_attempts.forget(guess.account)
