"""Applies delivered events in one transaction: inbox row, sequence check and effect, all or nothing (RULE 31).

It decides nothing about retries and talks to no bus.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.runtime.clock import Clock
from services.runtime.outbox.event import IncomingEvent
from services.runtime.outbox.faults import SequenceGap
from services.runtime.outbox.inbox import Inbox, KeyPlace, KeyProgress
from services.runtime.sql.connections import connected
from services.runtime.sql.scopes import AllHouses, HouseScope

_PARTITION = AllHouses("a partition holds events of many houses")

EventHandler = Callable[[AsyncConnection, IncomingEvent], Awaitable[None]]
BatchHandler = Callable[[AsyncConnection, Sequence[IncomingEvent]], Awaitable[None]]


class EventFailed(Exception):
    """One event of a window could not be applied, and so none was; the cause says why."""

    def __init__(self, index: int, cause: Exception) -> None:
        """`index` counts within the window."""
        self.index = index
        self.cause = cause
        super().__init__(type(cause).__name__)


def one_by_one(handler: EventHandler) -> BatchHandler:
    """A handler of one event as one of many: it says which of them failed, so that nobody has to look for it."""

    async def each(connection: AsyncConnection, events: Sequence[IncomingEvent]) -> None:
        for index, event in enumerate(events):
            try:
                await handler(connection, event)
            except Exception as error:
                raise EventFailed(index, error) from error

    return each


def all_of(handlers: Sequence[BatchHandler]) -> BatchHandler:
    """One handler of several topics, or of several tables: each leaves types that it does not know alone.

    None of them looks at what another has written: each is through with the batch before the next begins.
    """

    async def handle(connection: AsyncConnection, events: Sequence[IncomingEvent]) -> None:
        for handler in handlers:
            await handler(connection, events)

    return handle


@dataclass(frozen=True, slots=True)
class Applied:
    """What became of a window. `diverted`: indexes whose key is parked; they must reach the dead-letter topic."""

    applied: list[int]
    duplicates: list[int]
    diverted: list[int]


class EventApplication:
    """One group's handler with its inbox, over one database."""

    def __init__(self, engine: AsyncEngine, inbox: Inbox, handler: BatchHandler, clock: Clock) -> None:
        self._engine = engine
        self._inbox = inbox
        self._handler = handler
        self._clock = clock
        self._on_applied: list[Callable[[], None]] = []

    def when_applied(self, act: Callable[[], None]) -> None:
        self._on_applied.append(act)

    def _applied(self) -> None:
        for act in self._on_applied:
            act()

    async def apply(self, window: Sequence[IncomingEvent]) -> Applied:
        """Applies the events of one partition, in order, in one transaction.

        Raises EventFailed (SequenceGap among its causes); anything else comes from the transaction itself, or from a
        handler that does not know which event it was.
        """
        async with connected(self._engine, _PARTITION) as connection:
            progress = await self._inbox.progress(connection, window)
            plan = _plan(window, progress)
            if plan.applied:
                fresh = await self._inbox.receive(connection, [window[i] for i in plan.applied], self._clock.now_ms())
                await self._handle(connection, window, plan, fresh)
            if plan.applied or plan.diverted:
                await self._inbox.advance(connection, progress)
        if plan.applied:
            self._applied()
        return plan

    async def park(self, event: IncomingEvent, error: str) -> None:
        """Stops the event's key, before the event itself goes to the dead-letter topic."""
        async with connected(self._engine, HouseScope(event.house_id)) as connection:
            await self._inbox.park(connection, event, error=error, now_ms=self._clock.now_ms())

    async def replay(self, event: IncomingEvent) -> bool:
        """Applies the next event of a parked key; True when the key is parked no longer."""
        place = KeyPlace.of(event)
        async with connected(self._engine, HouseScope(event.house_id)) as connection:
            progress = await self._inbox.progress(connection, [event])
            known = progress[place]
            if event.sequence > known.last_sequence + 1:
                raise SequenceGap(topic=event.topic, key=event.key, last=known.last_sequence, sequence=event.sequence)
            if event.sequence == known.last_sequence + 1:
                fresh = await self._inbox.receive(connection, [event], self._clock.now_ms())
                if fresh:
                    await self._handle_alone(connection, event)
                known.last_sequence = event.sequence
                await self._inbox.advance(connection, progress)
            caught_up = await self._inbox.unpark_if_caught_up(connection, place)
        self._applied()
        return caught_up

    async def _handle(
        self, connection: AsyncConnection, window: Sequence[IncomingEvent], plan: Applied, fresh: set[tuple[str, str]]
    ) -> None:
        new: list[int] = []
        for index in plan.applied:
            known_as = (window[index].source, window[index].id)
            if known_as in fresh:
                fresh.remove(known_as)
                new.append(index)
        if not new:
            return
        try:
            await self._handler(connection, [window[index] for index in new])
        except EventFailed as failed:
            raise EventFailed(new[failed.index], failed.cause) from failed.cause

    async def _handle_alone(self, connection: AsyncConnection, event: IncomingEvent) -> None:
        try:
            await self._handler(connection, [event])
        except EventFailed as failed:
            raise failed.cause from None


def _plan(window: Sequence[IncomingEvent], progress: dict[KeyPlace, KeyProgress]) -> Applied:
    """Sorts the window by what the sequences say, and moves `progress` on (RULE 30)."""
    plan = Applied([], [], [])
    for index, event in enumerate(window):
        known = progress[KeyPlace.of(event)]
        if event.sequence <= known.last_sequence:
            plan.duplicates.append(index)
        elif known.parked:
            plan.diverted.append(index)
            known.diverted_sequence = max(known.diverted_sequence, event.sequence)
        elif event.sequence == known.last_sequence + 1:
            plan.applied.append(index)
            known.last_sequence = event.sequence
        else:
            gap = SequenceGap(topic=event.topic, key=event.key, last=known.last_sequence, sequence=event.sequence)
            raise EventFailed(index, gap)
    return plan
