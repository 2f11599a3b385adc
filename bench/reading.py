"""How fast read models read: `python -m bench.reading [events]`. Sales caught up, rebuilt, told; times on this machine.

Orders of two tickets with three components each, over 500 performances, on the bus in PostgreSQL. One process reads.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import uvloop
from balcon.accounts.v1.accounts_events_pb2 import HouseChanged
from balcon.accounts.v1.houses_pb2 import House
from balcon.catalogue.v1.catalogue_events_pb2 import PerformanceCreated
from balcon.catalogue.v1.performances_pb2 import Performance
from balcon.catalogue.v1.prices_pb2 import (
    PRICE_COMPONENT_KIND_BASE,
    PRICE_COMPONENT_KIND_SERVICE_FEE,
    PRICE_COMPONENT_KIND_THEATRE_SURCHARGE,
    TICKET_KIND_DISCOUNT,
    TICKET_KIND_NORMAL,
)
from balcon.orders.v1.orders_events_pb2 import OrderConfirmed, OrderRefunded
from balcon.orders.v1.orders_service_pb2 import LineComponent, OrderLine, Vat
from balcon.types.v1.money_pb2 import Money
from balcon.types.v1.principal_pb2 import PRINCIPAL_KIND_BUYER, PrincipalRef
from balcon.types.v1.seating_pb2 import CHANNEL_BOX_OFFICE, CHANNEL_ONLINE
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from services.contracts.wire_types import wire_instant
from services.reporting.adapters.event_intake import EventIntake
from services.reporting.adapters.postgres_figures import PostgresFigures
from services.reporting.adapters.postgres_generations import PostgresGenerations
from services.reporting.adapters.projections.houses import HOUSES
from services.reporting.adapters.projections.performances import PERFORMANCES
from services.reporting.adapters.projections.projection import Projection
from services.reporting.adapters.projections.sales import SALES
from services.reporting.handlers.rebuild import rebuild
from services.reporting.ports.figures import Dimension, Narrowing, Sight
from services.runtime.bus.factory import open_bus
from services.runtime.bus.port import ManagedBus, Message
from services.runtime.bus.topics import ACCOUNTS, CATALOGUE, ORDERS, TOPICS
from services.runtime.clock import SystemClock
from services.runtime.embedded.data_folder import let_others_pass, reachable_temp_folder, unprivileged_account
from services.runtime.embedded.postgres import EmbeddedPostgres
from services.runtime.ids import RandomIds, seeded_random
from services.runtime.outbox.event import OutgoingEvent
from services.runtime.outbox.headers import to_message
from services.runtime.sql.engine import create_engine
from services.runtime.testing.servers import as_owner, service_database

EVENTS = 200_000
HOUSE = "hse_bench"
PERFORMANCES_COUNT = 500
DAY_MS = 86_400_000
# Half a year of sales, the last of them now.
SPAN_DAYS = 180
REFUNDED_SHARE = 0.05
LIVE_SALES_PER_SECOND, LIVE_SECONDS = 1_000, 10
LOOKS = 20
CLOCK = SystemClock()


class Writer:
    """Numbers events per key, as relays do."""

    def __init__(self, bus: ManagedBus) -> None:
        self._bus = bus
        self._numbers: Counter[str] = Counter()
        self._count = 0

    def message(self, topic: str, key: str, event: Any, at_ms: int) -> Message:
        """The next of its key."""
        self._numbers[topic + key] += 1
        self._count += 1
        outgoing = OutgoingEvent(topic, key, event.DESCRIPTOR.full_name, event.SerializeToString(), HOUSE)
        number = self._numbers[topic + key]
        return to_message(outgoing, event_id=f"evt_{self._count:026}", source=topic, time_ms=at_ms, sequence=number)

    async def publish(self, messages: Sequence[Message]) -> None:
        """In calls of a thousand."""
        for start in range(0, len(messages), 1_000):
            await self._bus.publish(messages[start : start + 1_000])


def _money(amount_minor: int) -> Money:
    return Money(amount_minor=amount_minor, currency="EUR")


def _line(seat: str, category: str, kind: Any, base: int) -> OrderLine:
    parts = (
        (PRICE_COMPONENT_KIND_BASE, base, "low", 900),
        (PRICE_COMPONENT_KIND_THEATRE_SURCHARGE, 200, "low", 900),
        (PRICE_COMPONENT_KIND_SERVICE_FEE, 150, "high", 2100),
    )
    return OrderLine(
        seat_id=seat,
        category=category,
        ticket_type="normal",
        kind=kind,
        price=_money(base + 350),
        components=[
            LineComponent(
                kind=part,
                amount=_money(amount),
                vat=Vat(vat_class=tax, rate_basis_points=rate, amount=_money(amount * rate // (10_000 + rate))),
            )
            for part, amount, tax, rate in parts
        ],
    )


def sale(number: int, performance_id: str, at_ms: int) -> OrderConfirmed:
    """Two tickets."""
    categories = ("A", "B", "C")
    return OrderConfirmed(
        order_id=f"ord_{number:026}",
        house_id=HOUSE,
        performance_id=performance_id,
        channel=CHANNEL_BOX_OFFICE if number % 4 == 0 else CHANNEL_ONLINE,
        lines=[
            _line(f"seat-{number}-1", categories[number % 3], TICKET_KIND_NORMAL, 2300),
            _line(f"seat-{number}-2", categories[number % 3], TICKET_KIND_DISCOUNT, 1800),
        ],
        total=_money(4800),
        confirmed_at_ms=at_ms,
        customer_id=f"cus_{number % 50_000:026}",
        sold_by=PrincipalRef(kind=PRINCIPAL_KIND_BUYER, subject=f"buyer_{number}"),
    )


async def fill(writer: Writer, events: int, now_ms: int) -> None:
    """The house, its performances, and so many events of orders, some of them refunds."""
    house = House(house_id=HOUSE, label="bench", name="Bench", time_zone="Europe/Amsterdam", etag='"1"')
    await writer.publish([writer.message(ACCOUNTS, HOUSE, HouseChanged(house=house), now_ms)])
    names = [f"perf_{number:026}" for number in range(PERFORMANCES_COUNT)]
    described = [
        PerformanceCreated(
            performance=Performance(
                performance_id=name,
                house_id=HOUSE,
                production_id=f"prod_{place % 40}",
                title=f"Title {place % 40}",
                hall_id=f"hall_{place % 5}",
                capacity=1_000,
                starts_at=wire_instant(now_ms + place * 3_600_000),
            )
        )
        for place, name in enumerate(names)
    ]
    await writer.publish(
        [writer.message(CATALOGUE, name, event, now_ms) for name, event in zip(names, described, strict=True)]
    )
    choice = seeded_random(12)
    messages: list[Message] = []
    for number in range(events):
        name = names[choice.randrange(PERFORMANCES_COUNT)]
        at_ms = now_ms - SPAN_DAYS * DAY_MS + number * SPAN_DAYS * DAY_MS // events
        messages.append(writer.message(ORDERS, name, sale(number, name, at_ms), at_ms))
        if choice.random() < REFUNDED_SHARE:
            back = OrderRefunded(
                order_id=f"ord_{number:026}",
                house_id=HOUSE,
                performance_id=name,
                amount=_money(4800),
                refunded_at_ms=at_ms,
            )
            messages.append(writer.message(ORDERS, name, back, at_ms))
        if len(messages) >= 10_000:
            await writer.publish(messages)
            messages = []
    await writer.publish(messages)


async def caught_up(bus: ManagedBus, engine: AsyncEngine, projection: Projection) -> tuple[float, float]:
    """Seconds until the served generation has everything that is on the bus now, and those of them at work here."""
    intake = EventIntake(bus, engine, CLOCK, projection)
    generation = await PostgresGenerations(engine, projection).serving()
    end = await intake.end()
    started, worked = time.perf_counter(), time.process_time()
    filling = asyncio.create_task(intake.fill(generation))
    while not await intake.passed(generation, end):  # noqa: ASYNC110 (the bus tells nobody)
        await asyncio.sleep(0.05)
    took, worked = time.perf_counter() - started, time.process_time() - worked
    filling.cancel()
    await asyncio.gather(filling, return_exceptions=True)
    return took, worked


async def asked(figures: PostgresFigures, now_ms: int) -> dict[str, float]:
    """Milliseconds of the questions of a dashboard of all performances, each the median of some."""
    sight = Sight(HOUSE, whole_house=True)
    fortnight = Narrowing(moved_from_ms=(now_ms - 14 * DAY_MS) // 60_000 * 60_000)

    async def performances() -> None:
        found = await figures.performances(sight, Narrowing())
        assert len(found) == PERFORMANCES_COUNT, len(found)

    async def days() -> None:
        assert await figures.sums(sight, fortnight, [Dimension.PERFORMANCE, Dimension.DAY])

    async def kinds() -> None:
        assert await figures.sums(sight, Narrowing(), [Dimension.PERFORMANCE, Dimension.KIND, Dimension.CHANNEL])

    async def parts() -> None:
        assert await figures.sums(sight, Narrowing(), [Dimension.COMPONENT, Dimension.VAT_CLASS])

    async def pace() -> None:
        assert await figures.sums(sight, Narrowing(titles=frozenset({"Title 3"})), [Dimension.DAYS_BEFORE])

    async def everything() -> None:
        """As a dashboard asks: one question after the other."""
        await performances()
        await days()
        week = Narrowing(moved_from_ms=(now_ms - 7 * DAY_MS) // 60_000 * 60_000)
        assert await figures.sums(sight, week, [Dimension.DAY, Dimension.COMPONENT])
        assert await figures.sums(sight, Narrowing(), [Dimension.PERFORMANCE, Dimension.COMPONENT])
        assert await figures.sums(sight, Narrowing(), [Dimension.TICKET_TYPE, Dimension.CHANNEL])

    told = {}
    for name, ask in (
        ("dashboard of 500 performances: its five questions", everything),
        ("performances with sums and counts", performances),
        ("14 days by performance", days),
        ("by performance, kind, channel", kinds),
        ("by component and tax", parts),
        ("pace of a title", pace),
    ):
        took = []
        for _ in range(LOOKS):
            started = time.perf_counter()
            await ask()
            took.append((time.perf_counter() - started) * 1000)
        told[name] = round(statistics.median(took), 1)
    return told


async def measure(events: int) -> dict[str, Any]:
    """Everything over one server."""
    now_ms = CLOCK.now_ms()
    with tempfile.TemporaryDirectory(
        prefix="balcon-bench-", dir=reachable_temp_folder(unprivileged_account())
    ) as folder:
        let_others_pass(Path(folder))
        postgres = EmbeddedPostgres(Path(folder) / "postgres")
        postgres.start()
        try:
            postgres.create_database("balcon_bus")
            engine = create_engine(await service_database(postgres, "reporting"), application="bench")
            bus = open_bus(postgres.url_for("balcon_bus"), clock=CLOCK, ids=RandomIds(), client_id="bench")
            try:
                return await _measured(bus, engine, events, now_ms)
            finally:
                await bus.close()
                await engine.dispose()
        finally:
            postgres.stop()


async def _measured(bus: ManagedBus, engine: AsyncEngine, events: int, now_ms: int) -> dict[str, Any]:
    await bus.create_topics(TOPICS)
    writer = Writer(bus)
    await fill(writer, events, now_ms)
    for projection in (HOUSES, PERFORMANCES):
        await caught_up(bus, engine, projection)
    seconds, worked = await caught_up(bus, engine, SALES)
    published = events * (1 + REFUNDED_SHARE)
    told: dict[str, Any] = {
        "caught_up_events_per_second": round(published / seconds),
        "events_per_second_of_its_cpu": round(published / worked),
        "million_events_seconds": round(1_000_000 / (published / seconds)),
    }
    figures = PostgresFigures(engine)
    async with as_owner(engine).connect() as connection:
        # What the server does by itself within a minute.
        await connection.execute(text("ANALYZE"))
        await connection.commit()
    told["asked_ms"] = await asked(figures, now_ms)
    started = time.perf_counter()
    building = asyncio.create_task(
        rebuild(PostgresGenerations(engine, SALES), EventIntake(bus, engine, CLOCK, SALES), CLOCK, 3_600)
    )
    beside = []
    while not building.done():
        looked = time.perf_counter()
        await figures.performances(Sight(HOUSE, whole_house=True), Narrowing())
        beside.append((time.perf_counter() - looked) * 1000)
        await asyncio.sleep(0.2)
    await building
    seconds = time.perf_counter() - started
    told["rebuilt_tickets_per_second"] = round(2 * events / seconds)
    told["million_tickets_rebuilt_seconds"] = round(1_000_000 / (2 * events / seconds))
    told["dashboard_ms_meanwhile"] = round(statistics.median(beside), 1)
    told["sale_told_after_ms"] = await lag(bus, engine, writer, events)
    return told


async def lag(bus: ManagedBus, engine: AsyncEngine, writer: Writer, first: int) -> dict[str, float]:
    """Milliseconds from publishing a sale until its transaction is committed in the model, at a thousand a second."""
    intake = EventIntake(bus, engine, CLOCK, SALES)
    generation = await PostgresGenerations(engine, SALES).serving()
    filling = asyncio.create_task(intake.fill(generation))
    sent: list[tuple[float, int]] = []
    figures = PostgresFigures(engine)
    base = (await figures.sums(Sight(HOUSE, whole_house=True), Narrowing(), []))[0].sums.tickets_sold
    seen: list[tuple[float, int]] = []

    async def watch() -> None:
        while True:
            told = (await figures.sums(Sight(HOUSE, whole_house=True), Narrowing(), []))[0].sums.tickets_sold - base
            seen.append((time.perf_counter(), told // 2))
            await asyncio.sleep(0.02)

    watching = asyncio.create_task(watch())
    await asyncio.sleep(3)  # its group has its partitions
    began, step = time.perf_counter(), LIVE_SALES_PER_SECOND // 20
    for turn in range(LIVE_SECONDS * 20):
        await asyncio.sleep(max(0.0, began + turn / 20 - time.perf_counter()))
        now_ms = CLOCK.now_ms()
        names = [f"perf_{(turn * step + place) % PERFORMANCES_COUNT:026}" for place in range(step)]
        number = first + turn * step
        messages = [
            writer.message(ORDERS, name, sale(number + place, name, now_ms), now_ms) for place, name in enumerate(names)
        ]
        at = time.perf_counter()
        await writer.publish(messages)
        sent.append((at, (turn + 1) * step))
    while not seen or seen[-1][1] < sent[-1][1]:  # noqa: ASYNC110 (so does the model)
        await asyncio.sleep(0.02)
    watching.cancel()
    filling.cancel()
    await asyncio.gather(watching, filling, return_exceptions=True)
    waits = sorted(next(at for at, told in seen if told >= count) - was for was, count in sent)
    return {
        "median": round(statistics.median(waits) * 1000),
        "p99": round(waits[int(len(waits) * 0.99) - 1] * 1000),
        "sales_per_second": round(sent[-1][1] / (sent[-1][0] - began)),
    }


if __name__ == "__main__":
    print(json.dumps(uvloop.run(measure(int(sys.argv[1]) if len(sys.argv) > 1 else EVENTS)), indent=2))
