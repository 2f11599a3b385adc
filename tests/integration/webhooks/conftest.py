"""One webhooks service per test with receivers around it, over emptied databases."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import pytest

from services.runtime.testing.servers import DatabaseUrl
from tests.integration.webhooks.stage import Webhooks, World, opened_world


@pytest.fixture
async def world(emptied_database_url: Callable[[str], str], database_url: DatabaseUrl) -> AsyncIterator[World]:
    async with opened_world(emptied_database_url("webhooks"), database_url()) as opened:
        yield opened


@pytest.fixture
async def webhooks(world: World) -> AsyncIterator[Webhooks]:
    async with world.serving() as serving:
        yield serving
