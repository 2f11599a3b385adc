"""Other services as reporting sees them: numbered events on a bus, and a live read model that follows them."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from balcon.catalogue.v1.catalogue_events_pb2 import PerformanceCreated
from balcon.catalogue.v1.catalogue_service_pb2 import Performance, Price
from balcon.catalogue.v1.prices_pb2 import PRICE_COMPONENT_KIND_BASE
from balcon.inventory.v1.inventory_events_pb2 import AvailabilityChanged
from balcon.inventory.v1.inventory_service_pb2 import SeatCounts
from balcon.orders.v1.orders_events_pb2 import OrderConfirmed, OrderPartlyRefunded, OrderRefunded
from balcon.orders.v1.orders_service_pb2 import LineComponent, OrderLine, RefundedLine
from balcon.types.v1.money_pb2 import Money
from balcon.types.v1.seating_pb2 import CHANNEL_ONLINE
from google.protobuf.message import Message as Protobuf
from sqlalchemy.ext.asyncio import AsyncEngine

from services.reporting.adapters.event_intake import EventIntake
from services.reporting.adapters.postgres_generations import PostgresGenerations
from services.reporting.adapters.postgres_read_model_audit import PostgresReadModelAudit
from services.reporting.adapters.postgres_totals_reader import PostgresTotalsReader, pages_of_all
from services.reporting.adapters.projections.registry import PROJECTIONS
from services.reporting.domain.totals import Totals
from services.reporting.handlers.follow import follow
from services.reporting.ports.generations import TOTALS_MODEL, ProgressKey
from services.runtime.bus.memory_bus import MemoryBus
from services.runtime.bus.port import Bus, ManagedBus, Message
from services.runtime.bus.topics import (
    ACCOUNTS,
    ALLOTMENTS,
    AVAILABILITY,
    CATALOGUE,
    COMPACTED,
    CONSENTS,
    FUNNEL,
    ORDERS,
    TOPICS,
)
from services.runtime.clock import SystemClock
from services.runtime.outbox.event import OutgoingEvent
from services.runtime.outbox.headers import to_message
from services.runtime.sql.engine import create_engine
from services.runtime.testing import eventually

CLOCK = SystemClock()
HOUSE = "house_1"
_TOPICS = {
    "accounts": ACCOUNTS,
    "catalogue": CATALOGUE,
    "customers": CONSENTS,
    "funnel": FUNNEL,
    "orders": ORDERS,
}


def money(amount_minor: int, currency: str = "EUR") -> Money:
    return Money(amount_minor=amount_minor, currency=currency)


def described(performance_id: str, *, house_id: str = HOUSE, capacity: int = 100) -> PerformanceCreated:
    performance = Performance(
        performance_id=performance_id,
        house_id=house_id,
        title="Elckerlijc",
        capacity=capacity,
        prices=[Price(category="A", ticket_type="normal", amount=money(2500))],
    )
    return PerformanceCreated(performance=performance)


def confirmed(
    order_id: str,
    performance_id: str,
    *categories: str,
    house_id: str = HOUSE,
    currency: str = "EUR",
    at_ms: int = 1_000,
) -> OrderConfirmed:
    """An online order of one seat for each category; A is 25.00, any other 10.00."""
    lines = [
        OrderLine(
            seat_id=f"{order_id}-{number}",
            category=category,
            ticket_type="normal",
            price=money(2500 if category == "A" else 1000, currency),
        )
        for number, category in enumerate(categories or ("A",))
    ]
    return OrderConfirmed(
        order_id=order_id,
        house_id=house_id,
        performance_id=performance_id,
        channel=CHANNEL_ONLINE,
        plan_version=1,
        lines=lines,
        total=money(sum(line.price.amount_minor for line in lines), currency),
        confirmed_at_ms=at_ms,
    )


def refunded(order_id: str, performance_id: str, *, house_id: str = HOUSE, at_ms: int = 2_000) -> OrderRefunded:
    return OrderRefunded(
        order_id=order_id,
        house_id=house_id,
        performance_id=performance_id,
        channel=CHANNEL_ONLINE,
        amount=money(2500),
        refunded_at_ms=at_ms,
    )


def partly_refunded(
    order_id: str,
    performance_id: str,
    refunded_minor: int,
    *,
    total_minor: int = 2500,
    lines: Sequence[tuple[str, int]] = (),
) -> OrderPartlyRefunded:
    """`lines`: how much went back of a line of each category."""
    return OrderPartlyRefunded(
        order_id=order_id,
        house_id=HOUSE,
        performance_id=performance_id,
        total=money(total_minor),
        refunded=money(refunded_minor),
        refunded_at_ms=1_500,
        lines=[
            RefundedLine(
                performance_id=performance_id,
                seat_id=category,
                category=category,
                amount=money(minor),
                components=[LineComponent(kind=PRICE_COMPONENT_KIND_BASE, amount=money(minor))],
            )
            for category, minor in lines
        ],
    )


def counted(
    performance_id: str,
    epoch: int,
    version: int,
    *,
    free: int,
    held: int = 0,
    contingents: tuple[int, int, int] = (0, 0, 0),
    house_id: str = HOUSE,
) -> AvailabilityChanged:
    """`contingents`: seats that are reserved, allotted, and reported sold; what is left of 100 is sold."""
    reserved, allotted, reported_sold = contingents
    counts = SeatCounts(
        free=free,
        held=held,
        claimed=0,
        sold=100 - free - held - sum(contingents),
        blocked=0,
        reserved=reserved,
        allotted=allotted,
        reported_sold=reported_sold,
        capacity=100,
    )
    return AvailabilityChanged(
        house_id=house_id,
        performance_id=performance_id,
        epoch=epoch,
        version=version,
        counts=counts,
        observed_at_ms=epoch * 1_000 + version,
    )


class Publisher:
    """Numbers events per (topic, key) as the relays of the other services do."""

    def __init__(self, bus: Bus) -> None:
        self.bus = bus
        self.published: list[Message] = []
        self._sequences: Counter[tuple[str, str]] = Counter()
        self._count = 0

    async def publish(self, *events: Protobuf) -> None:
        await self.send([self.message(event) for event in events])

    async def send(self, messages: list[Message]) -> None:
        self.published += messages
        await self.bus.publish(messages)

    def message(self, event: Protobuf, *, payload: bytes | None = None) -> Message:
        """The event's message with the next number of its key."""
        topic, key, house_id = place_of(event)
        self._count += 1
        sequence = None
        if topic not in COMPACTED:
            self._sequences[topic, key] += 1
            sequence = self._sequences[topic, key]
        content = event.SerializeToString() if payload is None else payload
        outgoing = OutgoingEvent(topic, key, event.DESCRIPTOR.full_name, content, house_id)
        return to_message(outgoing, event_id=f"evt_{self._count}", source=topic, time_ms=self._count, sequence=sequence)


def place_of(event: Protobuf) -> tuple[str, str, str]:
    """Topic, key and house of an event."""
    about: Any = _first_of(event, ("performance", "allotment", "house")) or event
    key = str(_first_of(about, ("visit_id", "performance_id", "customer_id", "house_id")))
    return _topic(event), key, str(about.house_id)


def _first_of(message: Any, names: Sequence[str]) -> Any:
    return next((getattr(message, name) for name in names if hasattr(message, name)), None)


def _topic(event: Protobuf) -> str:
    _, package, _, name = event.DESCRIPTOR.full_name.split(".")
    if package == "inventory":
        return {"AllotmentChanged": ALLOTMENTS, "AvailabilityChanged": AVAILABILITY}[name]
    return _TOPICS[package]


class Stage:
    """A read model over a real database, and the bus it follows."""

    def __init__(self, engine: AsyncEngine, bus: ManagedBus, model: str = TOTALS_MODEL) -> None:
        self.engine = engine
        self.publisher = Publisher(bus)
        self.intake = EventIntake(bus, engine, CLOCK, PROJECTIONS[model])
        self.generations = PostgresGenerations(engine, PROJECTIONS[model])
        self.reader = PostgresTotalsReader(engine)
        self.audit = PostgresReadModelAudit(engine)
        self.bus = bus

    @asynccontextmanager
    async def following(self) -> AsyncIterator[None]:
        """The live loop of the service."""
        loop = asyncio.create_task(follow(self.generations, self.intake.fill, CLOCK))
        try:
            yield
        finally:
            loop.cancel()
            (ended,) = await asyncio.gather(loop, return_exceptions=True)
            if isinstance(ended, Exception):
                raise ended

    async def totals(self, performance_id: str, house_id: str = HOUSE) -> Totals:
        found = await self.reader.totals(house_id, performance_id)
        assert found is not None, f"no totals of {performance_id}"
        return found

    async def caught_up(self) -> None:
        """Waits until every published event is in the served generation."""
        wanted: dict[ProgressKey, int] = {}
        for message in self.publisher.published:
            if "ce_sequence" in message.headers:
                place = ProgressKey(message.topic, message.key, message.headers["ce_source"])
                wanted[place] = max(wanted.get(place, 0), int(message.headers["ce_sequence"]))

        async def look() -> None:
            progress = await self.generations.progress(await self.generations.serving())
            assert {place: progress.get(place, (0, 0))[1] for place in wanted} == wanted

        await eventually(look)

    async def everything(self) -> list[Totals]:
        """All that is told, over all houses."""
        return [totals async for page in pages_of_all(self.engine, "") for totals in page]

    async def violations(self) -> list[str]:
        return [violation for check in await self.audit.checks("") for violation in check.violations]


@asynccontextmanager
async def staged(url: str, bus: ManagedBus | None = None) -> AsyncIterator[Stage]:
    """A stage over a migrated database; the bus is one in memory unless another is handed in."""
    engine = create_engine(url, application="test")
    own = bus or MemoryBus()
    await own.create_topics(TOPICS)
    try:
        yield Stage(engine, own)
    finally:
        await own.close()
        await engine.dispose()
