"""Fills one generation of the read model from the bus: effect and inbox row in one transaction (RULE 31)."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Collection, Mapping

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.reporting.adapters.event_facts import fact_of
from services.reporting.adapters.postgres_read_model import PostgresReadModel
from services.reporting.domain.facts import Fact
from services.reporting.ports.generations import ProgressKey, Stuck, group_of
from services.reporting.ports.read_model import ReadModel
from services.runtime.bus.port import ManagedBus
from services.runtime.bus.topics import AVAILABILITY, CATALOGUE, DEAD_LETTER_SUFFIX, ORDERS
from services.runtime.clock import Clock
from services.runtime.outbox.consumer import EventConsumer
from services.runtime.outbox.event import IncomingEvent
from services.runtime.outbox.state_consumer import StateConsumer

TOPICS = (CATALOGUE, ORDERS)
STATE_TOPICS = (AVAILABILITY,)

_GROUP = re.compile(r"reporting-(\d+)(-counts|\.replay\..+)?")
_DEAD_LETTERS = re.compile(rf".+\.reporting-(\d+){re.escape(DEAD_LETTER_SUFFIX)}")


class EventIntake:
    """See ports.History. `project` brings one fact into a read model; it is the handler's, and picked in main."""

    def __init__(
        self, bus: ManagedBus, engine: AsyncEngine, clock: Clock, project: Callable[[ReadModel, Fact], Awaitable[None]]
    ) -> None:
        self._bus = bus
        self._engine = engine
        self._clock = clock
        self._project = project
        self.consumers: list[EventConsumer] = []  # of the generation that is filled now
        self._stuck: dict[int, dict[ProgressKey, Stuck]] = {}

    async def fill(self, generation: int) -> None:
        """Consumes for this generation until cancelled. A generation new to the bus starts at the topics' beginning."""

        async def apply(connection: AsyncConnection, event: IncomingEvent) -> None:
            fact = fact_of(event)
            if fact is not None:
                await self._project(PostgresReadModel(connection, generation), fact)

        def note(event: IncomingEvent, error: str) -> None:
            where = ProgressKey(event.topic, event.key, event.source)
            self._stuck.setdefault(generation, {}).setdefault(where, Stuck(event.sequence, error))

        group = group_of(generation)
        changes = EventConsumer(self._bus, self._engine, group=group, topics=TOPICS, handler=apply, clock=self._clock)
        changes.when_parked(note)
        self.consumers = [changes]
        # A group of its own: its members subscribe to other topics, and need not be rebalanced together.
        states = StateConsumer(
            self._bus,
            self._engine,
            group=_counts_group(generation),
            topics=STATE_TOPICS,
            handler=apply,
            clock=self._clock,
            every_state=True,
        )
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(changes.run())
            tasks.create_task(states.run())

    async def end(self) -> Mapping[tuple[str, int], int]:
        """See History.end. A partition that holds nothing (any more) has nothing to be read up to."""
        return {
            (state.topic, state.partition): state.end_offset
            for state in await self._bus.partitions()
            if state.topic in {*TOPICS, *STATE_TOPICS} and state.end_offset > state.first_offset
        }

    async def passed(self, generation: int, end: Mapping[tuple[str, int], int]) -> bool:
        """See History.passed: a commit comes after the transaction with what it covers."""
        read = {
            **await self._bus.committed(group_of(generation)),
            **await self._bus.committed(_counts_group(generation)),
        }
        return all(read.get(place, 0) >= offset for place, offset in end.items())

    def stuck(self, generation: int) -> Mapping[ProgressKey, Stuck]:
        return self._stuck.get(generation, {})

    async def forget_others(self, kept: Callable[[], Awaitable[Collection[int]]]) -> Collection[str]:
        """See History.forget_others. A generation is on record before it is on the bus: the bus is looked at first."""
        groups = {name: int(found[1]) for name in await self._bus.groups() if (found := _GROUP.fullmatch(name))}
        topics = {
            state.topic: int(found[1])
            for state in await self._bus.partitions()
            if (found := _DEAD_LETTERS.fullmatch(state.topic))
        }
        alive = set(await kept())
        staying = await self._bus.delete_groups([name for name, number in groups.items() if number not in alive])
        alive |= {groups[name] for name in staying}
        await self._bus.delete_topics([topic for topic, number in topics.items() if number not in alive])
        return staying


def _counts_group(generation: int) -> str:
    return f"{group_of(generation)}-counts"
