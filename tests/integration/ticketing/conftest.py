"""One ticketing service per test, over a database and a bus of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from services.runtime.testing.clocks import ShiftedClock
from services.runtime.testing.servers import DatabaseUrl
from tests.integration.ticketing.neighbours import Neighbours
from tests.integration.ticketing.stage import Ticketing, running_ticketing


@pytest.fixture
def clock() -> ShiftedClock:
    return ShiftedClock()


@pytest.fixture
async def ticketing(database_url: DatabaseUrl, clock: ShiftedClock) -> AsyncIterator[Ticketing]:
    async with running_ticketing(database_url("ticketing"), database_url(), clock=clock) as running:
        yield running


@pytest.fixture
async def neighbours() -> AsyncIterator[Neighbours]:
    served = Neighbours()
    await served.start()
    yield served
    await served.stop()


@pytest.fixture
async def office(database_url: DatabaseUrl, clock: ShiftedClock, neighbours: Neighbours) -> AsyncIterator[Ticketing]:
    """Ticketing among its neighbours."""
    targets = dict.fromkeys(("catalogue_target", "inventory_target", "accounts_target"), neighbours.target)
    async with running_ticketing(database_url("ticketing"), database_url(), clock=clock, **targets) as running:
        yield running
