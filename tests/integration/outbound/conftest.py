"""The stage, over an emptied database of one integration."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import pytest

from tests.integration.outbound.stage import Stage, open_stage


@pytest.fixture
async def stage(emptied_database_url: Callable[[str], str]) -> AsyncIterator[Stage]:
    """Closed after the test."""
    async with open_stage(emptied_database_url("trackers")) as stage:
        yield stage
