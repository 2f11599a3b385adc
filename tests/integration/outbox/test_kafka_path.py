"""The same path over Kafka: order per key, parking and replay. Group sharing is the bus contract's business."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from services.runtime.bus.factory import open_bus
from services.runtime.clock import SystemClock
from services.runtime.ids import RandomIds
from services.runtime.outbox.consumer import EventConsumer
from services.runtime.testing import eventually
from services.runtime.testing.servers import DatabaseUrl
from tests.integration.outbox.stage import Stage, effects, open_stage, running

PATIENCE_SECONDS = 120.0
NAMES = [str(n) for n in range(1, 9)]


@pytest.fixture
async def kafka_stage(kafka_bootstrap: str, database_url: DatabaseUrl) -> AsyncIterator[Stage]:
    """A stage whose bus is Kafka, with a topic that no other run on the same broker has."""
    bus = open_bus(f"kafka://{kafka_bootstrap}", clock=SystemClock(), ids=RandomIds(), client_id="test")
    stage = await open_stage(database_url(), bus, RandomIds().new_id("test"))
    yield stage
    await bus.close()
    await stage.outbox.dispose()
    await stage.inbox.dispose()


async def test_events_go_over_kafka_and_a_parked_key_is_replayed(kafka_stage: Stage) -> None:
    stage = kafka_stage
    bad, good = "bad", "good"
    stage.ledger.poisoned = {(bad, "3")}
    consumer = EventConsumer(
        stage.bus,
        stage.inbox,
        group=RandomIds().new_id("grp"),
        topics=[stage.topic],
        handler=stage.ledger.apply,
        clock=stage.clock,
        attempts=1,
        gap_rereads=0,
    )
    async with running(stage.relay().run(), consumer.run()):
        for name in NAMES:
            await stage.write(name, key=bad)
            await stage.write(name, key=good)
        await eventually(lambda: _holds(stage, good), PATIENCE_SECONDS)

        async def parked() -> bool:
            return await stage.effects(bad) == effects(bad, "1", "2")

        # The keys may be of different partitions: the good one's end says nothing of the bad one's.
        await eventually(parked, PATIENCE_SECONDS)
        stage.ledger.poisoned = set()

        async def replayed() -> bool:
            await consumer.replay(stage.topic, bad)
            return await _holds(stage, bad)

        await eventually(replayed, PATIENCE_SECONDS)


async def _holds(stage: Stage, key: str) -> bool:
    return await stage.effects(key) == effects(key, *NAMES)
