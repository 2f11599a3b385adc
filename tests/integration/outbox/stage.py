"""Two services and a bus for the outbox tests: one writes events, the other notes each in a table `effect`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.runtime.bus.faults import BusUnreachable
from services.runtime.bus.port import Bus, ManagedBus, Message, Subscription
from services.runtime.clock import SystemClock
from services.runtime.ids import SeededIds
from services.runtime.outbox.consumer import EventConsumer, Patience
from services.runtime.outbox.event import IncomingEvent, OutgoingEvent
from services.runtime.outbox.relay import OutboxRelay
from services.runtime.outbox.tables import inbox_table, outbox_tables
from services.runtime.outbox.writer import enqueue
from services.runtime.sql.engine import create_engine, new_metadata

TOPIC = "test.orders.v1"
SOURCE = "balcon.test"
GROUP = "ledger"
PATIENCE_SECONDS = 60.0

Effect = tuple[str, int, str]  # key, sequence, payload


@dataclass(slots=True)
class Ledger:
    """A handler that notes each event, and fails where a test wants it to."""

    poisoned: set[tuple[str, str]] = field(default_factory=set)  # key and payload of what cannot be applied
    calls: int = 0

    async def apply(self, connection: AsyncConnection, event: IncomingEvent) -> None:
        """Its effect has no key of its own: applied twice, it shows twice."""
        self.calls += 1
        if (event.key, event.payload.decode()) in self.poisoned:
            raise ValueError(event.payload.decode())
        await connection.execute(
            text("INSERT INTO effect (key, sequence, payload) VALUES (:key, :sequence, :payload)"),
            {"key": event.key, "sequence": event.sequence, "payload": event.payload.decode()},
        )


class Stage:
    """The writing service's database, the consuming service's database, and the bus between them."""

    def __init__(self, outbox: AsyncEngine, inbox: AsyncEngine, bus: ManagedBus, topic: str) -> None:
        self.topic = topic
        self.outbox = outbox
        self.inbox = inbox
        self.bus = bus
        self.clock = SystemClock()
        self.ids = SeededIds(1)
        self.ledger = Ledger()

    async def write(self, *payloads: str, key: str = "a") -> None:
        """One transaction with one event for each payload."""
        async with self.outbox.begin() as connection:
            await self.enqueue(connection, *payloads, key=key)

    async def enqueue(self, connection: AsyncConnection, *payloads: str, key: str = "a") -> None:
        """The same inside an open transaction."""
        outgoing = events(*payloads, key=key, topic=self.topic)
        await enqueue(connection, outgoing, now_ms=self.clock.now_ms(), ids=self.ids)

    def relay(self, bus: Bus | None = None, **settings: Any) -> OutboxRelay:
        """A relay with a short interval."""
        settings = {"interval_seconds": 0.05, **settings}
        return OutboxRelay(self.outbox, bus or self.bus, source=SOURCE, clock=self.clock, **settings)

    def consumer(self, **settings: Any) -> EventConsumer:
        """A member of the group with the ledger's handler."""
        patience = {name: settings.pop(name) for name in ("attempts", "gap_rereads") if name in settings}
        settings = {"handler": self.ledger.apply, "patience": Patience(**patience), **settings}
        return EventConsumer(self.bus, self.inbox, group=GROUP, topics=[self.topic], clock=self.clock, **settings)

    async def effects(self, key: str | None = None) -> list[Effect]:
        """What was applied, in the order it was."""
        async with self.inbox.connect() as connection:
            rows = await connection.execute(text("SELECT key, sequence, payload FROM effect ORDER BY id"))
            return [(row.key, row.sequence, row.payload) for row in rows if key in {None, row.key}]

    async def unpublished(self) -> int:
        """Events that still wait in the outbox."""
        async with self.outbox.connect() as connection:
            rows = await connection.execute(text("SELECT count(*) FROM outbox WHERE published_at_ms IS NULL"))
            return int(rows.scalar_one())

    async def _told(self, topic: str) -> int:
        """Events of a topic that the outbox has as published."""
        query = text("SELECT count(*) FROM outbox WHERE published_at_ms IS NOT NULL AND topic = :topic")
        async with self.outbox.connect() as connection:
            return int((await connection.execute(query, {"topic": topic})).scalar_one())

    async def published(self, topic: str = TOPIC) -> list[Message]:
        """Everything on a topic, read by a group of its own: what the outbox says it has, and what comes at once."""
        told = await self._told(topic)
        subscription = await self.bus.subscribe(self.ids.new_id("reader"), [topic])
        messages: list[Message] = []
        try:
            batches = aiter(subscription.batches())
            with suppress(TimeoutError):
                while True:
                    # More than the outbox says can only be a repetition.
                    async with asyncio.timeout(0.5 if len(messages) >= told else PATIENCE_SECONDS):
                        messages += [delivered.message for delivered in await anext(batches)]
        finally:
            await subscription.close()
        return messages


def events(*payloads: str, key: str = "a", topic: str = TOPIC) -> list[OutgoingEvent]:
    """One event for each payload."""
    return [OutgoingEvent(topic, key, "balcon.test.Noted", payload.encode(), "house_1") for payload in payloads]


def effects(key: str, *payloads: str) -> list[Effect]:
    """What the ledger holds after these payloads of a key, in order."""
    return [(key, sequence, payload) for sequence, payload in enumerate(payloads, 1)]


def sequences(messages: Sequence[Message]) -> list[tuple[str, int]]:
    """Payloads with their numbers, as published."""
    return [(message.payload.decode(), int(message.headers["ce_sequence"])) for message in messages]


@asynccontextmanager
async def running(*loops: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Runs loops beside the block; fails if one of them ended with an error."""
    tasks = [asyncio.create_task(loop) for loop in loops]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        for result in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(result, Exception):
                raise result


async def open_stage(url: str, bus: ManagedBus, topic: str = TOPIC, *, partitions: int = 2) -> Stage:
    """Creates the tables of both services in one empty database: they know nothing of each other."""
    metadata = new_metadata()
    outbox_tables(metadata)
    inbox_table(metadata)
    outbox = create_engine(url, application="outbox-test")
    inbox = create_engine(url, application="inbox-test")
    async with inbox.begin() as connection:
        await connection.run_sync(metadata.create_all)
        await connection.execute(
            text("CREATE TABLE effect (id bigserial PRIMARY KEY, key text, sequence bigint, payload text)")
        )
    await bus.create_topics({topic: partitions})
    return Stage(outbox, inbox, bus, topic)


class LostReplyBus:
    """A bus that stores what is published and then says it failed, as often as told: a crash right before the mark."""

    def __init__(self, bus: Bus, losses: int) -> None:
        self._bus = bus
        self._losses = losses

    async def create_topics(self, topics: Mapping[str, int]) -> None:
        """Passed on."""
        await self._bus.create_topics(topics)

    async def publish(self, messages: Sequence[Message]) -> None:
        """Passed on; the answer may be lost."""
        await self._bus.publish(messages)
        if self._losses:
            self._losses -= 1
            raise BusUnreachable(lost="the reply")

    async def subscribe(self, group: str, topics: Sequence[str], *, unhurried: bool = False) -> Subscription:
        """Passed on."""
        return await self._bus.subscribe(group, topics, unhurried=unhurried)

    async def close(self) -> None:
        """Passed on."""
        await self._bus.close()


class DeafBus(LostReplyBus):
    """A bus that stores nothing while it is down."""

    def __init__(self, bus: Bus) -> None:
        super().__init__(bus, 0)
        self.down = True
        self.refusals = 0

    async def publish(self, messages: Sequence[Message]) -> None:
        """Refused while the bus is down."""
        if self.down:
            self.refusals += 1
            raise BusUnreachable
        await super().publish(messages)
