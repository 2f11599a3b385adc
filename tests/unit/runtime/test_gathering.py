"""Natural batching: groups grow while one is under way, one a lane, and each asker hears what is its own."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from services.runtime.call_context import CallContext, current_call, enter_call
from services.runtime.clock import LoopClock
from services.runtime.ids import RandomIds
from services.runtime.testing.virtual_time import run_virtual
from services.runtime.work.gathering import Gathering, ItemBroke


class Commits:
    """Works when it is let, and notes its groups."""

    def __init__(self) -> None:
        self.groups: list[tuple[str, list[int]]] = []
        self.under_way: set[str] = set()
        self.calls: list[CallContext | None] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.error: Exception | None = None

    async def work(self, lane: str, items: Sequence[int]) -> Sequence[int | ItemBroke]:
        assert lane not in self.under_way, "one group in flight a lane"
        self.under_way.add(lane)
        self.calls.append(current_call())
        self.groups.append((lane, list(items)))
        try:
            await self.gate.wait()
            if self.error is not None:
                raise self.error
        finally:
            self.under_way.discard(lane)
        return [ItemBroke(ValueError(item)) if item < 0 else item * 10 for item in items]


async def test_what_is_asked_for_in_one_moment_is_one_group() -> None:
    commits = Commits()
    gathering = Gathering("test", commits.work, most=100)
    assert await asyncio.gather(*(gathering.ask("a", item) for item in range(5))) == [0, 10, 20, 30, 40]
    assert commits.groups == [("a", [0, 1, 2, 3, 4])]


async def test_what_comes_while_a_group_is_under_way_becomes_the_next_in_order_and_bounded() -> None:
    commits = Commits()
    commits.gate.clear()
    gathering = Gathering("test", commits.work, most=3)
    first = asyncio.create_task(gathering.ask("a", 0))
    await _turns()
    others = [asyncio.create_task(gathering.ask("a", item)) for item in range(1, 6)]
    await _turns()
    assert commits.groups == [("a", [0])]
    commits.gate.set()
    assert await asyncio.gather(first, *others) == [0, 10, 20, 30, 40, 50]
    assert commits.groups == [("a", [0]), ("a", [1, 2, 3]), ("a", [4, 5])]


async def test_lanes_do_not_wait_for_each_other() -> None:
    commits = Commits()
    commits.gate.clear()
    gathering = Gathering("test", commits.work, most=3)
    asked = [asyncio.create_task(gathering.ask(lane, 1)) for lane in ("a", "b")]
    await _turns()
    assert commits.under_way == {"a", "b"}
    commits.gate.set()
    assert await asyncio.gather(*asked) == [10, 10]


async def test_an_item_that_broke_breaks_no_other() -> None:
    gathering = Gathering("test", Commits().work, most=9)
    good, bad = await asyncio.gather(gathering.ask("a", 1), gathering.ask("a", -1), return_exceptions=True)
    assert good == 10
    assert isinstance(bad, ValueError)


async def test_of_a_group_that_broke_everybody_hears_and_the_lane_goes_on() -> None:
    commits = Commits()
    commits.error = ConnectionError("lost")
    gathering = Gathering("test", commits.work, most=9)
    asked = await asyncio.gather(*(gathering.ask("a", item) for item in (1, 2)), return_exceptions=True)
    assert [type(answer) for answer in asked] == [ConnectionError, ConnectionError]
    commits.error = None
    assert await gathering.ask("a", 3) == 30


async def test_an_item_that_makes_the_group_refused_is_found_out_and_the_others_are_done() -> None:
    async def work(lane: str, items: Sequence[int]) -> Sequence[int | ItemBroke]:
        groups.append(list(items))
        if 2 in items:
            raise KeyError(2)
        return items

    groups: list[list[int]] = []
    gathering = Gathering("test", work, most=9, is_refused=lambda error: isinstance(error, KeyError))
    answers = await asyncio.gather(*(gathering.ask("a", item) for item in (1, 2, 3)), return_exceptions=True)
    assert [type(answer) for answer in answers] == [int, KeyError, int]
    assert groups == [[1, 2, 3], [1], [2], [3]]


async def test_who_gives_up_stops_no_group_and_is_left_out_of_one_that_has_not_begun() -> None:
    commits = Commits()
    commits.gate.clear()
    gathering = Gathering("test", commits.work, most=9)
    given_up, stays = (asyncio.create_task(gathering.ask("a", item)) for item in (1, 2))
    await _turns()
    later = asyncio.create_task(gathering.ask("a", 3))
    await _turns()
    given_up.cancel()
    later.cancel()
    await _turns()
    commits.gate.set()
    assert await stays == 20
    assert commits.groups == [("a", [1, 2])]
    assert await gathering.ask("a", 4) == 40


async def test_a_group_runs_outside_of_the_calls_that_asked() -> None:
    commits = Commits()
    enter_call(CallContext({}, 1.0, RandomIds()))
    assert await Gathering("test", commits.work, most=9).ask("a", 1) == 10
    assert commits.calls == [None]


async def test_cancelling_the_group_cancels_who_waits() -> None:
    commits = Commits()
    commits.gate.clear()
    gathering = Gathering("ending", commits.work, most=1)
    asked = [asyncio.create_task(gathering.ask("a", item)) for item in (1, 2)]
    await _turns()
    (group,) = [task for task in asyncio.all_tasks() if task.get_name() == "ending group"]
    group.cancel()
    answers = await asyncio.gather(*asked, return_exceptions=True)
    assert all(isinstance(answer, asyncio.CancelledError) for answer in answers)


def test_a_lane_with_a_pace_begins_at_once_after_a_rest_and_gathers_in_a_crowd() -> None:
    async def story() -> None:
        clock, began = LoopClock(), list[tuple[float, int]]()

        async def work(lane: str, items: Sequence[int]) -> Sequence[int]:
            began.append((round(clock.monotonic() - opened, 3), len(items)))
            return items

        gathering = Gathering("test", work, most=4, pace_seconds=0.02)
        await clock.sleep(1.0)
        opened = clock.monotonic()
        await gathering.ask("a", 0)

        async def later(seconds: float) -> None:
            await clock.sleep(seconds)
            await gathering.ask("a", 1)

        await asyncio.gather(*(later(seconds) for seconds in (0.001, 0.005, 0.015)))
        await asyncio.gather(*(gathering.ask("a", item) for item in range(4)))  # full: none waits for more
        await clock.sleep(0.5)
        await gathering.ask("a", 0)
        assert began == [(0.0, 1), (0.02, 3), (0.02, 4), (0.52, 1)]

    run_virtual(story())


async def _turns() -> None:
    for _ in range(5):
        await asyncio.sleep(0)  # noqa: TID251 (turns of the loop, no time)
