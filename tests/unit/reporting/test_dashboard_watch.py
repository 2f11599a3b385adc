"""Dashboards that are watched, in virtual time: once a second a house, however many watch, and not after the grant."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from services.reporting.domain.dashboard_question import Question
from services.reporting.domain.refusals import DashboardNotFound
from services.reporting.handlers import dashboard_watch
from services.reporting.handlers.dashboard_watch import GRANT_SECONDS, DashboardWatch
from services.reporting.handlers.dashboards import DashboardFigures, DashboardHandler
from services.reporting.handlers.sights import Sights
from services.runtime.clock import LoopClock
from services.runtime.errors import Overloaded, Refusal, StoreUnavailable
from services.runtime.testing.virtual_time import run_virtual
from tests.unit.reporting.dashboard_stage import PAULA, Desk
from tests.unit.reporting.memory_figures import Sale

ALL = Question()
CLOCK = LoopClock()


class Marks:
    """Counts how often each house is looked at; `is_away` for as long as it is."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self.looks: Counter[str] = Counter()
        self.is_away = False

    async def mark_of(self, house_id: str) -> str:
        self.looks[house_id] += 1
        if self.is_away:
            raise StoreUnavailable
        return await self._desk.figures.mark_of(house_id)


class Watched:
    """Two houses that grant, and whoever watches."""

    def __init__(self) -> None:
        self.desk = Desk()
        for house_id, performance_id in (("kvs", "p1"), ("bourla", "q1")):
            self.desk.figures.add(house_id, performance_id)
            self.desk.grant(house_id, whole=True)
        self.marks = Marks(self.desk)
        handler = DashboardHandler(Sights(self.desk.grants), self.desk.sources, self.desk.kept, CLOCK)
        self.watch = DashboardWatch(handler, self.desk.sources, self.marks, CLOCK)

    def sell(self, performance_id: str) -> None:
        self.desk.figures.sales.append(Sale(performance_id, CLOCK.now_ms()))

    @asynccontextmanager
    async def watcher(self, dashboard_id: str = "") -> AsyncIterator[Told]:
        told = Told()
        task = asyncio.create_task(told.follow(self.watch.watch(PAULA, dashboard_id, ALL)))
        yield told
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


class Later:
    """So many seconds later."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    async def __aenter__(self) -> None:
        await CLOCK.sleep(self._seconds)

    async def __aexit__(self, *_: object) -> None:
        pass


class Told:
    """What one watcher was told, and when."""

    def __init__(self) -> None:
        self.sold: list[int] = []
        self.at: list[float] = []
        self.refusal: Refusal | None = None
        self.has_ended = False

    async def follow(self, stream: AsyncIterator[DashboardFigures | Refusal]) -> None:
        async for one in stream:
            if isinstance(one, Refusal):
                self.refusal = one
            else:
                self.sold.append(one.merged.sum.sold.tickets)
                self.at.append(CLOCK.monotonic())
        self.has_ended = True


def test_a_watcher_is_told_at_once_and_again_within_two_seconds_of_a_sale_and_never_for_nothing() -> None:
    async def work() -> None:
        watched = Watched()
        async with watched.watcher() as told:
            await CLOCK.sleep(10)
            assert told.sold == [0]
            watched.sell("p1")
            await CLOCK.sleep(2.1)
            assert told.sold == [0, 1]
            await CLOCK.sleep(10)
            assert told.sold == [0, 1]

    run_virtual(work())


def test_a_watcher_of_a_storm_is_told_once_a_second_at_most() -> None:
    async def work() -> None:
        watched = Watched()
        # The houses are looked at half a second apart, so that there is something new twice a second.
        async with watched.watcher("kvs"), Later(0.5), watched.watcher() as told:
            for _ in range(100):
                watched.sell("p1")
                watched.sell("q1")
                await CLOCK.sleep(0.1)
            gaps = [later - earlier for earlier, later in zip(told.at, told.at[1:], strict=False)]
            assert len(told.sold) > 3
            assert min(gaps) >= dashboard_watch.LOOK_SECONDS - 1e-3
            await CLOCK.sleep(3)
            assert told.sold[-1] == 200

    run_virtual(work())


def test_many_watchers_cost_a_house_what_one_costs() -> None:
    async def costs(watchers: int) -> tuple[int, int]:
        watched = Watched()
        async with watched.watcher() as first:
            others = [
                asyncio.create_task(Told().follow(watched.watch.watch(PAULA, "", ALL))) for _ in range(watchers - 1)
            ]
            await CLOCK.sleep(3)
            watched.sell("p1")
            await CLOCK.sleep(3.1)
            assert first.sold == [0, 1]
            for other in others:
                other.cancel()
            await asyncio.gather(*others, return_exceptions=True)
        return watched.marks.looks["kvs"], watched.desk.figures.questions["kvs"]

    async def work() -> None:
        assert await costs(1) == await costs(50)

    run_virtual(work())


def test_nobody_watches_and_nothing_is_looked_at() -> None:
    async def work() -> None:
        watched = Watched()
        async with watched.watcher():
            await CLOCK.sleep(5)
        await CLOCK.sleep(1)
        looks = dict(watched.marks.looks)
        await CLOCK.sleep(60)
        assert dict(watched.marks.looks) == looks

    run_virtual(work())


def test_what_is_withdrawn_is_gone_within_a_minute_and_what_is_granted_is_there() -> None:
    async def work() -> None:
        watched = Watched()
        watched.sell("p1")
        watched.sell("q1")
        async with watched.watcher() as told, watched.watcher("kvs") as of_house:
            await CLOCK.sleep(1)
            assert told.sold == [2]
            watched.desk.withdraw("kvs")
            await CLOCK.sleep(GRANT_SECONDS + 2)
            assert GRANT_SECONDS <= 60
            assert told.sold == [2, 1]
            assert (of_house.refusal, of_house.has_ended) == (DashboardNotFound("kvs"), True)
            # Nothing is left: the last that is told is a dashboard of nothing.
            watched.desk.withdraw("bourla")
            await CLOCK.sleep(GRANT_SECONDS + 2)
            assert (told.sold, told.has_ended) == ([2, 1, 0], True)

    run_virtual(work())


def test_a_store_that_is_away_for_a_while_ends_no_watch() -> None:
    async def work() -> None:
        watched = Watched()
        async with watched.watcher() as told:
            await CLOCK.sleep(2)
            watched.marks.is_away = True
            watched.sell("p1")
            await CLOCK.sleep(5)
            assert (told.sold, told.has_ended) == ([0], False)
            watched.marks.is_away = False
            await CLOCK.sleep(3)
            assert told.sold == [0, 1]

    run_virtual(work())


def test_midnight_of_the_house_makes_another_dashboard() -> None:
    async def work() -> None:
        watched = Watched()
        watched.sell("p1")
        lines: list[list[int]] = []
        at: list[float] = []

        async def follow() -> None:
            async for one in watched.watch.watch(PAULA, "kvs", ALL):
                assert isinstance(one, DashboardFigures)
                lines.append([sold.tickets for sold in one.merged.sum.line.values()][-2:])
                at.append(CLOCK.now_ms() / 1000 % 86_400)

        # Out of step with midnight, so that it is not the time to ask for grants.
        await CLOCK.sleep(10)
        task = asyncio.create_task(follow())
        await CLOCK.sleep(24 * 3600)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert lines == [[0, 1], [1, 0]]
        # And not only when it is time to ask for grants.
        assert at[1] < 3

    run_virtual(work())


def test_there_are_not_more_watchers_than_a_process_can_serve(monkeypatch: Any) -> None:
    async def work() -> None:
        watched = Watched()
        async with watched.watcher() as first, watched.watcher() as second:
            await CLOCK.sleep(1)
            assert first.refusal is None
            assert isinstance(second.refusal, Overloaded)

    monkeypatch.setattr(dashboard_watch, "MAX_WATCHERS", 1)
    run_virtual(work())
