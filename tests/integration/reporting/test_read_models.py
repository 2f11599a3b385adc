"""Read models as a registry: each follows its topics, is rebuilt and switched alone, and survives bad days."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from balcon.customers.v1.customers_events_pb2 import CustomerErased, CustomersMerged
from balcon.orders.v1.orders_events_pb2 import OrderConfirmed, OrderRefunded
from google.protobuf.message import Message as Protobuf
from sqlalchemy import event, text
from sqlalchemy.ext.asyncio import AsyncEngine

from services.reporting.adapters.event_intake import EventIntake
from services.reporting.adapters.postgres_figures import PostgresFigures
from services.reporting.adapters.postgres_generations import PostgresGenerations
from services.reporting.adapters.projections.performances import PERFORMANCES
from services.reporting.adapters.projections.projection import Projection
from services.reporting.adapters.projections.registry import PROJECTIONS
from services.reporting.adapters.projections.sales import SALES
from services.reporting.handlers.rebuild import rebuild
from services.reporting.ports.figures import Dimension
from services.runtime.bus.memory_bus import MemoryBus
from services.runtime.bus.topics import TOPICS
from services.runtime.embedded.postgres import EmbeddedPostgres
from services.runtime.ids import seeded_random
from services.runtime.outbox.headers import to_event
from services.runtime.sql.connections import connected
from services.runtime.sql.engine import create_engine
from services.runtime.sql.scopes import AllHouses
from services.runtime.testing import eventually
from services.runtime.testing.servers import DatabaseUrl, as_owner, service_database
from tests.integration.reporting.figures_stage import (
    ALL,
    WHOLE,
    house,
    line,
    part_refund,
    performance,
    refund,
    sale,
)
from tests.integration.reporting.sales_stage import CLOCK, HOUSE, Publisher

KILLS = 200
CATEGORIES = ("A", "B")
PARTITION = AllHouses("a partition holds events of many houses")


class Models:
    """Read models that follow one bus over one database."""

    def __init__(self, engine: AsyncEngine, bus: MemoryBus) -> None:
        self.engine = engine
        self.bus = bus
        self.publisher = Publisher(bus)
        self.figures = PostgresFigures(engine)

    def intake(self, projection: Projection) -> EventIntake:
        return EventIntake(self.bus, self.engine, CLOCK, projection)

    def generations(self, projection: Projection) -> PostgresGenerations:
        return PostgresGenerations(self.engine, projection)

    async def filled(self, projection: Projection = SALES) -> None:
        """Follows until everything that is on the bus now is in."""
        intake = self.intake(projection)
        generation = await self.generations(projection).serving()
        end = await intake.end()
        filling = asyncio.create_task(intake.fill(generation))

        async def is_in() -> None:
            assert await intake.passed(generation, end)

        await eventually(is_in)
        filling.cancel()
        await asyncio.gather(filling, return_exceptions=True)

    async def rows(self, projection: Projection = SALES) -> dict[str, list[Any]]:
        """Everything in the served generation, without its number."""
        generation = await self.generations(projection).serving()
        found = {}
        async with as_owner(self.engine).connect() as connection:
            for table in projection.tables:
                columns = ", ".join(column.name for column in table.c if column.name != "generation")
                query = f"SELECT {columns} FROM {table.name} WHERE generation = {generation}"
                rows = [tuple(row) for row in await connection.execute(text(query))]
                found[table.name] = sorted(rows, key=repr)
        return found

    async def anew(self, projection: Projection = SALES) -> int:
        return await rebuild(self.generations(projection), self.intake(projection), CLOCK, 60.0)


@asynccontextmanager
async def models(url: str) -> AsyncIterator[Models]:
    engine, bus = create_engine(url, application="test"), MemoryBus()
    await bus.create_topics(TOPICS)
    try:
        yield Models(engine, bus)
    finally:
        await bus.close()
        await engine.dispose()


def evening(number: int, seed: int = 1) -> list[Protobuf]:
    """An order of one to three tickets over three performances, and in some cases what came back of it."""
    choice = seeded_random(seed * 100_000 + number)
    name, order_id = f"p{choice.randrange(3)}", f"o{number}"
    seats = [line(f"{order_id}-{seat}", category=choice.choice(CATEGORIES)) for seat in range(choice.randint(1, 3))]
    found: list[Protobuf] = [
        sale(order_id, name, "2027-01-04 10:00", *seats, channel=choice.choice(["ONLINE", "BACKEND"]))
    ]
    fate = choice.random()
    if fate < 0.2:
        found.append(part_refund(order_id, name, "2027-01-05 10:00", choice.randint(1, 2000), 2650 * len(seats)))
    if fate < 0.3:
        found.append(refund(order_id, name, "2027-01-06 10:00"))
    return found


def left_of(published: Sequence[Protobuf]) -> tuple[int, int]:
    """Tickets and money, added up from the events and by nothing that reporting has."""
    orders = {each.order_id: each for each in published if isinstance(each, OrderConfirmed)}
    whole = {each.order_id for each in published if isinstance(each, OrderRefunded)}
    backs: dict[str, int] = {}
    for each in published:
        if each.DESCRIPTOR.name == "OrderPartlyRefunded":
            backs[each.order_id] = each.refunded.amount_minor  # type: ignore[attr-defined]
    kept = [order for order_id, order in orders.items() if order_id not in whole]
    tickets = sum(len(order.lines) for order in kept)
    return tickets, sum(order.total.amount_minor - backs.get(order.order_id, 0) for order in kept)


async def test_each_read_model_is_rebuilt_and_switched_alone(database_url: DatabaseUrl) -> None:
    async with models(database_url("reporting")) as stage:
        await stage.publisher.publish(performance("p1"), *evening(1), *evening(2))
        for projection in (SALES, PERFORMANCES):
            await stage.filled(projection)
        before = await stage.rows()
        served = {name: await stage.generations(each).serving() for name, each in PROJECTIONS.items()}
        generation = await stage.anew()
        assert generation > served["sales"]
        assert await stage.rows() == before
        after = {name: await stage.generations(each).serving() for name, each in PROJECTIONS.items()}
        assert after == {**served, "sales": generation}
        groups = set(await stage.bus.groups())
        assert f"reporting-sales-{generation}" in groups
        assert f"reporting-sales-{served['sales']}" not in groups
        assert f"reporting-performances-{served['performances']}" in groups


async def test_r3_16_an_erased_customer_is_in_no_movement_whatever_came_first(database_url: DatabaseUrl) -> None:
    async with models(database_url("reporting")) as stage:
        sold = [sale(f"o{name}", "p1", "2027-01-04 10:00", customer_id=f"cus_{name}") for name in "abcd"]
        await stage.publisher.publish(*sold[:2])
        await stage.filled()
        await stage.publisher.publish(
            CustomerErased(house_id=HOUSE, customer_id="cus_a"),
            CustomersMerged(house_id=HOUSE, customer_id="cus_d", merged_customer_id="cus_b"),
            CustomerErased(house_id=HOUSE, customer_id="cus_c"),
        )
        await stage.filled()
        # Sold before, and told after.
        await stage.publisher.publish(*sold[2:], refund("ob", "p1", "2027-01-05 10:00"))
        await stage.filled()

        async def customers() -> list[tuple[str, int, str]]:
            found = [one async for one in stage.figures.movements(WHOLE, ALL)]
            return sorted((one.order_id, one.tickets, one.customer_id) for one in found)

        expected = [("oa", 1, ""), ("ob", -1, "cus_d"), ("ob", 1, "cus_d"), ("oc", 1, ""), ("od", 1, "cus_d")]
        assert await customers() == expected
        # The whole history at once, consents before sales or after them.
        await stage.anew()
        assert await customers() == expected


async def test_r3_16_a_sale_that_is_being_written_is_not_missed_by_an_erasure(database_url: DatabaseUrl) -> None:
    """The erasure waits for the batch that has looked already; without its lock it would end first and see no row."""
    async with models(database_url("reporting")) as stage:
        generation = await stage.generations(SALES).serving()
        sold = to_event(stage.publisher.message(sale("o1", "p1", "2027-01-04 10:00", customer_id="cus_a")))
        erased = to_event(stage.publisher.message(CustomerErased(house_id=HOUSE, customer_id="cus_a")))

        async def erase() -> None:
            async with connected(stage.engine, PARTITION) as connection:
                await SALES.apply(connection, generation, [erased])

        async with connected(stage.engine, PARTITION) as connection:
            await SALES.apply(connection, generation, [sold])
            erasing = asyncio.create_task(erase())

            async def has_come_as_far_as_it_can() -> bool:
                async with as_owner(stage.engine).connect() as owner:
                    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
                    return erasing.done() or bool((await owner.execute(text(waiting))).scalar_one())

            await eventually(has_come_as_far_as_it_can)
        await erasing
        assert [one.customer_id async for one in stage.figures.movements(WHOLE, ALL)] == [""]


async def test_a_poisoned_event_parks_its_key_and_no_other(database_url: DatabaseUrl) -> None:
    async with models(database_url("reporting")) as stage:
        good = [stage.publisher.message(sale(f"o{n}", f"p{n % 4}", "2027-01-04 10:00")) for n in range(40)]
        poisoned = replace(good[21], payload=b"\xff")
        await stage.publisher.send([*good[:21], poisoned, *good[22:]])
        intake = stage.intake(SALES)
        filling = asyncio.create_task(intake.fill(await stage.generations(SALES).serving()))

        async def all_but_one_key_is_in() -> None:
            rows = await stage.figures.sums(WHOLE, ALL, [Dimension.PERFORMANCE])
            assert {row.values[0]: row.sums.tickets for row in rows} == {"p0": 10, "p1": 5, "p2": 10, "p3": 10}

        await eventually(all_but_one_key_is_in)
        (parked,) = await intake.consumers[0].parked()
        assert (parked.place.key, parked.last_sequence, parked.error) == ("p1", 5, "EventMalformed")
        filling.cancel()
        await asyncio.gather(filling, return_exceptions=True)


class Killing:
    """Ends a task at the nth statement or commit over an engine, as a process ends: in the middle of anything."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.left = 0
        self.done = 0
        self.victim: asyncio.Task[None] | None = None
        event.listen(engine.sync_engine, "before_cursor_execute", self._step)
        event.listen(engine.sync_engine, "after_cursor_execute", self._step)
        event.listen(engine.sync_engine, "commit", self._step)

    def arm(self, victim: asyncio.Task[None], after: int) -> None:
        self.victim, self.left = victim, after

    def _step(self, *_: Any) -> None:
        if self.victim is None:
            return
        self.left -= 1
        if self.left <= 0:
            self.done += 1
            self.victim.cancel()
            self.victim = None


@pytest.mark.slow
async def test_killed_two_hundred_times_the_read_model_equals_a_recompute(database_url: DatabaseUrl) -> None:
    """INV-7. Kills come at every statement of a batch, before and after it, and around its commit."""
    async with models(database_url("reporting")) as stage:
        killing = Killing(stage.engine)
        choice = seeded_random(1)
        published: list[Protobuf] = []
        generation = await stage.generations(SALES).serving()
        number = 0
        while killing.done < KILLS:
            batch = [each for order in range(number, number + 3) for each in evening(order)]
            number += 3
            published += batch
            await stage.publisher.publish(*batch)
            if choice.random() < 0.2:
                # A relay that does not know whether it published does so again.
                await stage.bus.publish(stage.publisher.published[-2:])
            victim = asyncio.create_task(stage.intake(SALES).fill(generation))
            killing.arm(victim, choice.randint(1, 40))

            async def is_dead(victim: asyncio.Task[None] = victim) -> None:
                assert victim.done() or await stage.intake(SALES).passed(generation, await stage.intake(SALES).end())

            await eventually(is_dead)
            victim.cancel()
            await asyncio.gather(victim, return_exceptions=True)
        await stage.filled()
        killed = await stage.rows()
        (told,) = await stage.figures.sums(WHOLE, ALL, [])
        assert (told.sums.tickets, told.sums.revenue_minor) == left_of(published)
        await stage.anew()
        assert await stage.rows() == killed


@pytest.mark.slow
async def test_a_database_that_starts_again_in_the_middle_of_a_rebuild_ends_nothing(own_server_folder: Path) -> None:
    server = EmbeddedPostgres(own_server_folder / "postgres")
    server.start()
    try:
        async with models(await service_database(server, "reporting")) as stage:
            published = [each for number in range(1_500) for each in evening(number)]
            await stage.publisher.publish(house(), *published)
            await stage.filled()
            before = await stage.rows()
            served = await stage.generations(SALES).serving()
            building = asyncio.create_task(stage.anew())

            async def has_begun() -> None:
                async with as_owner(stage.engine).connect() as connection:
                    query = f"SELECT count(*) FROM sales_ledger WHERE generation <> {served}"
                    assert (await connection.execute(text(query))).scalar_one() > 0

            await eventually(has_begun)
            await asyncio.to_thread(server.stop)
            assert not building.done()
            await asyncio.to_thread(server.start)
            assert await building > served
            assert await stage.rows() == before
    finally:
        server.stop()
