"""The accounts that are open: found by id, chosen for a buyer, kept for a while, closed when changed or idle.

What is kept is bounded, and read anew after seconds: another process may have changed it.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from services.contracts.payment_refusals import ProviderAccountMissing
from services.payments.domain.provider_account import AccountState, ProviderAccount, chosen_account
from services.payments.handlers.guarded_provider import ClosedProvider, GuardedProvider
from services.payments.ports import PaymentProvider
from services.payments.ports.opens_providers import OpensProviders
from services.payments.ports.provider_account_store import ProviderAccountStore
from services.payments.ports.tills import Till
from services.runtime.clock import Clock
from services.runtime.errors import Refusal
from services.runtime.seal import SealBroken
from services.runtime.telemetry.logging import get_logger

_log = get_logger("payments")

MOST_OPEN = 200
MOST_HOUSES = 10_000
FRESH_MS = 2_000
IDLE_MS = 600_000
UPKEEP_SECONDS = 15.0


@dataclass(slots=True)
class _Open:
    provider: GuardedProvider
    account: ProviderAccount
    read_at_ms: int
    used_at_ms: int


class OpenAccounts:
    """See Providers. `own`: the deployment's account, for houses without one; None where there is none."""

    def __init__(
        self,
        *,
        store: ProviderAccountStore,
        opens: OpensProviders,
        own: PaymentProvider | None,
        clock: Clock,
    ) -> None:
        self._store = store
        self._opens = opens
        self._own = own
        self._clock = clock
        self._open: OrderedDict[str, _Open] = OrderedDict()
        self._leaving: list[GuardedProvider] = []
        self._houses: OrderedDict[str, tuple[int, Sequence[ProviderAccount]]] = OrderedDict()
        self._reading: dict[str, asyncio.Future[PaymentProvider]] = {}
        self._refused: dict[str, str] = {}
        self._on_refused = asyncio.Event()

    async def till(self, house_id: str, currency: str, asked: str = "") -> Till | Refusal:
        """Where a buyer of the house pays. Refusals: ProviderAccountMissing, ProviderAccountLocked."""
        chosen = chosen_account(await self._of_house(house_id), currency, asked)
        if isinstance(chosen, Refusal):
            return chosen
        if chosen is not None:
            return Till(chosen.provider.value, chosen.account_id)
        return Till(self._own.name, "") if self._own is not None else ProviderAccountMissing(currency)

    async def _of_house(self, house_id: str) -> Sequence[ProviderAccount]:
        now_ms = self._clock.now_ms()
        known = self._houses.get(house_id)
        if known is not None and now_ms - known[0] < FRESH_MS:
            return known[1]
        found = await self._store.of_house(house_id)
        self._houses[house_id] = (now_ms, found)
        self._houses.move_to_end(house_id)
        while len(self._houses) > MOST_HOUSES:
            self._houses.popitem(last=False)
        return found

    async def live(self, house_id: str) -> Sequence[ProviderAccount]:
        """Those of the house that were not archived."""
        return [one for one in await self._of_house(house_id) if one.state is not AccountState.ARCHIVED]

    def rests(self, account: str) -> bool:
        """Whether it is open here and nobody is asked, for its provider does not answer."""
        known = self._open.get(account)
        return known is not None and known.provider.is_resting

    def forget(self, house_id: str, account_id: str) -> None:
        """Something was changed here: it is read anew before it is used again."""
        self._houses.pop(house_id, None)
        known = self._open.get(account_id)
        if known is not None:
            known.read_at_ms = 0

    async def of(self, account: str) -> PaymentProvider:
        """See Providers.of."""
        if self._own is not None and account == self._own.account:
            return self._own
        known = self._open.get(account)
        now_ms = self._clock.now_ms()
        if known is not None and now_ms - known.read_at_ms < FRESH_MS:
            known.used_at_ms = now_ms
            self._open.move_to_end(account)
            return known.provider
        # Everybody who wants it meanwhile waits for one question.
        reading = self._reading.get(account)
        if reading is None:
            reading = asyncio.ensure_future(self._read(account))
            self._reading[account] = reading
            reading.add_done_callback(lambda _: self._reading.pop(account, None))
        return await asyncio.shield(reading)

    async def heard(self, name: str, account: str) -> PaymentProvider | None:
        """See Providers.heard."""
        if self._own is not None and account == self._own.account:
            return self._own if name == self._own.name else None
        if not account.startswith("pac_"):
            return None
        provider = await self.of(account)
        return provider if isinstance(provider, GuardedProvider) and provider.name == name else None

    async def _read(self, account_id: str) -> PaymentProvider:
        now_ms = self._clock.now_ms()
        known = self._open.get(account_id)
        if known is not None and await self._store.revision(account_id) == known.account.revision:
            known.read_at_ms = known.used_at_ms = now_ms
            return known.provider
        try:
            found = await self._store.openable(account_id)
        except SealBroken:
            _log.exception("provider_account_sealed", account_id=account_id)
            return ClosedProvider(account_id, "account_sealed")
        if found is None or not self._opens.offers(found.account.provider):
            return ClosedProvider(account_id, "account_unknown" if found is None else "provider_not_offered")
        account = found.account
        provider = GuardedProvider(
            self._opens.open(account, found.credentials),
            self._clock,
            is_locked=account.state is AccountState.LOCKED,
            on_key_refused=lambda: self._key_refused(account),
        )
        if known is not None:
            self._leaving.append(known.provider)
        self._open[account_id] = _Open(provider, account, now_ms, now_ms)
        self._open.move_to_end(account_id)
        while len(self._open) > MOST_OPEN:
            _, oldest = self._open.popitem(last=False)
            self._leaving.append(oldest.provider)
        return provider

    def _key_refused(self, account: ProviderAccount) -> None:
        self._refused[account.account_id] = account.house_id
        self._on_refused.set()

    async def watch(self, check: Callable[[str, str], Awaitable[object]]) -> None:
        """Until cancelled: an account whose key was refused is checked, and so locked where that is what it is."""
        while True:
            await self._on_refused.wait()
            self._on_refused.clear()
            refused, self._refused = self._refused, {}
            for account_id, house_id in refused.items():
                await check(house_id, account_id)

    async def keep_up(self) -> None:
        """Until cancelled: what nobody has used for long is closed, and what was changed, once nobody waits for it."""
        while True:
            await self._clock.sleep(UPKEEP_SECONDS)
            await self.tidy()

    async def tidy(self) -> None:
        """One round of keep_up."""
        idle_before_ms = self._clock.now_ms() - IDLE_MS
        for account_id in [one for one, known in self._open.items() if known.used_at_ms < idle_before_ms]:
            self._leaving.append(self._open.pop(account_id).provider)
        leaving, self._leaving = self._leaving, []
        for provider in leaving:
            if provider.is_busy:
                self._leaving.append(provider)
            else:
                await provider.close()

    @property
    def silent(self) -> int:
        """Open accounts that rest because their provider does not answer."""
        return sum(known.provider.is_silent for known in self._open.values())

    async def close(self) -> None:
        """At the end of the process."""
        for known in self._open.values():
            await known.provider.close()
        for provider in self._leaving:
            await provider.close()
        self._open.clear()
        self._leaving.clear()
