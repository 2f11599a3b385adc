"""Lists what houses' accounts have at their providers: heals what lost webhooks left, and finds what we do not know."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from services.payments.domain.provider_account import AccountState, ProviderAccount
from services.payments.handlers.reconciler import EventListing
from services.payments.ports import Providers, WebhookEventStore
from services.payments.ports.provider_account_store import ProviderAccountStore
from services.runtime.clock import Clock
from services.runtime.telemetry.logging import get_logger

_log = get_logger("payments")

# One that is slow keeps only its own place.
MOST_AT_ONCE = 8
# Of an account that was archived: what goes back of what was paid there is rare by then.
ARCHIVED_INTERVAL_SECONDS = 3_600.0


class AccountListing:
    """One per process; a row in the database decides which process lists an account."""

    def __init__(
        self,
        *,
        accounts: ProviderAccountStore,
        providers: Providers,
        inbox: WebhookEventStore,
        clock: Clock,
        interval_seconds: float,
        on_new: Callable[[], None],
    ) -> None:
        self._accounts = accounts
        self._providers = providers
        self._inbox = inbox
        self._clock = clock
        self._interval_seconds = interval_seconds
        self._on_new = on_new
        self._room = asyncio.Semaphore(MOST_AT_ONCE)

    async def run(self) -> None:
        """Lists until cancelled."""
        while True:
            await self.list_once()
            await self._clock.sleep(self._interval_seconds)

    async def list_once(self) -> int:
        """Every account whose turn it is; answers how many events were new."""
        accounts = [one for one in await self._accounts.listed() if one.state is not AccountState.LOCKED]
        found = await asyncio.gather(*map(self._list, accounts), return_exceptions=True)
        for account, outcome in zip(accounts, found, strict=True):
            if isinstance(outcome, Exception):
                _log.error("account_not_listed", account_id=account.account_id, error=type(outcome).__name__)
        return sum(outcome for outcome in found if isinstance(outcome, int))

    async def _list(self, account: ProviderAccount) -> int:
        is_archived = account.state is AccountState.ARCHIVED
        async with self._room:
            listing = EventListing(
                account=account.account_id,
                providers=self._providers,
                inbox=self._inbox,
                clock=self._clock,
                interval_seconds=max(ARCHIVED_INTERVAL_SECONDS, self._interval_seconds)
                if is_archived
                else self._interval_seconds,
                on_new=self._on_new,
            )
            return await listing.list_once()
