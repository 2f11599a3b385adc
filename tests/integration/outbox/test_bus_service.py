"""The operators' calls about parked keys, over a real gRPC server."""

from __future__ import annotations

import asyncio
import json

import pytest
from balcon.bus.v1.bus_service_pb2 import ListParkedKeysRequest, ReplayKeyRequest
from balcon.bus.v1.bus_service_pb2_grpc import BusServiceStub
from typer.testing import CliRunner

from services.console.commands.bus import GroupLag, lags_of
from services.console.main import app
from services.runtime.bus.factory import open_bus
from services.runtime.bus.port import Message, PartitionState
from services.runtime.clock import SystemClock
from services.runtime.ids import RandomIds
from services.runtime.outbox.bus_servicer import serve_bus
from services.runtime.rpc.client import open_channel
from services.runtime.rpc.server import RpcServer
from services.runtime.testing import eventually
from services.runtime.testing.servers import DatabaseUrl
from tests.integration.outbox.stage import GROUP, SOURCE, TOPIC, Stage, effects, running


async def test_a_parked_key_is_listed_and_replayed_by_call(stage: Stage) -> None:
    stage.ledger.poisoned = {("a", "2")}
    consumer = stage.consumer(attempts=1)
    server = RpcServer(clock=stage.clock, ids=stage.ids)
    serve_bus(server, lambda: [consumer])
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
                assert len(keys) == 1
                key = keys[0]
                told = (key.group, key.topic, key.key, key.source, key.error, key.last_sequence, key.diverted_sequence)
                assert told == (GROUP, TOPIC, "a", SOURCE, "ValueError", 1, 3)

            await eventually(parked)
            stage.ledger.poisoned = set()
            request = ReplayKeyRequest(topic=TOPIC, key="a")
            assert (await calls.ReplayKey(request)).applied == 2
            assert (await calls.ReplayKey(request)).applied == 0
            assert not (await calls.ListParkedKeys(ListParkedKeysRequest())).keys
        assert await stage.effects() == effects("a", "1", "2", "3")
    finally:
        await server.stop(0)


@pytest.mark.parametrize("service", ["catalogue", "nobody"])
def test_a_service_without_consumers_has_nothing_to_replay(service: str) -> None:
    arguments = ["bus", "replay", service, TOPIC, "a", "--target", "orders=127.0.0.1:1"]
    ended = CliRunner().invoke(app, arguments)
    assert ended.exit_code == 2
    assert "inventory, orders, reporting" in ended.output


async def _publish_three_and_read_one(url: str) -> None:
    bus = open_bus(url, clock=SystemClock(), ids=RandomIds(), client_id="test")
    try:
        await bus.create_topics({TOPIC: 2})
        await bus.publish([Message(TOPIC, "a", b"1")])
        subscription = await bus.subscribe(GROUP, [TOPIC])
        batch = await anext(aiter(subscription.batches()))
        await subscription.commit(batch[-1])
        await subscription.close()
        await bus.publish([Message(TOPIC, "a", b"2"), Message(TOPIC, "b", b"3")])
    finally:
        await bus.close()


def test_topics_and_lag_are_told_on_the_command_line(database_url: DatabaseUrl) -> None:
    url = database_url()
    asyncio.run(_publish_three_and_read_one(url))
    sizes, lags = (
        json.loads(CliRunner().invoke(app, ["bus", command, "--bus-url", url, "--json"]).stdout)
        for command in ("topics", "lag")
    )
    assert sizes == [{"topic": TOPIC, "partitions": 2, "messages": 3}]
    assert lags == [{"group": GROUP, "topic": TOPIC, "lag": 2}]


def test_a_bus_that_is_away_is_an_error_with_its_name() -> None:
    ended = CliRunner().invoke(app, ["bus", "lag", "--bus-url", "postgresql://127.0.0.1:1/bus"])
    assert ended.exit_code == 2


def test_lag_begins_at_what_is_kept_and_is_told_for_topics_that_the_group_reads_only() -> None:
    partitions = [PartitionState("a", 0, 0, 10), PartitionState("a", 1, 4, 9), PartitionState("b", 0, 0, 7)]
    assert lags_of("g", partitions, {("a", 0): 8}) == [GroupLag("g", "a", 2 + 5)]
    assert lags_of("g", partitions, {("a", 0): 10, ("a", 1): 1}) == [GroupLag("g", "a", 5)]
