"""A stage over real PostgreSQL: two services' databases and the bus in a third."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from services.runtime.bus.factory import open_bus
from services.runtime.clock import SystemClock
from services.runtime.ids import RandomIds
from services.runtime.testing.servers import DatabaseUrl
from tests.integration.outbox.stage import Stage, open_stage


@pytest.fixture
async def stage(database_url: DatabaseUrl) -> AsyncIterator[Stage]:
    """Everything of it is closed after the test."""
    bus = open_bus(database_url(), clock=SystemClock(), ids=RandomIds(), client_id="test")
    stage = await open_stage(database_url(), database_url(), bus)
    yield stage
    await bus.close()
    await stage.outbox.dispose()
    await stage.inbox.dispose()
