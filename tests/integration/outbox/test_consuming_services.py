"""Each consuming service, with its own handler and tables: later releases' types are skipped, and a gap is noticed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.inventory.adapters import catalogue_events
from services.orders.adapters.payment_events import PaymentEvents
from services.orders.adapters.postgres_order_store import PostgresOrderStore
from services.orders.domain.order import Order
from services.orders.domain.steps import Timing
from services.orders.handlers.acting import act_on
from services.orders.ports import Lease
from services.reporting.adapters.projections.registry import PROJECTIONS
from services.runtime.bus.memory_bus import MemoryBus
from services.runtime.bus.port import Message
from services.runtime.bus.topics import ALLOTMENTS, CATALOGUE, ORDERS, PAYMENTS
from services.runtime.clock import SystemClock
from services.runtime.ids import RandomIds
from services.runtime.outbox.application import EventHandler, all_of, one_by_one
from services.runtime.outbox.consumer import EventConsumer
from services.runtime.outbox.event import IncomingEvent, OutgoingEvent
from services.runtime.outbox.headers import to_message
from services.runtime.sql.engine import create_engine
from services.runtime.testing import eventually
from services.runtime.testing.servers import DatabaseUrl, as_owner
from services.ticketing.adapters.allotment_events import AllotmentEvents
from services.ticketing.adapters.invoice_events import InvoiceEvents
from services.ticketing.adapters.order_events import OrderEvents
from tests.integration.outbox.stage import running

CLOCK = SystemClock()
SOURCE = "balcon.later"


def _of_inventory(_engine: AsyncEngine) -> EventHandler:
    return catalogue_events.copy_performance


class _NoNextSteps:
    """Nobody takes the orders on."""

    def spare_lease(self, orders: int) -> Lease | None:
        return None

    def hand_over(self, orders: Sequence[Order], lease: Lease) -> None:
        raise AssertionError(lease)

    def wake(self) -> None:
        pass


def _of_orders(engine: AsyncEngine) -> EventHandler:
    store = PostgresOrderStore(engine, CLOCK, RandomIds(), committed=lambda: None)
    events = PaymentEvents(store, lambda report: act_on(report, CLOCK, Timing()), _NoNextSteps())

    async def handle(connection: AsyncConnection, event: IncomingEvent) -> None:
        await events(connection, [event])

    return handle


def _of_reporting(topic: str) -> Callable[[AsyncEngine], EventHandler]:
    async def apply(connection: AsyncConnection, event: IncomingEvent) -> None:
        for projection in PROJECTIONS.values():
            if topic in projection.topics:
                await projection.apply(connection, 1, [event])

    return lambda _engine: apply


def _of_ticketing(_engine: AsyncEngine) -> EventHandler:
    allotments = one_by_one(AllotmentEvents(CLOCK, RandomIds()))
    events = all_of([OrderEvents(CLOCK, RandomIds()), allotments, InvoiceEvents(CLOCK, lambda: None)])

    async def handle(connection: AsyncConnection, event: IncomingEvent) -> None:
        await events(connection, [event])

    return handle


@dataclass(frozen=True, slots=True)
class Consuming:
    """A service that consumes: its tables, the topic, and the handler that its main hands to the consumer."""

    service: str
    topic: str
    handler: Callable[[AsyncEngine], EventHandler]


SERVICES = [
    Consuming("inventory", CATALOGUE, _of_inventory),
    Consuming("orders", PAYMENTS, _of_orders),
    *(
        Consuming("reporting", topic, _of_reporting(topic))
        for topic in sorted({topic for projection in PROJECTIONS.values() for topic in projection.topics})
    ),
    Consuming("ticketing", ORDERS, _of_ticketing),
    Consuming("ticketing", ALLOTMENTS, _of_ticketing),
]
each_service = pytest.mark.parametrize("consuming", SERVICES, ids=lambda one: f"{one.service}-{one.topic}")


def _later(topic: str, sequence: int) -> Message:
    """An event of a type that this release does not know, with bytes that are no message of its."""
    event = OutgoingEvent(topic, "perf_1", f"{topic}.SomethingOfALaterRelease", b"\xff\xff", "house_1")
    return to_message(event, event_id=f"evt_{sequence}", source=SOURCE, time_ms=1, sequence=sequence)


@asynccontextmanager
async def _consuming(consuming: Consuming, url: str) -> AsyncIterator[tuple[MemoryBus, EventConsumer, AsyncEngine]]:
    engine = create_engine(url, application="test")
    bus = MemoryBus()
    await bus.create_topics({consuming.topic: 1})
    handler = consuming.handler(engine)
    consumer = EventConsumer(bus, engine, group="group", topics=[consuming.topic], handler=handler, clock=CLOCK)
    try:
        async with running(consumer.run()):
            yield bus, consumer, engine
    finally:
        await bus.close()
        await engine.dispose()


@each_service
async def test_events_of_unknown_types_are_skipped_and_counted_in_their_key(
    consuming: Consuming, database_url: DatabaseUrl
) -> None:
    async with _consuming(consuming, database_url(consuming.service)) as (bus, consumer, engine):
        await bus.publish([_later(consuming.topic, 1), _later(consuming.topic, 2)])

        async def both_are_behind_it() -> None:
            async with as_owner(engine).connect() as connection:
                rows = await connection.execute(text("SELECT key, last_sequence, parked FROM inbox_sequence"))
                assert [tuple(row) for row in rows] == [("perf_1", 2, False)]

        await eventually(both_are_behind_it)
        assert await consumer.parked() == []


@each_service
async def test_a_gap_is_noticed_even_where_the_events_would_be_skipped(
    consuming: Consuming, database_url: DatabaseUrl
) -> None:
    """RULE 30: the lost event may be one that matters, whatever the ones around it are."""
    async with _consuming(consuming, database_url(consuming.service)) as (bus, consumer, _):
        await bus.publish([_later(consuming.topic, 1), _later(consuming.topic, 3)])

        async def the_key_is_parked() -> None:
            parked = [(key.place.key, key.last_sequence, key.error) for key in await consumer.parked()]
            assert parked == [("perf_1", 1, "SequenceGap")]

        await eventually(the_key_is_parked)
