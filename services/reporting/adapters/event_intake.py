"""Fills one generation of a read model from the bus: effect and inbox row in one transaction (RULE 31)."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Collection, Coroutine, Mapping, Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.reporting.adapters.projections.projection import Projection
from services.reporting.ports.generations import TOTALS_MODEL, ProgressKey, Stuck, group_of
from services.runtime.bus.port import ManagedBus
from services.runtime.bus.topics import DEAD_LETTER_SUFFIX
from services.runtime.clock import Clock
from services.runtime.outbox.bus_servicer import Consumer
from services.runtime.outbox.consumer import EventConsumer
from services.runtime.outbox.event import IncomingEvent
from services.runtime.outbox.state_consumer import StateConsumer


class EventIntake:
    """See ports.History. Of one read model."""

    def __init__(self, bus: ManagedBus, engine: AsyncEngine, clock: Clock, projection: Projection) -> None:
        self._bus = bus
        self._engine = engine
        self._clock = clock
        self.projection = projection
        self.consumers: list[Consumer] = []  # of the generation that is filled now
        self._stuck: dict[int, dict[ProgressKey, Stuck]] = {}
        name = "" if projection.name == TOTALS_MODEL else rf"{projection.name}-"
        self._groups = re.compile(rf"reporting-{name}(\d+)(-counts|\.replay\..+)?")
        self._dead_letters = re.compile(rf".+\.reporting-{name}(\d+){re.escape(DEAD_LETTER_SUFFIX)}")

    async def fill(self, generation: int) -> None:
        """Consumes for this generation until cancelled. A generation new to the bus starts at the topics' beginning."""

        async def apply(connection: AsyncConnection, events: Sequence[IncomingEvent]) -> None:
            await self.projection.apply(connection, generation, events)

        def note(event: IncomingEvent, error: str) -> None:
            where = ProgressKey(event.topic, event.key, event.source)
            self._stuck.setdefault(generation, {}).setdefault(where, Stuck(event.sequence, error))

        running: list[Callable[[], Coroutine[Any, Any, None]]] = []
        self.consumers = []
        if self.projection.topics:
            changes = EventConsumer(
                self._bus,
                self._engine,
                group=self._group(generation),
                topics=self.projection.topics,
                batch_handler=apply,
                clock=self._clock,
            )
            changes.when_parked(note)
            changes.read_unhurried()
            self.consumers = [changes]
            running.append(changes.run)
        if self.projection.states:
            # A group of its own: its members subscribe to other topics, and need not be rebalanced together.
            states = StateConsumer(
                self._bus,
                self._engine,
                group=self._counts_group(generation),
                topics=self.projection.states,
                batch_handler=apply,
                clock=self._clock,
            )
            states.read_unhurried()
            self.consumers.append(states)
            running.append(states.run)
        async with asyncio.TaskGroup() as tasks:
            for run in running:
                tasks.create_task(run())

    async def end(self) -> Mapping[tuple[str, int], int]:
        """See History.end. A partition that holds nothing (any more) has nothing to be read up to."""
        topics = {*self.projection.topics, *self.projection.states}
        return {
            (state.topic, state.partition): state.end_offset
            for state in await self._bus.partitions()
            if state.topic in topics and state.end_offset > state.first_offset
        }

    async def passed(self, generation: int, end: Mapping[tuple[str, int], int]) -> bool:
        """See History.passed: a commit comes after the transaction with what it covers."""
        read = {
            **await self._bus.committed(self._group(generation)),
            **await self._bus.committed(self._counts_group(generation)),
        }
        return all(read.get(place, 0) >= offset for place, offset in end.items())

    def stuck(self, generation: int) -> Mapping[ProgressKey, Stuck]:
        return self._stuck.get(generation, {})

    async def forget_others(self, kept: Callable[[], Awaitable[Collection[int]]]) -> Collection[str]:
        """See History.forget_others. A generation is on record before it is on the bus: the bus is looked at first."""
        groups = {name: int(found[1]) for name in await self._bus.groups() if (found := self._groups.fullmatch(name))}
        topics = {
            state.topic: int(found[1])
            for state in await self._bus.partitions()
            if (found := self._dead_letters.fullmatch(state.topic))
        }
        alive = set(await kept())
        staying = await self._bus.delete_groups([name for name, number in groups.items() if number not in alive])
        alive |= {groups[name] for name in staying}
        await self._bus.delete_topics([topic for topic, number in topics.items() if number not in alive])
        return staying

    def _group(self, generation: int) -> str:
        return group_of(generation, self.projection.name)

    def _counts_group(self, generation: int) -> str:
        return f"{self._group(generation)}-counts"
