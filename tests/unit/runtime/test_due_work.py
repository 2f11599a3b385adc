"""The loop that works on leased rows, and its pool of tasks, on virtual time: bounds, wake-ups, waits, a clean stop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from services.runtime.clock import LoopClock
from services.runtime.testing.virtual_time import run_virtual
from services.runtime.work.due_work import DueWork, Leased, WorkLimits
from services.runtime.work.task_pool import TaskPool

IDLE_SECONDS = 10.0
WORK_SECONDS = 1.0


@dataclass
class Table:
    """Rows that become due, who worked on which when, and every look at it."""

    clock: LoopClock = field(default_factory=LoopClock)
    due: list[str] = field(default_factory=list)
    looks: list[tuple[float, int]] = field(default_factory=list)
    started: dict[str, float] = field(default_factory=dict)
    at_work: int = 0
    most_at_work: int = 0
    cancelled: list[str] = field(default_factory=list)
    lease_seconds: float = 0.0

    async def lease(self, limit: int) -> Leased[str]:
        self.looks.append((self.clock.monotonic(), limit))
        taken, self.due = self.due[:limit], self.due[limit:]
        await self.clock.sleep(self.lease_seconds)
        return Leased(taken, may_be_more=len(taken) == limit)

    async def act(self, row: str) -> None:
        self.started[row] = self.clock.monotonic()
        self.at_work += 1
        self.most_at_work = max(self.most_at_work, self.at_work)
        try:
            await self.clock.sleep(WORK_SECONDS)
        except asyncio.CancelledError:
            self.cancelled.append(row)
            raise
        finally:
            self.at_work -= 1
        if row == "broken":
            raise ValueError(row)

    def work(self, **changed: Any) -> DueWork[str]:
        limits = WorkLimits(**{"concurrency": 2, "idle_seconds": IDLE_SECONDS, "handed_over": 3, **changed})
        return DueWork("test", lease=self.lease, act=self.act, clock=self.clock, limits=limits)


def _played(work: DueWork[str], script: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Runs the loop beside the script, and stops it when that has ended."""

    async def scenario() -> None:
        loop = asyncio.create_task(work.run())
        await script()
        loop.cancel()
        with suppress(asyncio.CancelledError):
            await loop

    run_virtual(scenario())


def test_a_backlog_is_worked_off_without_a_pause_and_never_too_much_at_once() -> None:
    table = Table(due=[f"row_{n}" for n in range(7)])
    _played(table.work(), lambda: table.clock.sleep(IDLE_SECONDS - 1))
    assert len(table.started) == 7
    assert table.most_at_work == 2
    assert max(table.started.values()) < 4 * WORK_SECONDS
    assert all(0 < limit <= 2 for _, limit in table.looks)


def test_an_empty_table_is_asked_once_an_interval() -> None:
    table = Table()
    _played(table.work(), lambda: table.clock.sleep(3.5 * IDLE_SECONDS))
    assert [round(at) for at, _ in table.looks] == [0, 10, 20, 30]


def test_after_fewer_rows_than_asked_for_the_table_is_left_alone() -> None:
    table = Table(due=["only"])
    _played(table.work(), lambda: table.clock.sleep(IDLE_SECONDS - 1))
    assert len(table.looks) == 1


def test_a_wake_up_is_a_look_at_once() -> None:
    table = Table()
    work = table.work()

    async def script() -> None:
        await table.clock.sleep(3)
        table.due.append("row")
        work.wake()
        await table.clock.sleep(1)

    _played(work, script)
    assert round(table.started["row"]) == 3


def test_a_wake_up_during_a_look_is_not_forgotten() -> None:
    """What was committed after the statement began may not be in its answer."""
    table = Table(lease_seconds=2.0)
    work = table.work()

    async def script() -> None:
        await table.clock.sleep(1)
        table.due.append("row")
        work.wake()
        await table.clock.sleep(6)

    _played(work, script)
    assert table.started["row"] < IDLE_SECONDS / 2


def test_what_is_postponed_is_looked_for_then_and_not_later_for_a_longer_wait() -> None:
    table = Table()
    work = table.work()

    async def script() -> None:
        await table.clock.sleep(1)
        work.look_at(table.clock.now_ms() + 3_000)
        work.look_at(table.clock.now_ms() + 60_000)
        await table.clock.sleep(6)

    _played(work, script)
    assert [round(at) for at, _ in table.looks] == [0, 4]


def test_what_is_handed_over_is_worked_on_at_once_and_without_a_look() -> None:
    table = Table()
    work = table.work()

    async def script() -> None:
        await table.clock.sleep(1)
        work.hand_over("row")
        await table.clock.sleep(1)

    _played(work, script)
    assert round(table.started["row"]) == 1
    assert len(table.looks) == 1


def test_no_more_is_handed_over_than_the_limit_says_and_it_takes_its_turn() -> None:
    table = Table()
    work = table.work()

    async def script() -> None:
        await table.clock.sleep(1)
        for n in range(9):
            work.hand_over(f"row_{n}")
        await table.clock.sleep(5)

    _played(work, script)
    assert list(table.started) == ["row_0", "row_1", "row_2"]
    assert table.most_at_work == 2


def test_a_task_that_breaks_stops_neither_the_loop_nor_its_neighbours() -> None:
    table = Table(due=["broken", "row_1", "row_2"])
    _played(table.work(), lambda: table.clock.sleep(5))
    assert table.started.keys() == {"broken", "row_1", "row_2"}


def test_what_is_at_work_when_the_loop_is_stopped_is_cancelled_and_waited_for() -> None:
    ended: list[str] = []

    async def scenario() -> None:
        table = Table(due=["row_1", "row_2"])

        async def act(row: str) -> None:
            try:
                await table.act(row)
            finally:
                await table.clock.sleep(0.1)  # a call that is given up, a connection that is put back
                ended.append(row)

        limits = WorkLimits(concurrency=2, idle_seconds=IDLE_SECONDS)
        loop = asyncio.create_task(DueWork("test", lease=table.lease, act=act, clock=table.clock, limits=limits).run())
        await table.clock.sleep(0.5)
        loop.cancel()
        with suppress(asyncio.CancelledError):
            await loop
        assert sorted(ended) == sorted(table.cancelled) == ["row_1", "row_2"]

    run_virtual(scenario())


def test_what_is_committed_in_the_same_moment_is_leased_in_one_statement() -> None:
    table = Table()
    work = table.work(concurrency=8, linger_seconds=0.01)

    async def script() -> None:
        await table.clock.sleep(1)
        for n in range(4):
            table.due.append(f"row_{n}")
            work.wake()
            await table.clock.sleep(0.001)
        await table.clock.sleep(1)

    _played(work, script)
    assert len(table.started) == 4
    assert len(table.looks) == 2


def test_every_look_that_finds_nothing_is_told() -> None:
    table = Table(due=["row"])
    idle: list[float] = []

    async def when_idle() -> None:
        idle.append(table.clock.monotonic())

    limits = WorkLimits(concurrency=2, idle_seconds=IDLE_SECONDS)
    work = DueWork("test", lease=table.lease, act=table.act, clock=table.clock, limits=limits, when_idle=when_idle)
    _played(work, lambda: table.clock.sleep(2.5 * IDLE_SECONDS))
    assert [round(at) for at in idle] == [10, 20]


def test_a_pool_gives_room_again_when_a_task_ends_and_answers_what_the_task_did() -> None:
    async def scenario() -> None:
        clock = LoopClock()
        pool = TaskPool("test", 1)

        async def answer() -> str:
            await clock.sleep(WORK_SECONDS)
            return "done"

        task = pool.start(answer())
        assert pool.free == 0
        await pool.room()
        assert clock.monotonic() >= WORK_SECONDS
        assert pool.free == 1
        assert await task == "done"

    run_virtual(scenario())
