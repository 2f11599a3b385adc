"""Schedules over a database of their own and a mail server, for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from services.runtime.testing.servers import DatabaseUrl
from tests.doubles.mail_server import MailServer, serving_mail
from tests.integration.reporting.schedule_stage import SUNDAY, Stage, staged


@pytest.fixture
def mail() -> Iterator[MailServer]:
    with serving_mail() as server:
        yield server


@pytest.fixture
async def stage(database_url: DatabaseUrl, mail: MailServer) -> AsyncIterator[Stage]:
    async with staged(database_url("reporting"), mail.url, SUNDAY) as made:
        yield made
