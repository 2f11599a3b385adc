"""The feed of counts: what it did not take is told again, and what it took is not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest

from services.inventory.actors.host import AVAILABILITY_SECONDS, FEED_TICK_SECONDS, PerformanceHost
from services.inventory.domain.seat_state import SeatCounts
from services.inventory.ports import Availability, StoreUnavailable
from tests.unit.inventory.actors.stage import Stage, done, virtual
from tests.unit.inventory.builders import hold


@asynccontextmanager
async def telling(node: PerformanceHost) -> AsyncIterator[asyncio.Task[None]]:
    """The node's loops of deltas and counts run."""
    loops = [asyncio.create_task(node.keep_watchers_told()), asyncio.create_task(node.publish_availability())]
    try:
        yield loops[1]
    finally:
        for loop in loops:
            loop.cancel()


@virtual
async def test_counts_that_the_feed_did_not_take_are_told_with_the_next_round() -> None:
    stage = Stage(capacity=10)
    node = stage.node()
    take = stage.feed.publish

    async def away(latest: Sequence[Availability]) -> None:
        raise StoreUnavailable(told=len(latest))

    stage.feed.publish = away  # type: ignore[method-assign]
    await done(node, hold("h1", 1, 2))
    async with telling(node) as loop:
        with pytest.raises(StoreUnavailable):
            await loop
    assert stage.feed.told == []

    stage.feed.publish = take  # type: ignore[method-assign]
    async with telling(node):
        await stage.clock.sleep(3 * FEED_TICK_SECONDS)
        assert [told.counts for told in stage.feed.told] == [SeatCounts(free=8, held=2)]
        await stage.clock.sleep(3 * AVAILABILITY_SECONDS)
        assert len(stage.feed.told) == 1


@virtual
async def test_counts_that_change_while_they_are_told_are_told_again() -> None:
    stage = Stage(capacity=10)
    node = stage.node()
    take = stage.feed.publish

    async def slow(latest: Sequence[Availability]) -> None:
        await done(node, hold("h2", 3))
        await stage.clock.sleep(2 * FEED_TICK_SECONDS)
        stage.feed.publish = take  # type: ignore[method-assign]
        await take(latest)

    stage.feed.publish = slow  # type: ignore[method-assign]
    await done(node, hold("h1", 1, 2))
    async with telling(node):
        await stage.clock.sleep(4 * AVAILABILITY_SECONDS)
    assert [told.counts for told in stage.feed.told] == [SeatCounts(free=8, held=2), SeatCounts(free=7, held=3)]
