"""Fills one generation of the read model from the bus: effect and inbox row in one transaction (RULE 31)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.reporting.adapters.event_facts import fact_of
from services.reporting.adapters.postgres_read_model import PostgresReadModel
from services.reporting.domain.facts import Fact
from services.reporting.ports import ReadModel, group_of
from services.runtime.bus.port import Bus
from services.runtime.bus.topics import AVAILABILITY, CATALOGUE, ORDERS
from services.runtime.clock import Clock
from services.runtime.outbox.consumer import EventConsumer
from services.runtime.outbox.event import IncomingEvent
from services.runtime.outbox.state_consumer import StateConsumer

TOPICS = (CATALOGUE, ORDERS)
STATE_TOPICS = (AVAILABILITY,)


class EventIntake:
    """`project` brings one fact into a read model; it is the handler's, and picked in main."""

    def __init__(
        self, bus: Bus, engine: AsyncEngine, clock: Clock, project: Callable[[ReadModel, Fact], Awaitable[None]]
    ) -> None:
        self._bus = bus
        self._engine = engine
        self._clock = clock
        self._project = project

    async def fill(self, generation: int) -> None:
        """Consumes for this generation until cancelled. A generation new to the bus starts at the topics' beginning."""

        async def apply(connection: AsyncConnection, event: IncomingEvent) -> None:
            fact = fact_of(event)
            if fact is not None:
                await self._project(PostgresReadModel(connection, generation), fact)

        group = group_of(generation)
        changes = EventConsumer(self._bus, self._engine, group=group, topics=TOPICS, handler=apply, clock=self._clock)
        # A group of its own: its members subscribe to other topics, and need not be rebalanced together.
        states = StateConsumer(
            self._bus,
            self._engine,
            group=f"{group}-counts",
            topics=STATE_TOPICS,
            handler=apply,
            clock=self._clock,
            every_state=True,
        )
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(changes.run())
            tasks.create_task(states.run())
