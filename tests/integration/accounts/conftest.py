"""One accounts service per test, over a database of its own; the bus is in memory where no test reads it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from services.runtime.testing.servers import DatabaseUrl
from tests.integration.accounts.stage import Accounts, running_accounts


@pytest.fixture
async def accounts(database_url: DatabaseUrl) -> AsyncIterator[Accounts]:
    async with running_accounts(database_url("accounts")) as running:
        yield running
