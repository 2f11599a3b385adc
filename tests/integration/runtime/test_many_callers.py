"""Ordinary clients in a crowd: each call gets an answer of the servicer's, and none is reset or cut by gRPC itself."""

import asyncio
from collections import Counter
from contextlib import AsyncExitStack
from typing import Any

import grpc
import pytest
from balcon.audit.v1.audit_service_pb2 import AuditRequest
from balcon.audit.v1.audit_service_pb2_grpc import AuditServiceStub
from balcon.reporting.v1.reporting_service_pb2 import GetTotalsRequest
from balcon.reporting.v1.reporting_service_pb2_grpc import (
    ReportingServiceStub,
    add_ReportingServiceServicer_to_server,
)
from grpc_health.v1.health_pb2 import HealthCheckRequest
from grpc_health.v1.health_pb2_grpc import HealthStub
from prometheus_client import REGISTRY

from services.runtime.ids import RandomIds
from services.runtime.rpc import interceptors
from services.runtime.rpc.errors import refusal_of
from services.runtime.rpc.server import RpcServer
from services.runtime.testing import eventually
from tests.integration.runtime.acting import CLOCK, Act, Acting, ask, nothing, serving

# As the inventory serves: few calls of a connection at a time.
CALLS_PER_CONNECTION = 32


async def outcomes(
    act: Act, *, connections: int, callers: int, calls_each: int, got: Counter[str] | None = None
) -> Counter[str]:
    """What the callers of a server got: OK, a reason of ours, or a code of gRPC's own."""
    server = RpcServer(clock=CLOCK, ids=RandomIds())
    server.keep_queues_short(CALLS_PER_CONNECTION)
    acting = Acting(act)
    server.add(lambda grpc_server: add_ReportingServiceServicer_to_server(acting, grpc_server), "balcon.reporting.v1")
    await server.start()
    got = Counter() if got is None else got

    async def call(channel: grpc.aio.Channel) -> None:
        for _ in range(calls_each):
            try:
                await ReportingServiceStub(channel).GetTotals(GetTotalsRequest())
                got["OK"] += 1
            except grpc.aio.AioRpcError as error:
                told = refusal_of(error)
                assert told is None or told.retry_after_ms, error
                got[told.reason if told else f"{error.code().name}: {error.details()}"] += 1

    async with AsyncExitStack() as stack:
        options = [("grpc.use_local_subchannel_pool", 1), ("grpc.enable_retries", 0)]
        channels = [
            await stack.enter_async_context(grpc.aio.insecure_channel(f"127.0.0.1:{server.port}", options))
            for _ in range(connections)
        ]
        await asyncio.gather(*(call(channels[number % connections]) for number in range(callers)))
    await server.stop(0)
    return got


async def test_two_hundred_callers_on_one_connection_are_all_answered() -> None:
    assert await outcomes(nothing, connections=1, callers=200, calls_each=10) == {"OK": 2_000}


async def test_two_thousand_callers_on_many_connections_are_all_answered() -> None:
    assert await outcomes(nothing, connections=50, callers=2_000, calls_each=1) == {"OK": 2_000}


async def test_what_is_too_much_is_told_so_with_a_delay_by_the_servicer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interceptors, "MAX_UNARY_IN_FLIGHT", 10)
    got: Counter[str] = Counter()

    async def wait_for_the_crowd() -> None:
        await eventually(lambda: got["OVERLOADED"] == 90)

    await outcomes(wait_for_the_crowd, connections=4, callers=100, calls_each=1, got=got)
    assert got == {"OK": 10, "OVERLOADED": 90}


def counted(code: str) -> float:
    """Calls of GetTotals in this process that ended with the code."""
    return REGISTRY.get_sample_value("balcon_rpc_seconds_count", {"method": "GetTotals", "code": code}) or 0.0


async def test_calls_that_run_out_of_time_and_calls_that_are_cancelled_are_counted_by_code() -> None:
    begun = asyncio.Event()

    async def hang() -> None:
        begun.set()
        await asyncio.Event().wait()

    before = {code: counted(code) for code in ("DEADLINE_EXCEEDED", "CANCELLED")}
    async with serving(hang) as channel:
        with pytest.raises(grpc.aio.AioRpcError):
            await ask(channel, timeout=0.2)
        begun.clear()
        call: Any = ask(channel)
        await begun.wait()
        call.cancel()

        def are_counted() -> None:
            assert {code: counted(code) - count for code, count in before.items()} == {
                "DEADLINE_EXCEEDED": 1,
                "CANCELLED": 1,
            }

        await eventually(are_counted)


async def test_calls_that_are_given_up_before_they_begin_are_counted() -> None:
    """Such as one whose request never comes: its handler never hears of it."""

    def unbegun() -> float:
        return REGISTRY.get_sample_value("balcon_rpc_unbegun") or 0.0

    before = unbegun()
    async with serving(nothing) as channel:
        for given_up in (1, 2, 3):
            call: Any = channel.stream_unary("/balcon.reporting.v1.ReportingService/GetTotals")()
            await eventually(lambda: unbegun() > before + given_up - 1)  # noqa: B023 (awaited at once)
            call.cancel()
        await ask(channel)
        health: Any = HealthStub(channel)
        await health.Check(HealthCheckRequest())
        assert unbegun() == before + 3


async def test_a_stream_that_its_reader_leaves_is_counted() -> None:
    def cancelled() -> float:
        labels = {"method": "Audit", "code": "CANCELLED"}
        return REGISTRY.get_sample_value("balcon_rpc_seconds_count", labels) or 0.0

    async def hang() -> None:
        await asyncio.Event().wait()

    before = cancelled()
    async with serving(hang) as channel:
        stream: Any = AuditServiceStub(channel).Audit(AuditRequest())
        await stream.read()
        stream.cancel()
        await eventually(lambda: cancelled() == before + 1)
