"""Ids and deadlines of a call over real gRPC: what is carried on to the next service, what comes back."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import grpc
import pytest
from balcon.audit.v1.audit_service_pb2 import AuditRequest
from balcon.audit.v1.audit_service_pb2_grpc import (
    AuditServiceStub,
)

from services.runtime.call_context import CallContext, current_call
from services.runtime.rpc.errors import Refused, refusal_of
from services.runtime.telemetry.logging import with_call_ids
from tests.integration.runtime.acting import (
    CLOCK,
    Act,
    SeatsGone,
    ask,
    nothing,
    raising,
    serving,
)


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


async def test_every_log_line_of_a_call_has_its_request_id() -> None:
    seen: list[dict[str, Any]] = []

    async def look() -> None:
        seen.append(dict(with_call_ids(None, "info", {"event": "looked"})))

    async with serving(look) as channel:
        await ask(channel, metadata=(("x-request-id", "req_mine"),))
        async for _ in AuditServiceStub(channel).Audit(AuditRequest(), metadata=(("x-request-id", "req_other"),)):
            pass
    assert [facts.get("request_id") for facts in seen] == ["req_mine", "req_other"]
