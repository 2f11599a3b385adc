"""The read model built anew from the topics equals the live one (INV-7), and people read on meanwhile."""

import asyncio
from collections import Counter
from dataclasses import replace

import pytest
from balcon.inventory.v1.inventory_events_pb2 import AvailabilityChanged
from sqlalchemy import text

from services.reporting.adapters.event_intake import EventIntake
from services.reporting.adapters.postgres_read_model import PostgresReadModel
from services.reporting.adapters.projections.totals import TOTALS
from services.reporting.domain.totals import Totals
from services.reporting.handlers.rebuild import EventNotApplied, HistoryIncomplete, RebuildTooSlow, rebuild
from services.reporting.ports.generations import GenerationGone
from services.runtime.bus.memory_bus import MemoryBus
from services.runtime.bus.port import Message
from services.runtime.bus.topics import AVAILABILITY, CATALOGUE, ORDERS, TOPICS, dead_letter_topic
from services.runtime.ids import seeded_random
from services.runtime.testing import eventually
from services.runtime.testing.servers import DatabaseUrl, as_owner
from tests.integration.reporting.sales_stage import (
    CLOCK,
    Stage,
    confirmed,
    counted,
    described,
    refunded,
    staged,
)


async def sell(stage: Stage, orders: int, seed: int, start: int = 0) -> None:
    """A busy evening over five performances: sales, refunds of some, counts, the catalogue's word in between."""
    choice = seeded_random(seed)
    for number in range(start, start + orders):
        performance_id = f"p{choice.randrange(5)}"
        categories = choice.choices("ABC", k=choice.randint(1, 6))
        await stage.publisher.publish(confirmed(f"o{number}", performance_id, *categories, at_ms=number))
        if choice.random() < 0.2:
            await stage.publisher.publish(refunded(f"o{number}", performance_id, at_ms=number))
        if choice.random() < 0.1:
            await stage.publisher.publish(counted(performance_id, 1, number + 1, free=choice.randrange(100)))
        if choice.random() < 0.05:
            await stage.publisher.publish(described(performance_id, capacity=choice.randint(100, 200)))


async def settled(stage: Stage) -> list[Totals]:
    """What is told once every event and every count is in."""
    await stage.caught_up()
    newest: Counter[str] = Counter()
    for message in stage.publisher.published:
        if message.topic == AVAILABILITY:
            version = AvailabilityChanged.FromString(message.payload).version
            newest[message.key] = max(newest[message.key], version)

    async def counts_are_in() -> None:
        told = {totals.performance_id: totals.counted for totals in await stage.everything()}
        assert {key: counts.version for key, counts in told.items() if counts is not None} == newest

    await eventually(counts_are_in)
    return await stage.everything()


async def anew(stage: Stage, timeout_seconds: float = 30.0) -> int:
    return await rebuild(stage.generations, stage.intake, CLOCK, timeout_seconds)


class Idle(EventIntake):
    """Fills nothing."""

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage.bus, stage.engine, CLOCK, TOTALS)
        self.begun = asyncio.Event()

    async def fill(self, generation: int) -> None:
        self.begun.set()
        await asyncio.Event().wait()


async def without(stage: Stage, *missing: Message) -> EventIntake:
    """The history as a bus has it that lost some messages."""
    bus = MemoryBus()
    await bus.create_topics(TOPICS)
    await bus.publish([message for message in stage.publisher.published if message not in missing])
    return EventIntake(bus, stage.engine, CLOCK, TOTALS)


async def test_a_rebuild_equals_the_live_read_model(database_url: DatabaseUrl) -> None:
    async with staged(database_url("reporting")) as stage:
        async with stage.following():
            await sell(stage, 150, seed=1)
            live = await settled(stage)
        assert sum(totals.sold for totals in live) > 200
        assert await anew(stage) == 2
        assert await stage.everything() == live
        assert await stage.violations() == []


async def test_a_rebuild_mends_figures_that_were_wrong(database_url: DatabaseUrl) -> None:
    async with staged(database_url("reporting")) as stage:
        async with stage.following():
            await sell(stage, 20, seed=2)
            live = await settled(stage)
        async with as_owner(stage.engine).begin() as connection:
            await connection.execute(text("UPDATE sales_lines SET tickets = tickets + 7"))
        assert await stage.violations()
        await anew(stage)
        assert await stage.everything() == live


async def test_sales_go_on_during_a_rebuild_and_the_service_moves_to_the_new_model(database_url: DatabaseUrl) -> None:
    async with staged(database_url("reporting")) as stage, stage.following():
        await sell(stage, 60, seed=3)
        await settled(stage)
        sold_before = {totals.performance_id: totals.orders_confirmed for totals in await stage.everything()}
        building = asyncio.create_task(anew(stage))
        for part in range(5):
            await sell(stage, 10, seed=10 + part, start=1_000 + 10 * part)
            # Nobody is ever told of less than before, or of nothing.
            told = {totals.performance_id: totals.orders_confirmed for totals in await stage.everything()}
            assert all(told[performance_id] >= count for performance_id, count in sold_before.items())
        generation = await building
        await sell(stage, 10, seed=20, start=2_000)
        after = await settled(stage)
        assert await stage.generations.serving() == generation
        assert sum(totals.orders_confirmed for totals in after) == 120
        assert await stage.violations() == []


async def test_a_rebuild_that_cannot_catch_up_leaves_the_live_model_in_place(database_url: DatabaseUrl) -> None:
    async with staged(database_url("reporting")) as stage:
        async with stage.following():
            await sell(stage, 5, seed=4)
            live = await settled(stage)

        with pytest.raises(RebuildTooSlow):
            await rebuild(stage.generations, Idle(stage), CLOCK, 0.3)
        assert await stage.generations.serving() == 1
        assert await stage.everything() == live
        # The next one begins with an empty model of its own.
        assert await anew(stage) == 3
        assert await stage.everything() == live


async def test_what_an_old_consumer_still_writes_is_refused(database_url: DatabaseUrl) -> None:
    async with staged(database_url("reporting")) as stage:
        async with stage.following():
            await sell(stage, 5, seed=5)
            await settled(stage)
        await anew(stage)
        async with as_owner(stage.engine).begin() as connection:
            with pytest.raises(GenerationGone):
                await PostgresReadModel(connection, 1).load("house_1", "p1", ())
        async with as_owner(stage.engine).connect() as connection:
            for table in ("performances", "sales_lines", "orders", "order_lines"):
                rows = await connection.execute(text(f"SELECT DISTINCT generation FROM {table}"))
                assert set(rows.scalars()) <= {2}
            consumers = await connection.execute(text("SELECT DISTINCT consumer FROM inbox_sequence"))
            assert set(consumers.scalars()) == {"reporting-2"}


async def test_of_two_rebuilds_the_later_one_ends_and_the_other_says_so(database_url: DatabaseUrl) -> None:
    async with staged(database_url("reporting")) as stage:
        async with stage.following():
            await sell(stage, 5, seed=6)
            live = await settled(stage)
        idle = Idle(stage)
        first = asyncio.create_task(rebuild(stage.generations, idle, CLOCK, 30))
        await idle.begun.wait()
        await anew(stage)
        with pytest.raises(GenerationGone):
            await first
        assert await stage.everything() == live


async def test_a_history_without_its_first_event_is_named_and_the_old_model_stays(database_url: DatabaseUrl) -> None:
    async with staged(database_url("reporting")) as stage:
        for number in range(4):
            await stage.publisher.publish(confirmed(f"o{number}", "p1"), confirmed(f"q{number}", "p2"))
        async with stage.following():
            live = await settled(stage)
        lost = [message for message in stage.publisher.published if message.key == "p2"][:2]
        history = await without(stage, *lost)
        with pytest.raises(HistoryIncomplete) as caught:
            await rebuild(stage.generations, history, CLOCK, 3600)
        facts = {"topic": ORDERS, "key": "p2", "first_sequence": 3, "needed_sequence": 1, "known_sequence": 4}
        assert caught.value.facts.items() >= facts.items()
        assert await stage.generations.kept() == [1]
        assert await stage.everything() == live


async def test_a_key_that_the_bus_has_nothing_of_is_named(database_url: DatabaseUrl) -> None:
    async with staged(database_url("reporting")) as stage:
        await stage.publisher.publish(confirmed("o1", "p1"), confirmed("o2", "p2"), counted("p2", 1, 1, free=3))
        async with stage.following():
            await settled(stage)
        history = await without(stage, *(message for message in stage.publisher.published if message.topic == ORDERS))
        with pytest.raises(HistoryIncomplete) as caught:
            await rebuild(stage.generations, history, CLOCK, 3600)
        assert caught.value.facts.items() >= {"topic": ORDERS, "key": "p1", "first_sequence": 0}.items()


async def test_an_event_that_can_be_applied_no_more_is_named(database_url: DatabaseUrl) -> None:
    async with staged(database_url("reporting")) as stage:
        await stage.publisher.publish(confirmed("o1", "p1"), confirmed("o2", "p1"))
        async with stage.following():
            await settled(stage)
        bus = MemoryBus()
        await bus.create_topics(TOPICS)
        first, second = stage.publisher.published
        await bus.publish([first, replace(second, payload=b"\xff")])
        with pytest.raises(EventNotApplied) as caught:
            await rebuild(stage.generations, EventIntake(bus, stage.engine, CLOCK, TOTALS), CLOCK, 3600)
        assert caught.value.facts.items() >= {"topic": ORDERS, "key": "p1", "sequence": 2}.items()


async def test_nothing_of_a_rebuild_stays_on_the_bus_but_the_groups_of_the_served_model(
    database_url: DatabaseUrl,
) -> None:
    async with staged(database_url("reporting")) as stage:
        await stage.bus.create_topics({dead_letter_topic(ORDERS, "reporting-77"): 1, "reporting-9": 1})
        for dead in ("reporting-77", "reporting-77-counts", "reporting-77.replay.1.2", "reporting-x", "inventory"):
            member = await stage.bus.subscribe(dead, [ORDERS])
            await member.close()
        async with stage.following():
            await sell(stage, 5, seed=7)
            await settled(stage)
            with pytest.raises(RebuildTooSlow):
                await rebuild(stage.generations, Idle(stage), CLOCK, 0.3)
            generation = await anew(stage)
            await settled(stage)
            ours = {f"reporting-{generation}", f"reporting-{generation}-counts"}
            assert set(await stage.bus.groups()) == ours | {"reporting-x", "inventory"}
            names = {state.topic for state in await stage.bus.partitions()}
            letters = {dead_letter_topic(topic, f"reporting-{generation}") for topic in (CATALOGUE, ORDERS)}
            assert names == {*TOPICS, *letters, "reporting-9"}
