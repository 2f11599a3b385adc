"""A call over real gRPC: what a caller is told, what stays inside."""

import asyncio
from typing import Any, cast

import grpc
import pytest
from balcon.audit.v1.audit_service_pb2 import AuditRequest
from balcon.audit.v1.audit_service_pb2_grpc import (
    AuditServiceStub,
)
from balcon.reporting.v1.reporting_service_pb2 import (
    GetTotalsRequest,
)
from balcon.reporting.v1.reporting_service_pb2_grpc import (
    ReportingServiceStub,
)
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from prometheus_client import REGISTRY

from services.runtime.errors import FieldInvalid, Overloaded
from services.runtime.rpc.client import open_channel
from services.runtime.rpc.errors import Refused, is_uncertain, refusal_of
from tests.integration.runtime.acting import (
    CLOCK,
    RecordBroken,
    SeatsGone,
    StoreSilent,
    ask,
    failure_of,
    nothing,
    raising,
    serving,
)


async def test_a_refusal_reaches_the_caller_with_reason_message_and_facts() -> None:
    error = await failure_of(raising(Refused(SeatsGone(("A1", "A2"), "A"))))
    refusal = refusal_of(error)
    assert refusal is not None
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "SEATS_GONE")
    assert refusal.message == "Seats A1, A2 of A are gone."
    assert refusal.lists == {"seats": ("A1", "A2")}
    assert refusal.facts == {"seats": "A1,A2", "row": "A"}
    assert not is_uncertain(error)


async def test_a_refusal_in_a_stream_reaches_the_caller_after_what_came_before_it() -> None:
    async with serving(raising(Refused(SeatsGone(("A1",), "A")))) as channel:
        received = []
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            async for response in AuditServiceStub(channel).Audit(AuditRequest()):
                received.append(response)  # noqa: PERF401 (the stream ends with an error)
    refusal = refusal_of(caught.value)
    assert len(received) == 1
    assert refusal is not None
    assert refusal.reason == "SEATS_GONE"


@pytest.mark.parametrize("letter", ["x", "é", "座", "\n"])
async def test_the_largest_refusal_still_reaches_the_caller(letter: str) -> None:
    refusal = FieldInvalid(field=letter * 100_000, problem=letter * 100_000, limit=letter * 100_000)
    error = await failure_of(raising(Refused(refusal)))
    heard = refusal_of(error)
    assert heard is not None, error.details()
    assert heard.reason == "FIELD_INVALID"
    assert heard.facts["field"].startswith(letter)


async def test_overload_tells_when_to_come_back() -> None:
    error = await failure_of(raising(Refused(Overloaded(retry_after_ms=250))))
    refusal = refusal_of(error)
    assert refusal is not None
    assert refusal.code is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert refusal.retry_after_ms == 250


async def test_a_retryable_fault_is_unavailable_and_uncertain() -> None:
    error = await failure_of(raising(StoreSilent(password="hunter2")), timeout=60)
    assert error.code() is grpc.StatusCode.UNAVAILABLE
    assert is_uncertain(error)
    assert "hunter2" not in repr(error)


@pytest.mark.parametrize(
    "inside", [RecordBroken(password="hunter2"), ValueError("hunter2"), KeyError("hunter2"), AssertionError("hunter2")]
)
async def test_an_error_of_ours_tells_nothing_of_our_insides(inside: Exception) -> None:
    error = await failure_of(raising(inside))
    assert error.code() is grpc.StatusCode.INTERNAL
    assert "hunter2" not in f"{error!r} {error.trailing_metadata()!r}"
    assert is_uncertain(error)


async def test_an_error_from_elsewhere_is_no_refusal() -> None:
    channel = open_channel("127.0.0.1:1", CLOCK, timeout_seconds=0.2)
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await ask(channel)
    await channel.close()
    assert refusal_of(caught.value) is None
    assert is_uncertain(caught.value)


async def test_a_deadline_that_passes_ends_the_work_on_the_server() -> None:
    cancelled = asyncio.Event()

    async def hang() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    async with serving(hang) as channel:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await ask(channel, timeout=0.2)
        await asyncio.wait_for(cancelled.wait(), 60)
    assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    assert is_uncertain(caught.value)


@pytest.mark.parametrize("stream", [False, True])
async def test_calls_are_counted_while_they_are_answered(stream: bool) -> None:
    during: list[float | None] = []

    async def look() -> None:
        during.append(REGISTRY.get_sample_value("balcon_rpc_in_flight"))

    async with serving(look) as channel:
        before = REGISTRY.get_sample_value("balcon_rpc_in_flight")
        if stream:
            async for _ in AuditServiceStub(channel).Audit(AuditRequest()):
                pass
        else:
            await ask(channel)
        assert before is not None
        assert during == [before + 1]
        assert REGISTRY.get_sample_value("balcon_rpc_in_flight") == before


async def test_an_unknown_method_is_unimplemented() -> None:
    async with serving(nothing) as channel:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            unknown: Any = channel.unary_unary("/balcon.reporting.v1.ReportingService/Nothing")
            await unknown(b"")
    assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED


async def test_health_and_reflection_are_served_beside_the_servicers() -> None:
    asked = reflection_pb2.ServerReflectionRequest(list_services="")
    async with serving(nothing) as channel:
        # The published stubs know no aio.
        about_health: Any = health_pb2_grpc.HealthStub(channel)
        about_itself: Any = reflection_pb2_grpc.ServerReflectionStub(cast("Any", channel))
        health = await about_health.Check(health_pb2.HealthCheckRequest())
        told = [
            {service.name for service in answer.list_services_response.service}
            async for answer in about_itself.ServerReflectionInfo(iter([asked]))
        ]
    assert health.status == health_pb2.HealthCheckResponse.SERVING
    assert {"grpc.health.v1.Health", "balcon.reporting.v1", "balcon.audit.v1"} <= told[0]


class Noting(grpc.aio.ServerInterceptor):
    """Notes the methods it is asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def intercept_service(self, continuation: Any, handler_call_details: Any) -> Any:
        self.asked.append(handler_call_details.method)
        return await continuation(handler_call_details)


async def test_an_interceptor_is_asked_once_for_each_method_and_not_for_each_call() -> None:
    noting = Noting()
    async with serving(nothing, noting) as channel:
        await ask(channel)
        await ask(channel)
    assert noting.asked.count("/balcon.reporting.v1.ReportingService/GetTotals") == 1
    assert "/balcon.audit.v1.AuditService/Audit" in noting.asked


async def test_a_message_above_the_limit_is_refused_and_the_server_lives() -> None:
    async with serving(nothing) as channel:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await ReportingServiceStub(channel).GetTotals(GetTotalsRequest(house_id="x" * 12 * 1024 * 1024))
        assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        await ask(channel)
