"""The operators' calls about parked keys, over a real gRPC server."""

from __future__ import annotations

import pytest
from balcon.bus.v1.bus_service_pb2 import ListParkedKeysRequest, ReplayKeyRequest
from balcon.bus.v1.bus_service_pb2_grpc import BusServiceStub
from typer.testing import CliRunner

from services.console.main import app
from services.runtime.outbox.bus_servicer import serve_bus
from services.runtime.rpc.client import open_channel
from services.runtime.rpc.server import RpcServer
from services.runtime.testing import eventually
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
