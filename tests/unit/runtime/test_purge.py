"""Deleting old rows in bounded steps, on virtual time."""

from __future__ import annotations

import asyncio

import pytest

from services.runtime.clock import LoopClock
from services.runtime.testing.virtual_time import run_virtual
from services.runtime.work.purge import PURGE_ROWS, PURGE_SECONDS, purge

DAY_MS = 86_400_000


def test_a_backlog_is_deleted_step_by_step_and_what_becomes_old_later_too() -> None:
    steps: list[tuple[float, int, int]] = []
    left = 2 * PURGE_ROWS + 7

    async def step(before_ms: int, limit: int) -> int:
        nonlocal left
        deleted = min(left, limit)
        left -= deleted
        steps.append((clock.monotonic(), clock.now_ms() - before_ms, deleted))
        return deleted

    clock = LoopClock()

    async def scenario() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(PURGE_SECONDS + 10):
                await purge(step, clock, keep_ms=DAY_MS)

    run_virtual(scenario())
    assert [deleted for _, _, deleted in steps] == [PURGE_ROWS, PURGE_ROWS, 7, 0]
    assert {age_ms for _, age_ms, _ in steps} == {DAY_MS}
    assert steps[2][0] < 10
    assert steps[3][0] >= PURGE_SECONDS
