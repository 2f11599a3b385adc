"""A call from service to service over real gRPC: what is carried on, what a caller is told, what stays inside."""

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, ClassVar, cast

import grpc
import pytest
from balcon.audit.v1.audit_service_pb2 import AuditRequest, AuditResponse
from balcon.audit.v1.audit_service_pb2_grpc import (
    AuditServiceServicer,
    AuditServiceStub,
    add_AuditServiceServicer_to_server,
)
from balcon.reporting.v1.reporting_service_pb2 import (
    GetTotalsRequest,
    GetTotalsResponse,
    ListTotalsRequest,
    ListTotalsResponse,
)
from balcon.reporting.v1.reporting_service_pb2_grpc import (
    ReportingServiceServicer,
    ReportingServiceStub,
    add_ReportingServiceServicer_to_server,
)
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from prometheus_client import REGISTRY

from services.runtime.call_context import CallContext, current_call
from services.runtime.clock import SystemClock
from services.runtime.errors import Fatal, FieldInvalid, Kind, Overloaded, Refusal, Retryable
from services.runtime.ids import RandomIds
from services.runtime.rpc.client import open_channel
from services.runtime.rpc.errors import Refused, is_uncertain, refusal_of
from services.runtime.rpc.server import RpcServer
from services.runtime.telemetry.logging import with_call_ids

CLOCK = SystemClock()
Act = Callable[[], Awaitable[None]]


@dataclasses.dataclass(frozen=True, slots=True)
class SeatsGone(Refusal):
    """Seats {seats} of {row} are gone."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    seats: tuple[str, ...]
    row: str


class StoreSilent(Retryable):
    """The store does not answer."""


class RecordBroken(Fatal):
    """The record is broken."""


class Acting(ReportingServiceServicer, AuditServiceServicer):
    """Does what a test hands it, for a unary call and for a stream."""

    def __init__(self, act: Act) -> None:
        self._act = act

    async def GetTotals(  # noqa: N802 (gRPC's name)
        self, request: GetTotalsRequest, context: grpc.aio.ServicerContext[Any, Any]
    ) -> GetTotalsResponse:
        await self._act()
        return GetTotalsResponse()

    async def ListTotals(  # noqa: N802 (gRPC's name)
        self, request: ListTotalsRequest, context: grpc.aio.ServicerContext[Any, Any]
    ) -> ListTotalsResponse:
        raise NotImplementedError

    async def Audit(  # noqa: N802 (gRPC's name)
        self, request: AuditRequest, context: grpc.aio.ServicerContext[Any, Any]
    ) -> AsyncIterator[AuditResponse]:
        yield AuditResponse()
        await self._act()


@asynccontextmanager
async def serving(act: Act, *inside: grpc.aio.ServerInterceptor) -> AsyncIterator[grpc.aio.Channel]:
    """A channel to a server that acts."""
    server = RpcServer(clock=CLOCK, ids=RandomIds())
    for interceptor in inside:
        server.intercept(interceptor)
    acting = Acting(act)
    server.add(lambda grpc_server: add_ReportingServiceServicer_to_server(acting, grpc_server), "balcon.reporting.v1")
    server.add(lambda grpc_server: add_AuditServiceServicer_to_server(acting, grpc_server), "balcon.audit.v1")
    await server.start()
    channel = open_channel(f"127.0.0.1:{server.port}", CLOCK)
    try:
        yield channel
    finally:
        await channel.close()
        await server.stop(0)


def ask(channel: grpc.aio.Channel, **how: Any) -> Awaitable[GetTotalsResponse]:
    return ReportingServiceStub(channel).GetTotals(GetTotalsRequest(), **how)


async def failure_of(act: Act, **how: Any) -> grpc.aio.AioRpcError:
    """The error a unary caller gets."""
    async with serving(act) as channel:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await ask(channel, **how)
    return caught.value


def raising(error: Exception) -> Act:
    async def act() -> None:
        raise error

    return act


async def nothing() -> None:
    """An answer at once."""


async def test_a_refusal_reaches_the_caller_with_reason_message_and_facts() -> None:
    error = await failure_of(raising(Refused(SeatsGone(("A1", "A2"), "A"))))
    refusal = refusal_of(error)
    assert refusal is not None
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "SEATS_GONE")
    assert refusal.message == "Seats A1, A2 of A are gone."
    assert refusal.lists == {"seats": ("A1", "A2")}
    assert refusal.facts == {"seats": "A1,A2", "row": "A"}
    assert not is_uncertain(error)


async def request_ids(act: Act, *sent: tuple[str, str]) -> tuple[str | None, str | None]:
    """The id in the trailing metadata of an answer, and of the details if it is an error."""
    async with serving(act) as channel:
        call: Any = ask(channel, metadata=sent)
        details = None
        try:
            await call
        except grpc.aio.AioRpcError as error:
            refusal = refusal_of(error)
            details = None if refusal is None else refusal.request_id
        trailing = dict(await call.trailing_metadata())
    return trailing.get("x-request-id"), details


async def test_the_request_id_comes_back_with_every_answer() -> None:
    sent = ("x-request-id", "req_mine")
    assert await request_ids(nothing, sent) == ("req_mine", None)
    assert await request_ids(raising(Refused(SeatsGone(("A1",), "A"))), sent) == ("req_mine", "req_mine")
    assert await request_ids(raising(ValueError()), sent) == ("req_mine", "req_mine")


async def test_an_error_tells_the_request_id_that_was_minted_for_it() -> None:
    trailing, details = await request_ids(raising(Refused(SeatsGone(("A1",), "A"))))
    assert trailing == details
    assert details is not None
    assert details.startswith("req_")


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


@asynccontextmanager
async def chain(seen: list[CallContext], *, stream: bool = False) -> AsyncIterator[grpc.aio.Channel]:
    """Two servers: the first calls the second before it answers; both write down the call they are in."""

    async def note() -> None:
        call = current_call()
        assert call is not None
        seen.append(call)

    async with serving(note) as second:

        async def pass_on() -> None:
            await note()
            if stream:
                async for _ in AuditServiceStub(second).Audit(AuditRequest()):
                    pass
            else:
                await ask(second)

        async with serving(pass_on) as first:
            yield first


@pytest.mark.parametrize("stream", [False, True])
async def test_the_request_id_and_trace_are_carried_on(stream: bool) -> None:
    seen: list[CallContext] = []
    trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    async with chain(seen, stream=stream) as first:
        await ask(first, metadata=(("x-request-id", "req_mine"), ("traceparent", trace)))
    assert [call.request_id for call in seen] == ["req_mine", "req_mine"]
    assert [call.traceparent for call in seen] == [trace, trace]


async def test_a_call_without_a_request_id_gets_one_that_is_carried_on() -> None:
    seen: list[CallContext] = []
    async with chain(seen) as first:
        await ask(first)
    assert seen[0].request_id.startswith("req_")
    assert seen[0].request_id == seen[1].request_id


@pytest.mark.parametrize("bad", ["x" * 65, "two words", "semi;colon"])
async def test_a_request_id_out_of_bounds_is_replaced(bad: str) -> None:
    seen: list[CallContext] = []
    async with chain(seen) as first:
        await ask(first, metadata=(("x-request-id", bad),))
    assert seen[0].request_id.startswith("req_")


@pytest.mark.parametrize("stream", [False, True])
async def test_the_outgoing_call_has_less_time_than_the_incoming_one(stream: bool) -> None:
    seen: list[CallContext] = []
    async with chain(seen, stream=stream) as first:
        await ask(first, timeout=3)
    incoming, outgoing = seen
    assert incoming.deadline is not None
    assert outgoing.deadline is not None
    assert incoming.deadline - 1.0 < outgoing.deadline < incoming.deadline


async def test_a_call_without_a_timeout_gets_the_channels() -> None:
    seen: list[CallContext] = []
    async with chain(seen) as first:
        before = CLOCK.monotonic()
        await ask(first)
    assert seen[0].deadline is not None
    # The channel's ten seconds, counted on the server from when the call arrived.
    assert 9 < seen[0].deadline - before < CLOCK.monotonic() - before + 10.1


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


async def test_every_log_line_of_a_call_has_its_request_id() -> None:
    seen: list[dict[str, Any]] = []

    async def look() -> None:
        seen.append(dict(with_call_ids(None, "info", {"event": "looked"})))

    async with serving(look) as channel:
        await ask(channel, metadata=(("x-request-id", "req_mine"),))
        async for _ in AuditServiceStub(channel).Audit(AuditRequest(), metadata=(("x-request-id", "req_other"),)):
            pass
    assert [facts.get("request_id") for facts in seen] == ["req_mine", "req_other"]


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


async def test_calls_at_the_same_time_keep_their_own_ids() -> None:
    together = asyncio.Barrier(20)
    seen: list[str] = []

    async def meet() -> None:
        await together.wait()
        call = current_call()
        assert call is not None
        seen.append(call.request_id)

    async with serving(meet) as channel:
        await asyncio.gather(*(ask(channel, metadata=(("x-request-id", f"req_{n}"),)) for n in range(20)))
    assert sorted(seen) == sorted(f"req_{n}" for n in range(20))


async def test_a_message_above_the_limit_is_refused_and_the_server_lives() -> None:
    async with serving(nothing) as channel:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await ReportingServiceStub(channel).GetTotals(GetTotalsRequest(house_id="x" * 12 * 1024 * 1024))
        assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        await ask(channel)
