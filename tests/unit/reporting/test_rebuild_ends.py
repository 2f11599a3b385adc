"""How a rebuild ends when the bus goes away at the last moment: its end tells of the read model, not of the bus."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping

import pytest

from services.reporting.handlers.rebuild import RebuildTooSlow, rebuild
from services.reporting.ports.generations import Progress, ProgressKey, Stuck
from services.runtime.bus.faults import BusUnreachable
from services.runtime.clock import LoopClock
from services.runtime.testing.virtual_time import run_virtual

OLD, NEW = 1, 2
BEHIND: Progress = {ProgressKey("orders", "perf_1", "balcon.orders"): (0, 1)}


class Shelf:
    """Generations in memory; the new one has caught up at once, or never does."""

    def __init__(self, *, catches_up: bool = True) -> None:
        self.served = OLD
        self._catches_up = catches_up

    async def serving(self) -> int:
        return self.served

    async def begin(self) -> int:
        return NEW

    async def kept(self) -> Collection[int]:
        return {self.served}

    async def progress(self, generation: int) -> Progress:
        return BEHIND if generation == OLD or self._catches_up else {}

    async def serve(self, generation: int) -> None:
        self.served = generation

    async def abandon(self, generation: int) -> None:
        pass


class BusThatGoesAway:
    """A history that can be read, on a bus that answers no administration for so many calls."""

    def __init__(self, away: int) -> None:
        self.left = away

    async def fill(self, generation: int) -> None:
        await asyncio.get_running_loop().create_future()

    async def end(self) -> Mapping[tuple[str, int], int]:
        return {}

    async def passed(self, generation: int, end: Mapping[tuple[str, int], int]) -> bool:
        return False

    def stuck(self, generation: int) -> Mapping[ProgressKey, Stuck]:
        return {}

    async def forget_others(self, kept: Callable[[], Awaitable[Collection[int]]]) -> Collection[str]:
        if self.left > 0:
            self.left -= 1
            raise BusUnreachable(client_id="rebuild")
        return ()


@pytest.mark.parametrize("away", [1, 1_000_000])
def test_a_read_model_that_is_served_is_rebuilt_though_the_bus_went_away_before_it_was_tidied(away: int) -> None:
    shelf, bus = Shelf(), BusThatGoesAway(away)
    assert run_virtual(rebuild(shelf, bus, LoopClock(), 60.0)) == shelf.served == NEW
    assert (bus.left == 0) == (away == 1)


def test_why_a_rebuild_ended_is_told_though_the_bus_went_away_with_it() -> None:
    with pytest.raises(RebuildTooSlow):
        run_virtual(rebuild(Shelf(catches_up=False), BusThatGoesAway(1_000_000), LoopClock(), 60.0))
