"""Bus URLs, and the bus in memory under virtual time."""

from __future__ import annotations

import asyncio

import pytest

from services.runtime.bus.factory import open_bus
from services.runtime.bus.faults import BusUrlInvalid
from services.runtime.bus.kafka_bus import KafkaBus
from services.runtime.bus.memory_bus import MemoryBus
from services.runtime.bus.port import Bus, Message
from services.runtime.bus.postgres_bus import PostgresBus
from services.runtime.bus.topics import COMPACTED, TOPICS, dead_letter_topic
from services.runtime.clock import LoopClock
from services.runtime.ids import SeededIds
from services.runtime.testing import run_virtual


def open_test_bus(url: str) -> Bus:
    """Opens nothing yet."""
    return open_bus(url, clock=LoopClock(), ids=SeededIds(1), client_id="test")


@pytest.mark.parametrize(
    ("url", "adapter"),
    [
        ("kafka://127.0.0.1:9092", KafkaBus),
        ("kafka://a:9092,b:9092", KafkaBus),
        ("postgresql+asyncpg://postgres@127.0.0.1/balcon_bus", PostgresBus),
        ("postgresql://postgres@127.0.0.1/balcon_bus", PostgresBus),
        ("memory://", MemoryBus),
    ],
)
async def test_the_scheme_picks_the_adapter(url: str, adapter: type) -> None:
    assert isinstance(open_test_bus(url), adapter)


@pytest.mark.parametrize("url", ["", "kafka://", "amqp://a", "postgresql+asyncpg://postgres@127.0.0.1", "redis://a"])
def test_a_url_of_nothing_known_is_refused_without_quoting_it(url: str) -> None:
    with pytest.raises(BusUrlInvalid) as refused:
        open_test_bus(url)
    assert "127.0.0.1" not in str(refused.value)


def test_every_topic_of_balcon_has_partitions_and_a_version() -> None:
    assert all(topic.startswith("balcon.") and topic.endswith(".v1") for topic in TOPICS)
    assert all(1 <= partitions <= 16 for partitions in TOPICS.values())
    assert TOPICS.keys() >= COMPACTED
    assert dead_letter_topic("balcon.orders.v1", "reporting") == "balcon.orders.v1.reporting.dlq"


def test_the_memory_bus_works_in_virtual_time() -> None:
    async def talk() -> list[bytes]:
        clock, bus = LoopClock(), MemoryBus()
        await bus.create_topics({"t": 2})
        subscription = await bus.subscribe("g", ["t"])

        async def publish() -> None:
            for n in range(3):
                await clock.sleep(600)
                await bus.publish([Message("t", "a", str(n).encode())])
            await clock.sleep(600)
            await bus.close()

        publishing = asyncio.create_task(publish())
        seen = [delivered.message.payload async for batch in subscription.batches() for delivered in batch]
        await publishing
        return seen

    assert run_virtual(talk()) == [b"0", b"1", b"2"]
