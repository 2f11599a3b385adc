"""What a process opens to list houses' accounts: those whose turn it is, and no other."""

from __future__ import annotations

from typing import Any

from services.payments.handlers.account_listing import AccountListing
from services.payments.handlers.guarded_provider import ClosedProvider
from services.payments.ports import PaymentProvider
from services.runtime.clock import SystemClock
from tests.unit.payments.test_provider_account import account


class House:
    """Two accounts: one was just listed by another process. Tells which were opened."""

    def __init__(self) -> None:
        self.opened: list[str] = []

    async def listed(self) -> list[Any]:
        return [account("pac_due"), account("pac_just_listed")]

    async def begin_listing(self, account: str, interval_seconds: float) -> str | None:
        del interval_seconds
        return "" if account == "pac_due" else None

    async def of(self, account: str) -> PaymentProvider:
        self.opened.append(account)
        return ClosedProvider(account, "asked")


async def test_only_an_account_whose_turn_it_is_is_opened() -> None:
    house: Any = House()
    listing = AccountListing(
        accounts=house,
        providers=house,
        inbox=house,
        clock=SystemClock(),
        interval_seconds=60.0,
        on_new=lambda: None,
    )
    assert await listing.list_once() == 0
    assert house.opened == ["pac_due"]
