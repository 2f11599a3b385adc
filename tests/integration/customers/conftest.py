"""One customers service per test, among its neighbours, over a database and a bus of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from services.runtime.testing.clocks import ShiftedClock
from services.runtime.testing.servers import DatabaseUrl
from tests.integration.customers.neighbours import Neighbours
from tests.integration.customers.stage import Customers, running_customers


@pytest.fixture
def clock() -> ShiftedClock:
    return ShiftedClock()


@pytest.fixture
async def neighbours() -> AsyncIterator[Neighbours]:
    served = Neighbours()
    await served.start()
    yield served
    await served.stop()


@pytest.fixture
async def customers(database_url: DatabaseUrl, clock: ShiftedClock, neighbours: Neighbours) -> AsyncIterator[Customers]:
    async with running_customers(database_url("customers"), database_url(), neighbours, clock=clock) as running:
        yield running
