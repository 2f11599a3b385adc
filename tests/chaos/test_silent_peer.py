"""A connection to a service on which nothing is answered any more is replaced while callers still have time."""

from __future__ import annotations

import grpc
import pytest
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

from services.runtime.clock import SystemClock
from services.runtime.rpc.client import open_channel
from services.runtime.testing import eventually
from tests.chaos.tcp_proxy import Mode, TcpProxy

CLOCK = SystemClock()
CALL_SECONDS = 0.7
ANSWERED_SECONDS = 60.0
# Without keepalive it would be TCP that finds out, after a quarter of an hour.
FOUND_OUT_SECONDS = 90.0


@pytest.mark.slow
@pytest.mark.parametrize("mode", [Mode.MUTE, Mode.HALF_OPEN])
async def test_a_silent_connection_is_found_out_and_replaced(mode: Mode) -> None:
    server = grpc.aio.server()
    answering = health.aio.HealthServicer()
    health_pb2_grpc.add_HealthServicer_to_server(answering, server)
    proxy = TcpProxy(CLOCK, server.add_insecure_port("127.0.0.1:0"))
    await server.start()
    await answering.set("", health_pb2.HealthCheckResponse.SERVING)
    await proxy.start()
    channel = open_channel(f"127.0.0.1:{proxy.port}", CLOCK, own_connection=True)
    check = health_pb2_grpc.HealthStub(channel).Check  # type: ignore[attr-defined]  # not in the published stubs

    async def is_answered(seconds: float = CALL_SECONDS) -> bool:
        try:
            await check(health_pb2.HealthCheckRequest(), timeout=seconds)
        except grpc.aio.AioRpcError:
            return False
        return True

    assert await is_answered(ANSWERED_SECONDS)
    await proxy.set_mode(mode)
    assert not await is_answered()
    await proxy.set_mode(Mode.PASS)
    await eventually(is_answered, FOUND_OUT_SECONDS)
    await channel.close()
    await proxy.close()
    await server.stop(None)
