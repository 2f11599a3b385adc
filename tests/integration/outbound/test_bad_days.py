"""Bad days of a target: nothing lost, nothing told twice, visible, and healed when the other side is back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from tests.integration.outbound import scenarios
from tests.integration.outbound.stage import Stage

Scenario = Callable[[Stage], Awaitable[None]]

SCENARIOS: list[Scenario] = [
    found
    for name, found in vars(scenarios).items()
    if getattr(found, "__module__", "") == scenarios.__name__ and name[0].islower() and name != "untold"
]


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.__name__)
async def test_bad_day(scenario: Scenario, stage: Stage) -> None:
    await scenario(stage)
