"""Tells services which tokens are void before their time."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from services.accounts.domain.revocation import Revocation
from services.accounts.domain.signing_key import TOKEN_SECONDS
from services.accounts.ports.store import AccountsStore

# Older ones cannot be about a token that still lives; and somebody's clock may be a little ahead.
KEPT_SECONDS = TOKEN_SECONDS + 60
# In ten minutes: thousands of log-outs a minute. What is beyond is the oldest, and ends soonest by itself.
MOST = 50_000


class RevocationHandler:
    """Asked by every process every few seconds."""

    def __init__(self, store: AccountsStore) -> None:
        self._store = store

    async def current(self) -> Sequence[Revocation]:
        """Those that can still be about a living token."""
        async with self._store.transaction() as transaction:
            return await transaction.revocations.since(transaction.now_ms - KEPT_SECONDS * 1000, MOST)


async def void_what_was_signed_meanwhile(store: AccountsStore, person_id: str) -> None:
    """After a change of what a person may: tokens of whoever still read what was before it, and signed until now.

    By a transaction that begins after the change is known. The next token is signed later than that.
    """
    async with store.transaction() as transaction:
        person = await transaction.people.lock(person_id)
        if person is not None:
            until_ms = max(transaction.now_ms, person.tokens_void_until_ms)
            await transaction.people.save(dataclasses.replace(person, tokens_void_until_ms=until_ms))
            await transaction.revocations.add({person_id: until_ms})
            await transaction.commit()


async def void_what_the_session_got_meanwhile(store: AccountsStore, session_id: str) -> None:
    """The same of a session that has ended: it gets no token any more."""
    async with store.transaction() as transaction:
        await transaction.revocations.add({session_id: transaction.now_ms})
        await transaction.commit()
