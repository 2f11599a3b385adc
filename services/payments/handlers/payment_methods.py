"""Where and how an amount can be paid at a house: its accounts, and what each one's provider offers for it."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from services.payments.domain.payment_methods import PaymentMethod
from services.payments.domain.provider_account import AccountState, ProviderAccount, default_account
from services.payments.ports import Done, PaymentProvider
from services.payments.ports.tills import Till
from services.runtime.clock import Clock
from services.runtime.errors import Refusal

# A provider's list changes when the house switches a method on or off.
FRESH_SECONDS = 60.0
# After no answer: whoever comes next does not wait for the same silence.
UNKNOWN_SECONDS = 5.0
MOST_KEPT = 2_000


class PayingState(Enum):
    """Whether buyers can pay at an account now."""

    OPEN = "OPEN"
    LOCKED = "LOCKED"
    SILENT = "SILENT"


@dataclass(frozen=True, slots=True)
class PayingAccount:
    """An account with what can be paid there. `methods` None: its provider did not answer."""

    account_id: str
    provider: str
    name: str
    is_default: bool
    state: PayingState
    methods: Sequence[PaymentMethod] | None


class PayingAccounts(Protocol):
    """Where buyers of houses pay."""

    async def till(self, house_id: str, currency: str, asked: str = "") -> Till | Refusal:
        """See Tills.till."""
        ...

    async def live(self, house_id: str) -> Sequence[ProviderAccount]:
        """The house's accounts that take payments or could."""
        ...

    async def of(self, account: str) -> PaymentProvider:
        """See Providers.of."""
        ...

    def rests(self, account: str) -> bool:
        """Whether nobody is asked now, for the account's provider does not answer."""
        ...


@dataclass(frozen=True, slots=True)
class _Kept:
    until: float
    methods: Sequence[PaymentMethod] | None


class MethodDesk:
    """Remembers what providers said for a minute: a crowd pays a few amounts."""

    def __init__(self, accounts: PayingAccounts, clock: Clock) -> None:
        self._accounts = accounts
        self._clock = clock
        self._kept: OrderedDict[tuple[str, str, int, str], _Kept] = OrderedDict()
        self._asking: dict[tuple[str, str, int, str], asyncio.Task[Sequence[PaymentMethod] | None]] = {}

    async def accounts(self, house_id: str, currency: str, amount_minor: int, language: str) -> list[PayingAccount]:
        """The default first; none where the house has no account."""
        live = await self._accounts.live(house_id)
        if not live:
            default = await self._accounts.till(house_id, currency)
            if isinstance(default, Refusal):
                return []
            methods = await self._methods(default.provider, currency, amount_minor, language)
            return [PayingAccount("", default.provider, "", True, PayingState.OPEN, methods)]
        default_of_all = default_account(live, currency)
        states = [self._state(one) for one in live]
        asked = (
            self._methods(one.account_id, currency, amount_minor, language) if state is PayingState.OPEN else _nothing()
            for one, state in zip(live, states, strict=True)
        )
        found = await asyncio.gather(*asked)
        told = [
            PayingAccount(one.account_id, one.provider.value, one.choice.name, one is default_of_all, state, methods)
            for one, state, methods in zip(live, states, found, strict=True)
        ]
        return sorted(told, key=lambda one: not one.is_default)

    def _state(self, account: ProviderAccount) -> PayingState:
        if account.state is AccountState.LOCKED:
            return PayingState.LOCKED
        # Not longer than it rests: where nobody can pay, nobody else would find out that it answers again.
        return PayingState.SILENT if self._accounts.rests(account.account_id) else PayingState.OPEN

    async def _methods(
        self, account: str, currency: str, amount_minor: int, language: str
    ) -> Sequence[PaymentMethod] | None:
        key = (account, currency, amount_minor, language)
        kept = self._kept.get(key)
        if kept is not None and self._clock.monotonic() < kept.until:
            return kept.methods
        asking = self._asking.get(key)
        if asking is None:
            asking = asyncio.ensure_future(self._ask(key))
            self._asking[key] = asking
            asking.add_done_callback(lambda _: self._asking.pop(key, None))
        return await asyncio.shield(asking)

    async def _ask(self, key: tuple[str, str, int, str]) -> Sequence[PaymentMethod] | None:
        account, currency, amount_minor, language = key
        outcome = await (await self._accounts.of(account)).methods(currency, amount_minor, language)
        methods = [one for one in outcome.value if one.takes(amount_minor)] if isinstance(outcome, Done) else None
        seconds = UNKNOWN_SECONDS if methods is None else FRESH_SECONDS
        self._kept[key] = _Kept(self._clock.monotonic() + seconds, methods)
        self._kept.move_to_end(key)
        while len(self._kept) > MOST_KEPT:
            self._kept.popitem(last=False)
        return methods


async def _nothing() -> None:
    """Nobody is asked."""
