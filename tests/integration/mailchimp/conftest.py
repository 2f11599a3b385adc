"""The integration over a database of its own, and MailChimp as its double pretends it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from services.runtime.testing.servers import DatabaseUrl
from tests.integration.mailchimp.stage import Stage, staged


@pytest.fixture
async def stage(database_url: DatabaseUrl) -> AsyncIterator[Stage]:
    async with staged(database_url("mailchimp")) as running:
        yield running
