"""The same path over Kafka: order per key, parking and replay. Group sharing is the bus contract's business."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from aiokafka import AIOKafkaConsumer
from balcon.bus.v1.bus_service_pb2 import ListParkedKeysRequest, ReplayKeyRequest
from balcon.bus.v1.bus_service_pb2_grpc import BusServiceStub
from cloudevents.core.bindings.kafka import KafkaMessage, from_kafka_event

from services.runtime.bus.factory import open_bus
from services.runtime.clock import SystemClock
from services.runtime.ids import RandomIds
from services.runtime.outbox.bus_servicer import serve_bus
from services.runtime.outbox.consumer import EventConsumer, Patience
from services.runtime.rpc.client import open_channel
from services.runtime.rpc.server import RpcServer
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
        patience=Patience(attempts=1, gap_rereads=0),
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


async def test_a_parked_key_is_listed_and_replayed_by_the_operators_call(kafka_stage: Stage) -> None:
    stage = kafka_stage
    stage.ledger.poisoned = {("a", "2")}
    group = RandomIds().new_id("grp")
    consumer = EventConsumer(
        stage.bus,
        stage.inbox,
        group=group,
        topics=[stage.topic],
        handler=stage.ledger.apply,
        clock=stage.clock,
        patience=Patience(attempts=1, gap_rereads=0),
    )
    server = RpcServer(clock=stage.clock, ids=stage.ids)
    serve_bus(server, lambda: [consumer], stage.clock)
    await server.start()
    try:
        async with (
            running(stage.relay().run(), consumer.run()),
            open_channel(f"127.0.0.1:{server.port}", stage.clock) as channel,
        ):
            calls = BusServiceStub(channel)
            await stage.write("1", "2", "3")

            async def parked() -> None:
                keys = (await calls.ListParkedKeys(ListParkedKeysRequest())).keys
                told = [(key.group, key.topic, key.key, key.error, key.diverted_sequence) for key in keys]
                assert told == [(group, stage.topic, "a", "ValueError", 3)]

            await eventually(parked, PATIENCE_SECONDS)
            stage.ledger.poisoned = set()
            replayed = await calls.ReplayKey(ReplayKeyRequest(topic=stage.topic, key="a"), timeout=PATIENCE_SECONDS)
            assert replayed.applied == 2
            assert not (await calls.ListParkedKeys(ListParkedKeysRequest())).keys
            # What comes after it flows again, without a detour.
            await stage.write("4")

            async def flows() -> bool:
                return await stage.effects("a") == effects("a", "1", "2", "3", "4")

            await eventually(flows, PATIENCE_SECONDS)
    finally:
        await server.stop(0)


async def _holds(stage: Stage, key: str) -> bool:
    return await stage.effects(key) == effects(key, *NAMES)


async def test_a_client_that_is_not_ours_reads_our_events_as_cloud_events(
    kafka_stage: Stage, kafka_bootstrap: str
) -> None:
    stage = kafka_stage
    await stage.write("1", key="show")
    reader = AIOKafkaConsumer(
        stage.topic, bootstrap_servers=kafka_bootstrap, auto_offset_reset="earliest", metadata_max_age_ms=1_000
    )
    async with running(stage.relay().run()):
        await reader.start()
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                record = await reader.getone()
        finally:
            await reader.stop()

    event = from_kafka_event(KafkaMessage(dict(record.headers), record.key, record.value))
    assert (event.get_specversion(), event.get_subject()) == ("1.0", "show")
    assert event.get_datacontenttype() == "application/protobuf"
    assert event.get_extension("partitionkey") == "show"
    assert int(event.get_extension("sequence")) == 1
    assert event.get_id() and event.get_type() and event.get_source() and event.get_time()
    assert event.get_data() == "1", "bytes that are a text are read as one"
