"""Rounds of many houses: one that is slow, or that nobody can serve, keeps none of the others."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence

from services.integrations.podiumkunst.domain.rounds import Rounds
from services.integrations.podiumkunst.handlers.push import Pushed, Pusher
from services.integrations.podiumkunst.handlers.push_rounds import PushRounds
from services.runtime.clock import Clock, LoopClock
from services.runtime.errors import StoreUnavailable
from services.runtime.testing import run_virtual


class Due:
    """See RoundStore: each of these once, now."""

    def __init__(self, *house_ids: str) -> None:
        self._house_ids = list(house_ids)

    async def due(self, now_ms: int, limit: int) -> Sequence[str]:
        """See RoundStore.due."""
        return self._house_ids[:limit]

    async def take(self, house_id: str, now_ms: int) -> Rounds | None:
        """See RoundStore.take."""
        self._house_ids.remove(house_id)
        return Rounds()


class Houses(Pusher):
    """One is slow, one breaks, one is not served."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.served_after: dict[str, float] = {}

    async def push(self, house_id: str, *, all_of_it: bool, numbers: Collection[str] = ()) -> Pushed:
        if house_id == "hou_slow":
            await self._clock.sleep(3_600)
        if house_id == "hou_away":
            raise StoreUnavailable
        if house_id == "hou_broken":
            raise KeyError(house_id)
        self.served_after[house_id] = self._clock.monotonic()
        return Pushed()


def test_one_house_that_is_slow_or_breaks_keeps_no_other_house_waiting() -> None:
    async def main() -> dict[str, float]:
        clock = LoopClock()
        began, houses = clock.monotonic(), Houses(clock)
        rounds = PushRounds(Due("hou_slow", "hou_away", "hou_broken", "hou_1", "hou_2"), houses, clock)
        running = asyncio.create_task(rounds.run())
        await clock.sleep(60)
        assert not running.done(), running.exception()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        return {house_id: at - began for house_id, at in houses.served_after.items()}

    served = run_virtual(main())
    assert set(served) == {"hou_1", "hou_2"}
    assert max(served.values()) < 1
