"""Dashboards that are watched: a house is looked at once a second, however many watch, and counted once a change."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import replace

from services.contracts.house_time import local_of
from services.reporting.domain.dashboard_question import Question
from services.reporting.handlers.dashboards import Chosen, DashboardFigures, DashboardHandler, asked_of, put_together
from services.reporting.handlers.house_figures import FigureSources, HousePart, house_part
from services.reporting.ports.figure_marks import FigureMarks
from services.reporting.ports.figures import Sight
from services.runtime.call_context import outside_call
from services.runtime.clock import Clock
from services.runtime.errors import Overloaded, Refusal, Retryable
from services.runtime.telemetry.logging import get_logger

# Between two looks at a house, and between two answers of one watcher.
LOOK_SECONDS = 1.0
# Grants are asked for again after so long.
GRANT_SECONDS = 30.0
MAX_WATCHERS = 2_000
_BUSY_MS = 5_000

_log = get_logger(__name__)


class _WatchedHouse:
    """One house while somebody watches it."""

    def __init__(self, house_id: str, sources: FigureSources, marks: FigureMarks, clock: Clock) -> None:
        self._house_id = house_id
        self._sources = sources
        self._marks = marks
        self._clock = clock
        self._parts: dict[tuple[Sight, Question], asyncio.Task[HousePart]] = {}
        self.mark = ""
        # Whoever waits has put an event of its own here: one may wait for several houses.
        self.waiting: set[asyncio.Event] = set()
        self.watchers = 0
        self.task: asyncio.Task[None] | None = None

    async def look(self) -> None:
        """Until cancelled. A store that is away is asked again: watchers keep what they have."""
        while True:
            try:
                # Days end without any event, and with them what today is.
                zone = await self._sources.figures.zone_of(self._house_id)
                today = local_of(zone, self._clock.now_ms()).date()
                mark = f"{today} {await self._marks.mark_of(self._house_id)}"
            except Retryable as away:
                _log.warning("watched_house_away", house_id=self._house_id, fault=type(away).__name__)
            else:
                if mark != self.mark:
                    self.mark = mark
                    self._forget()
                    for event in self.waiting:
                        event.set()
            await self._clock.sleep(LOOK_SECONDS)

    async def part(self, sight: Sight, question: Question) -> HousePart:
        """What the house has; the same for all who ask the same until something changes."""
        key = (sight, question)
        found = self._parts.get(key)
        if found is None or (found.done() and (found.cancelled() or found.exception() is not None)):
            counting = house_part(self._sources, sight, question, self._clock.now_ms())
            found = self._parts[key] = asyncio.create_task(counting, context=outside_call())
        return await asyncio.shield(found)

    def _forget(self) -> None:
        self._parts = {}

    def stop(self) -> None:
        """Nobody watches any more."""
        if self.task is not None:
            self.task.cancel()
        for part in self._parts.values():
            part.cancel()


class DashboardWatch:
    """See DashboardHandler, again and again."""

    def __init__(self, dashboards: DashboardHandler, sources: FigureSources, marks: FigureMarks, clock: Clock) -> None:
        self._dashboards = dashboards
        self._sources = sources
        self._marks = marks
        self._clock = clock
        self._houses: dict[str, _WatchedHouse] = {}
        self._watchers = 0

    async def watch(
        self, person_id: str, dashboard_id: str, question: Question
    ) -> AsyncGenerator[DashboardFigures | Refusal]:
        """The dashboard, and again when it has changed. A refusal is the last; so is a dashboard of nothing.

        Refusals: DashboardNotFound, also as soon as what is granted no longer has it; Overloaded.
        """
        if self._watchers >= MAX_WATCHERS:
            yield Overloaded(_BUSY_MS)
            return
        self._watchers += 1
        try:
            sent: DashboardFigures | None = None
            while True:
                chosen = await self._dashboards.choose(person_id, dashboard_id)
                if isinstance(chosen, Refusal):
                    yield chosen
                    return
                until = self._clock.monotonic() + GRANT_SECONDS
                async with aclosing(self._while_granted(chosen, question, until)) as granted:
                    async for found in granted:
                        if sent is None or _differ(sent, found):
                            yield found
                            sent = found
                if not chosen.houses:
                    return
        finally:
            self._watchers -= 1

    async def _while_granted(
        self, chosen: Chosen, question: Question, until: float
    ) -> AsyncGenerator[DashboardFigures]:
        """At most one a second, until it is time to look at the grants again."""
        question = asked_of(chosen, question)
        changed = asyncio.Event()
        async with AsyncExitStack() as stack:
            houses = [await stack.enter_async_context(self._watched(one.house_id, changed)) for one in chosen.houses]
            while True:
                changed.clear()
                parts = await _parts(houses, chosen, question)
                yield put_together(chosen, parts, self._clock.now_ms())
                if not houses or not await self._changed_before(changed, until):
                    return

    async def _changed_before(self, changed: asyncio.Event, until: float) -> bool:
        """Waits a second at least, and then for a change; False when it is time to look at the grants."""
        await self._clock.sleep(LOOK_SECONDS)
        left = until - self._clock.monotonic()
        try:
            async with asyncio.timeout(max(0.0, left)):
                await changed.wait()
        except TimeoutError:
            return False
        return True

    @asynccontextmanager
    async def _watched(self, house_id: str, changed: asyncio.Event) -> AsyncIterator[_WatchedHouse]:
        house = self._houses.get(house_id)
        if house is None:
            house = self._houses[house_id] = _WatchedHouse(house_id, self._sources, self._marks, self._clock)
            house.task = asyncio.create_task(house.look(), name=f"watch {house_id}", context=outside_call())
        house.watchers += 1
        house.waiting.add(changed)
        try:
            yield house
        finally:
            house.waiting.discard(changed)
            house.watchers -= 1
            if not house.watchers:
                del self._houses[house_id]
                house.stop()


async def _parts(houses: Sequence[_WatchedHouse], chosen: Chosen, question: Question) -> list[HousePart]:
    wanted = zip(houses, chosen.houses, strict=True)
    return list(await asyncio.gather(*(house.part(one.sight, question) for house, one in wanted)))


def _differ(one: DashboardFigures, other: DashboardFigures) -> bool:
    return replace(one, evaluated_at_ms=0) != replace(other, evaluated_at_ms=0)
