"""A stage over a database of its own for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from services.runtime.testing.servers import DatabaseUrl
from tests.integration.podiumkunst.push_stage import Stage, staged


@pytest.fixture
async def stage(database_url: DatabaseUrl) -> AsyncIterator[Stage]:
    async with staged(database_url("podiumkunst")) as made:
        yield made
