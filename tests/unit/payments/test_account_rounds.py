"""What is done for accounts now and then: those that are locked are counted, and checked again; no other is."""

from __future__ import annotations

from typing import Any

from services.payments.handlers.account_rounds import AccountRounds
from services.runtime.clock import SystemClock
from services.runtime.telemetry.metrics import PROVIDER_ACCOUNTS_LOCKED
from tests.unit.payments.test_provider_account import account


class House:
    """One of its accounts is locked, and that is the only read it answers."""

    silent = 0

    def __init__(self) -> None:
        self.checked: list[str] = []

    async def locked(self) -> list[Any]:
        return [account("pac_locked")]

    async def check(self, house_id: str, account_id: str) -> None:
        self.checked.append(account_id)


async def test_locked_accounts_are_read_by_themselves_and_checked_when_their_time_has_come() -> None:
    house: Any = House()
    rounds = AccountRounds(house, house, house, SystemClock(), locked_check_seconds=3_600.0)
    await rounds.once()
    await rounds.once()
    assert house.checked == ["pac_locked"], "once an hour"
    assert PROVIDER_ACCOUNTS_LOCKED._value.get() == 1
