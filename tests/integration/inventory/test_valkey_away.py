"""A real node whose Valkey answers no more: it says so in its health, and each refusal says when to come back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import grpc
import pytest

from services.runtime.clock import SystemClock
from services.runtime.embedded.valkey import EmbeddedValkey
from services.runtime.rpc.errors import refusal_of
from services.runtime.rpc.probe import is_serving
from services.runtime.testing import eventually
from services.runtime.testing.servers import DatabaseUrl
from tests.chaos.tcp_proxy import Mode, TcpProxy
from tests.integration.inventory.process import NodeProcess, Stores, hold

CLOCK = SystemClock()


@pytest.fixture
async def valkey_proxy(valkey: EmbeddedValkey) -> AsyncIterator[TcpProxy]:
    proxy = TcpProxy(CLOCK, valkey.port)
    await proxy.start()
    yield proxy
    await proxy.close()


@pytest.fixture
async def node(
    redis_url: str,
    valkey: EmbeddedValkey,
    valkey_proxy: TcpProxy,
    database_url: DatabaseUrl,
    emptied_database_url: Callable[[str], str],
    tmp_path: Path,
) -> AsyncIterator[NodeProcess]:
    through = redis_url.replace(f":{valkey.port}", f":{valkey_proxy.port}")
    stores = Stores(through, emptied_database_url("inventory"), database_url(), tmp_path)
    await stores.put_performance()
    made = NodeProcess(stores)
    await made.start()
    yield made
    made.close()


async def test_a_node_without_its_hold_store_is_not_serving_until_that_is_back(
    node: NodeProcess, valkey_proxy: TcpProxy
) -> None:
    async with node.client() as stub:
        await stub.HoldSeats(hold(0), timeout=120)
        await valkey_proxy.set_mode(Mode.HALF_OPEN)
        with pytest.raises(grpc.aio.AioRpcError) as away:
            await stub.HoldSeats(hold(1), timeout=120)
        told = refusal_of(away.value)
        assert told is not None
        assert told.code is grpc.StatusCode.UNAVAILABLE
        assert told.retry_after_ms

        async def serves() -> bool:
            return await asyncio.to_thread(is_serving, node.target)

        async def serves_not() -> bool:
            return not await serves()

        await eventually(serves_not)
        await valkey_proxy.set_mode(Mode.PASS)
        await eventually(serves)

        async def holds_again() -> bool:
            try:
                return bool((await stub.HoldSeats(hold(2), timeout=120)).hold.hold_id)
            except grpc.aio.AioRpcError as error:
                assert error.code() is grpc.StatusCode.UNAVAILABLE
                return False

        await eventually(holds_again)
