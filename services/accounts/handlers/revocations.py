"""Tells services which tokens are void before their time."""

from __future__ import annotations

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
