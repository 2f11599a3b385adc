"""One trackers service per test, beside a catalogue, over a database and a bus of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from services.runtime.testing.clocks import ShiftedClock
from services.runtime.testing.servers import DatabaseUrl
from tests.integration.trackers.shows import Shows
from tests.integration.trackers.stage import Trackers, running_trackers


@pytest.fixture
def clock() -> ShiftedClock:
    return ShiftedClock()


@pytest.fixture
async def shows() -> AsyncIterator[Shows]:
    served = Shows()  # type: ignore[abstract]
    await served.start()
    yield served
    await served.stop()


@pytest.fixture
async def trackers(database_url: DatabaseUrl, clock: ShiftedClock, shows: Shows) -> AsyncIterator[Trackers]:
    async with running_trackers(database_url("trackers"), database_url(), shows, clock=clock) as running:
        yield running
