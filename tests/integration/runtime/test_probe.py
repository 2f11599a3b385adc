"""The containers' health check tells a serving process from one that is gone or going."""

import asyncio

from services.runtime.clock import SystemClock
from services.runtime.ids import RandomIds
from services.runtime.rpc.probe import is_serving, main
from services.runtime.rpc.server import RpcServer


async def test_a_serving_process_is_healthy_and_a_stopped_one_is_not() -> None:
    server = RpcServer(clock=SystemClock(), ids=RandomIds())
    await server.start()
    target = f"127.0.0.1:{server.port}"
    assert await asyncio.to_thread(is_serving, target)
    await server.announce_stop()
    assert not await asyncio.to_thread(is_serving, target)
    await server.stop(0)
    assert await asyncio.to_thread(main, [target]) == 1


def test_wrong_arguments_are_told_apart_from_an_unhealthy_process() -> None:
    assert main([]) == 2
