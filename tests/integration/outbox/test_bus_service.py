"""The operators' calls about parked keys, over a real gRPC server."""

from __future__ import annotations

import asyncio
import json

import grpc
import pytest
from balcon.bus.v1 import bus_service_pb2 as pb
from balcon.bus.v1.bus_service_pb2 import ListParkedKeysRequest, ReplayKeyRequest
from balcon.bus.v1.bus_service_pb2_grpc import BusServiceStub
from sqlalchemy import text
from typer.testing import CliRunner

from services.console.main import app
from services.runtime.bus.factory import open_bus
from services.runtime.bus.port import Message
from services.runtime.clock import SystemClock
from services.runtime.ids import RandomIds
from services.runtime.outbox.bus_servicer import serve_bus
from services.runtime.outbox.headers import to_message
from services.runtime.rpc.client import open_channel
from services.runtime.rpc.server import RpcServer
from services.runtime.testing import eventually
from services.runtime.testing.servers import DatabaseUrl
from tests.integration.outbox.stage import GROUP, SOURCE, TOPIC, Stage, effects, events, running


async def test_a_parked_key_is_listed_and_replayed_by_call(stage: Stage) -> None:
    stage.ledger.poisoned = {("a", "2")}
    consumer = stage.consumer(attempts=1)
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


async def test_a_group_is_paused_and_resumed_by_call_and_a_new_member_heeds_it(stage: Stage) -> None:
    consumer, second = stage.consumer(), stage.consumer()
    server = RpcServer(clock=stage.clock, ids=stage.ids)
    serve_bus(server, lambda: [consumer], stage.clock)
    await server.start()
    try:
        async with (
            running(stage.relay().run(), consumer.run(), second.run()),
            open_channel(f"127.0.0.1:{server.port}", stage.clock) as channel,
        ):
            calls = BusServiceStub(channel)
            (group,) = (await calls.ListGroups(pb.ListGroupsRequest())).groups
            assert (group.group, list(group.topics), group.HasField("paused_at")) == (GROUP, [TOPIC], False)
            first = (await calls.PauseGroup(pb.PauseGroupRequest(group=GROUP))).group.paused_at
            again = (await calls.PauseGroup(pb.PauseGroupRequest(group=GROUP))).group.paused_at
            assert first == again
            assert first.seconds
            await eventually(lambda: _nobody_there(stage))
            await stage.write("1", "2")
        # Everybody is new: the pause is the group's.
        late = stage.consumer()
        async with running(stage.relay().run(), late.run()):
            await eventually(lambda: _all_published(stage))
            assert await stage.effects() == []
            await late.pauses.resume()
            await eventually(lambda: _applied_two(stage))
    finally:
        await server.stop(0)


async def _nobody_there(stage: Stage) -> bool:
    """Whether the group has no member left."""
    async with stage.inbox.connect() as connection:
        members: int = (await connection.execute(text("SELECT count(*) FROM bus_member"))).scalar_one()
    return members == 0


async def _all_published(stage: Stage) -> bool:
    return await stage.unpublished() == 0


async def _applied_two(stage: Stage) -> bool:
    return await stage.effects() == effects("a", "1", "2")


async def test_an_unknown_group_is_refused_with_those_there_are(stage: Stage) -> None:
    server = RpcServer(clock=stage.clock, ids=stage.ids)
    serve_bus(server, lambda: [stage.consumer()], stage.clock)
    await server.start()
    try:
        async with open_channel(f"127.0.0.1:{server.port}", stage.clock) as channel:
            with pytest.raises(grpc.aio.AioRpcError, match=f"no group of this service.*{GROUP}"):
                await BusServiceStub(channel).PauseGroup(pb.PauseGroupRequest(group="nobody"))
            with pytest.raises(grpc.aio.AioRpcError, match="must be set"):
                await BusServiceStub(channel).ResumeGroup(pb.ResumeGroupRequest())
    finally:
        await server.stop(0)


@pytest.mark.parametrize("service", ["payments", "nobody"])
def test_a_service_without_consumers_has_nothing_to_replay(service: str) -> None:
    arguments = ["bus", "replay", service, TOPIC, "a", "--target", "orders=127.0.0.1:1"]
    ended = CliRunner().invoke(app, arguments)
    assert ended.exit_code == 2
    assert all(name in ended.output for name in ("inventory", "orders"))


async def _publish_three_and_read_one(url: str) -> None:
    bus = open_bus(url, clock=SystemClock(), ids=RandomIds(), client_id="test")
    try:
        await bus.create_topics({TOPIC: 2})
        await bus.publish([Message(TOPIC, "a", b"1")])
        subscription = await bus.subscribe(GROUP, [TOPIC])
        batch = await anext(aiter(subscription.batches()))
        await subscription.commit(batch[-1])
        await subscription.close()
        second, third = (to_message(event, event_id="e", source=SOURCE, time_ms=1_000) for event in events("2", "3"))
        await bus.publish([second, third])
    finally:
        await bus.close()


def test_topics_and_lag_are_told_on_the_command_line(database_url: DatabaseUrl) -> None:
    url = database_url()
    asyncio.run(_publish_three_and_read_one(url))
    sizes, lags = (
        json.loads(CliRunner().invoke(app, ["bus", command, "--bus-url", url, "--json"]).stdout)
        for command in ("topics", "lag")
    )
    assert sizes == [{"topic": TOPIC, "partitions": 2, "messages": 3, "keeps": "everything"}]
    assert lags == [{"group": GROUP, "topic": TOPIC, "lag": 2, "oldest_at_ms": 1_000, "paused": False}]


def test_a_bus_that_is_away_is_an_error_with_its_name() -> None:
    ended = CliRunner().invoke(app, ["bus", "lag", "--bus-url", "postgresql://127.0.0.1:1/bus"])
    assert ended.exit_code == 2
