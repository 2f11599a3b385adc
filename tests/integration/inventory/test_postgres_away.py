"""A real node whose PostgreSQL is gone or silent: holds go on, claims wait for an answer, and nothing is lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import grpc
import pytest
from balcon.inventory.v1 import inventory_service_pb2 as pb

from services.runtime.clock import SystemClock
from services.runtime.embedded.postgres import EmbeddedPostgres
from services.runtime.rpc.errors import refusal_of
from services.runtime.testing import eventually
from services.runtime.testing.servers import DatabaseUrl
from tests.chaos.tcp_proxy import Mode, TcpProxy
from tests.integration.inventory.process import CAPACITY, KEY, NodeProcess, Stores, claim, hold

CLOCK = SystemClock()
HOLDS_MEANWHILE = 300


@pytest.fixture
async def postgres_proxy(postgres: EmbeddedPostgres) -> AsyncIterator[TcpProxy]:
    proxy = TcpProxy(CLOCK, postgres.port)
    await proxy.start()
    yield proxy
    await proxy.close()


@pytest.fixture
async def node(
    redis_url: str,
    postgres: EmbeddedPostgres,
    postgres_proxy: TcpProxy,
    database_url: DatabaseUrl,
    emptied_database_url: Callable[[str], str],
    tmp_path: Path,
) -> AsyncIterator[NodeProcess]:
    direct = emptied_database_url("inventory")
    await Stores(redis_url, direct, "", tmp_path).put_performance()

    def through_the_proxy(url: str) -> str:
        return url.replace(f":{postgres.port}/", f":{postgres_proxy.port}/")

    made = NodeProcess(Stores(redis_url, through_the_proxy(direct), through_the_proxy(database_url()), tmp_path))
    await made.start()
    yield made
    made.close()


@pytest.mark.parametrize("mode", [Mode.CUT, Mode.HALF_OPEN])
async def test_holds_go_on_without_postgres_and_the_unknown_claim_is_settled_when_it_is_back(
    node: NodeProcess, postgres_proxy: TcpProxy, mode: Mode
) -> None:
    async with node.client() as stub:
        for number in range(3):
            await stub.HoldSeats(hold(number), timeout=120)
        epoch = (await stub.ClaimSeats(claim(0), timeout=120)).epoch
        await postgres_proxy.set_mode(mode)
        with pytest.raises(grpc.aio.AioRpcError) as unknown:
            await stub.ClaimSeats(claim(1), timeout=120)
        assert unknown.value.code() is grpc.StatusCode.UNAVAILABLE
        for number in range(10, 10 + HOLDS_MEANWHILE):
            held = await stub.HoldSeats(hold(number), timeout=120)
            assert held.epoch == epoch
        # What is on its way into the record may be claimed already.
        with pytest.raises(grpc.aio.AioRpcError) as busy:
            await stub.ReleaseHold(pb.ReleaseHoldRequest(key=KEY, hold_id="h1", holder_id="b1"), timeout=120)
        refusal = refusal_of(busy.value)
        assert refusal is not None
        assert refusal.reason == "OVERLOADED"
        await stub.ReleaseHold(pb.ReleaseHoldRequest(key=KEY, hold_id="h2", holder_id="b2"), timeout=120)

        await postgres_proxy.set_mode(Mode.PASS)

        async def claimed() -> bool:
            try:
                return (await stub.ClaimSeats(claim(1), timeout=120)).epoch == epoch
            except grpc.aio.AioRpcError as error:
                assert error.code() is grpc.StatusCode.UNAVAILABLE
                return False

        await eventually(claimed)
        counts = (await stub.GetSeatMap(pb.GetSeatMapRequest(key=KEY))).counts
        assert (counts.held, counts.claimed) == (2 * HOLDS_MEANWHILE, 4)
        assert counts.free == CAPACITY - 2 * HOLDS_MEANWHILE - 4


async def test_a_burst_of_holds_is_not_slowed_by_a_postgres_that_is_away(
    node: NodeProcess, postgres_proxy: TcpProxy
) -> None:
    """All of them at once, with a claim stuck in front: none waits for the patience of the claim."""
    async with node.client() as stub:
        await stub.HoldSeats(hold(0), timeout=120)
        await postgres_proxy.set_mode(Mode.HALF_OPEN)
        claiming = asyncio.ensure_future(stub.ClaimSeats(claim(0), timeout=120))
        await asyncio.gather(*(stub.HoldSeats(hold(number), timeout=120) for number in range(1, 100)))
        assert not claiming.done()
        await postgres_proxy.set_mode(Mode.PASS)
        with pytest.raises(grpc.aio.AioRpcError):
            await claiming
