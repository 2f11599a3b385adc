"""The accounts that are open: read once by all who ask, opened anew when changed, closed when nobody needs them."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

from services.contracts.payment_refusals import ProviderAccountMissing
from services.payments.domain.provider_account import Credentials, ProviderAccount, ProviderKind, locked
from services.payments.handlers import open_accounts
from services.payments.handlers.guarded_provider import LOCKED, ClosedProvider
from services.payments.handlers.open_accounts import FRESH_MS, IDLE_MS, OpenAccounts
from services.payments.ports import Uncertain
from services.payments.ports.provider_account_store import OpenableAccount
from services.payments.ports.tills import Till
from services.runtime.clock import SystemClock
from services.runtime.seal import SealBroken
from tests.unit.payments.test_provider_account import account

ONE = replace(account("pac_one"), house_id="house_1")


class Turned(SystemClock):
    """A clock that a test turns."""

    def __init__(self) -> None:
        self.at_ms = 1_000_000

    def now_ms(self) -> int:
        return self.at_ms


class Opened(ClosedProvider):
    """An account that was opened; tells whether it is still."""

    def __init__(self, opened: ProviderAccount) -> None:
        super().__init__(opened.account_id, "asked")
        self.name = opened.provider.value
        self.is_closed = False

    async def close(self) -> None:
        self.is_closed = True


class Behind:
    """A store of accounts and what opens them, which counts how often it is read."""

    def __init__(self, *accounts: ProviderAccount) -> None:
        self.accounts = {one.account_id: one for one in accounts}
        self.opened: list[Opened] = []
        self.reads = 0
        self.is_sealed = False

    async def of_house(self, house_id: str) -> list[ProviderAccount]:
        self.reads += 1
        return [one for one in self.accounts.values() if one.house_id == house_id]

    async def openable(self, account_id: str) -> OpenableAccount | None:
        self.reads += 1
        if self.is_sealed:
            raise SealBroken
        found = self.accounts.get(account_id)
        return None if found is None else OpenableAccount(found, Credentials("k"))

    async def revision(self, account_id: str) -> int | None:
        found = self.accounts.get(account_id)
        return None if found is None else found.revision

    def offers(self, provider: ProviderKind) -> bool:
        return provider is ProviderKind.MOLLIE

    def open(self, wanted: ProviderAccount, credentials: Credentials) -> Opened:
        del credentials
        self.opened.append(Opened(wanted))
        return self.opened[-1]


def opened(behind: Any, clock: SystemClock, own: Any = None) -> OpenAccounts:
    return OpenAccounts(store=behind, opens=behind, own=own, clock=clock)


async def test_all_who_ask_at_once_share_one_reading() -> None:
    behind, clock = Behind(ONE), Turned()
    accounts = opened(behind, clock)
    found = await asyncio.gather(*(accounts.of("pac_one") for _ in range(20)))
    assert len({id(one) for one in found}) == 1
    clock.at_ms += FRESH_MS
    assert await accounts.of("pac_one") is found[0], "nothing has changed"
    assert (behind.reads, len(behind.opened)) == (1, 1)


async def test_a_changed_account_is_opened_anew_and_the_former_one_closed_once_nobody_waits() -> None:
    behind, clock = Behind(ONE), Turned()
    accounts = opened(behind, clock)
    before = await accounts.of("pac_one")
    behind.accounts["pac_one"] = locked(ONE, "the key was withdrawn", 5)
    assert await accounts.of("pac_one") is before, "for a moment"
    accounts.forget("house_1", "pac_one")
    after = await accounts.of("pac_one")
    assert await before.fetch("x") == Uncertain("asked")
    assert await after.fetch("x") == Uncertain(LOCKED)
    await accounts.tidy()
    assert [one.is_closed for one in behind.opened] == [True, False]


async def test_what_nobody_uses_is_closed_and_no_more_are_open_than_may_be(monkeypatch: Any) -> None:
    monkeypatch.setattr(open_accounts, "MOST_OPEN", 2)
    behind, clock = Behind(*(account(f"pac_{number}") for number in range(3))), Turned()
    accounts = opened(behind, clock)
    for number in range(3):
        await accounts.of(f"pac_{number}")
    await accounts.tidy()
    assert [one.is_closed for one in behind.opened] == [True, False, False]
    clock.at_ms += IDLE_MS + 1
    await accounts.tidy()
    assert all(one.is_closed for one in behind.opened)


async def test_an_account_that_cannot_be_opened_is_uncertain_about_everything() -> None:
    behind, clock = Behind(ONE, replace(ONE, account_id="pac_stripe", provider=ProviderKind.STRIPE)), Turned()
    accounts = opened(behind, clock)
    assert await (await accounts.of("pac_nobodys")).fetch("x") == Uncertain("account_unknown")
    assert await (await accounts.of("pac_stripe")).fetch("x") == Uncertain("provider_not_offered")
    assert await (await accounts.of("sandbox")).fetch("x") == Uncertain("account_unknown"), "no longer allowed"
    behind.is_sealed = True
    assert await (await accounts.of("pac_one")).fetch("x") == Uncertain("account_sealed")


async def test_a_webhook_is_heard_at_its_own_address_only() -> None:
    own = Opened(replace(ONE, account_id="sandbox", provider=ProviderKind.SANDBOX))
    accounts = opened(Behind(ONE), Turned(), own)
    assert await accounts.heard("sandbox", "sandbox") is own
    assert await accounts.heard("mollie", "pac_one") is await accounts.of("pac_one")
    for name, named in (("stripe", "pac_one"), ("mollie", "sandbox"), ("mollie", "pac_x"), ("mollie", "x' OR 1=1")):
        assert await accounts.heard(name, named) is None


async def test_r2_6_a_house_without_an_account_takes_play_money_only_where_it_is_allowed() -> None:
    own = Opened(replace(ONE, account_id="sandbox", provider=ProviderKind.SANDBOX))
    behind, clock = Behind(ONE), Turned()
    assert await opened(behind, clock, own).till("house_2", "EUR") == Till("sandbox", "")
    assert await opened(behind, clock).till("house_2", "EUR") == ProviderAccountMissing("EUR")
    accounts = opened(behind, clock, own)
    for _ in range(5):
        assert await accounts.till("house_1", "EUR") == Till("mollie", "pac_one")
    assert behind.reads == 3, "read once by the last, whose buyers are many"
