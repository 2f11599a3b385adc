"""One catalogue per test, over a database of its own; the bus is in memory where no test reads it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from services.runtime.testing.servers import DatabaseUrl
from tests.integration.catalogue.stage import Catalogue, running_catalogue


@pytest.fixture
async def catalogue(database_url: DatabaseUrl) -> AsyncIterator[Catalogue]:
    async with running_catalogue(database_url("catalogue"), "memory://") as running:
        yield running
