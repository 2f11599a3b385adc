"""A stage over real PostgreSQL: the services' tables and the bus, in one database to be quick."""

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
    url = database_url()
    bus = open_bus(url, clock=SystemClock(), ids=RandomIds(), client_id="test")
    stage = await open_stage(url, bus)
    yield stage
    await bus.close()
    await stage.outbox.dispose()
    await stage.inbox.dispose()
