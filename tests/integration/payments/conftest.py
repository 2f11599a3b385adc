"""The payments rig as a fixture: call it with what the test turns."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Protocol

import pytest

from services.runtime.testing.servers import DatabaseUrl
from tests.integration.payments.rig import Rig, RigPlan, running


class StartRig(Protocol):
    """Starts a rig for one test."""

    async def __call__(self, **turned: Any) -> Rig:
        """Keywords are those of RigPlan."""
        ...


@pytest.fixture
async def start_rig(database_url: DatabaseUrl, tmp_path: Path) -> AsyncIterator[StartRig]:
    """Rigs on a database of their own, stopped after the test."""
    async with AsyncExitStack() as stack:

        async def start(**turned: Any) -> Rig:
            plan = RigPlan(database_url=database_url("payments"), folder=tmp_path, **turned)
            return await stack.enter_async_context(running(plan))

        yield start
