"""One accounts service per test, over a database of its own; the bus is in memory where no test reads it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from services.runtime.testing.clocks import ShiftedClock
from services.runtime.testing.servers import DatabaseUrl
from tests.integration.accounts.stage import Accounts, running_accounts


@pytest.fixture
async def accounts(database_url: DatabaseUrl) -> AsyncIterator[Accounts]:
    async with running_accounts(database_url("accounts")) as running:
        yield running


@pytest.fixture
def clock() -> ShiftedClock:
    return ShiftedClock()


@pytest.fixture
async def guarded(database_url: DatabaseUrl, clock: ShiftedClock) -> AsyncIterator[Accounts]:
    """With access switched on, and a clock to put forward."""
    async with running_accounts(database_url("accounts"), clock=clock, guarded=True) as running:
        yield running
