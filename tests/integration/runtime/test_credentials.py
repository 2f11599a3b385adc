"""The caller's credential over real gRPC: where it arrives, where it does not, and that nothing shows it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

import grpc
import pytest
from balcon.audit.v1.audit_service_pb2 import AuditRequest
from balcon.audit.v1.audit_service_pb2_grpc import AuditServiceStub
from balcon.reporting.v1.reporting_service_pb2 import GetTotalsResponse
from prometheus_client import generate_latest

from services.inventory.domain.refusals import NotOwner
from services.runtime.call_context import act_as, current_call, outside_call, own_account
from services.runtime.rpc.errors import Refused, refusal_of
from services.runtime.rpc.routing import OwnerRouting
from services.runtime.telemetry.logging import get_logger
from tests.integration.runtime.acting import (
    CLOCK,
    Act,
    RecordBroken,
    SeatsGone,
    StoreSilent,
    ask,
    nothing,
    raising,
    serving,
    serving_at,
)
from tests.integration.runtime.checking import Checking, authorization, credential_of, written_log

OWN = "Bearer the-services-own"


async def audit(channel: grpc.aio.Channel) -> None:
    async for _ in AuditServiceStub(channel).Audit(AuditRequest()):
        pass


CallOn = Callable[[grpc.aio.Channel], Awaitable[object]]


@asynccontextmanager
async def chain(call_on: CallOn) -> AsyncIterator[tuple[grpc.aio.Channel, Checking]]:
    """A server that calls another one before it answers, and what the other one was called with."""
    checking = Checking()
    async with serving(nothing, checking) as second:

        async def pass_on() -> None:
            await call_on(second)

        async with serving(pass_on) as first:
            yield first, checking


@pytest.mark.parametrize(("call_on", "method"), [(ask, "GetTotals"), (audit, "Audit")])
async def test_the_callers_credential_goes_on_with_each_call(call_on: CallOn, method: str) -> None:
    async with chain(call_on) as (first, checking):
        await asyncio.gather(*(ask(first, metadata=authorization(f"person_{n}")) for n in range(5)))
        await ask(first)
    assert sorted(checking.came) == sorted([(method, credential_of(f"person_{n}")) for n in range(5)] + [(method, "")])


async def test_work_outside_of_the_call_is_on_the_services_own_account() -> None:
    async def start_work(channel: grpc.aio.Channel) -> None:
        async def work() -> None:
            await ask(channel)

        await asyncio.create_task(work(), context=outside_call())

    act_as(lambda: OWN)
    async with chain(start_work) as (first, checking):
        await ask(first, metadata=authorization("person_1"))
    assert checking.credentials("GetTotals") == [OWN]


async def test_what_is_asked_on_the_services_own_account_inside_a_call_does_not_carry_the_callers() -> None:
    async def ask_twice(channel: grpc.aio.Channel) -> None:
        with own_account():
            await ask(channel)
        await ask(channel)

    act_as(lambda: OWN)
    async with chain(ask_twice) as (first, checking):
        act_as(str)
        await ask(first, metadata=authorization("person_1"))
        await ask(first)
    assert checking.credentials("GetTotals") == [OWN, credential_of("person_1"), OWN, ""]


@pytest.mark.parametrize(("audits", "method"), [(False, "GetTotals"), (True, "Audit")])
async def test_a_credential_that_a_call_is_made_with_is_the_only_one(audits: bool, method: str) -> None:
    async def as_somebody_else(channel: grpc.aio.Channel) -> None:
        await (audit_for(channel, "person_2") if audits else ask(channel, metadata=authorization("person_2")))

    async with chain(as_somebody_else) as (first, checking):
        await ask(first, metadata=authorization("person_1"))
    assert checking.came == [(method, credential_of("person_2"))]


async def test_each_try_at_each_owner_carries_the_credential() -> None:
    """The first node names the second, which does not answer at first."""
    silent = [StoreSilent()]
    checking = Checking()

    async def silent_once() -> None:
        if silent:
            raise silent.pop()

    async with serving_at(silent_once, checking) as owner, serving_at(moved_to(owner), checking) as other:
        routing = OwnerRouting([other], CLOCK, lambda: 0.5)

        async def find_owner() -> None:
            await routing.call("perf_1", by_routing)

        async with serving(find_owner) as first:
            await ask(first, metadata=authorization("person_1"))
        await routing.close()
    assert len(checking.came) >= 3
    assert set(checking.came) == {("GetTotals", credential_of("person_1"))}


def moved_to(owner: str) -> Act:
    return raising(Refused(NotOwner(owner, 3)))


async def by_routing(channel: grpc.aio.Channel, left: float, metadata: Sequence[tuple[str, str]]) -> GetTotalsResponse:
    return await ask(channel, timeout=left, metadata=grpc.aio.Metadata(*metadata))


def told_of(error: grpc.aio.AioRpcError) -> str:
    refusal = refusal_of(error)
    assert refusal is not None
    return f"{error!r}{error}{error.details()}{error.initial_metadata()}{error.trailing_metadata()}{refusal}"


@pytest.mark.parametrize(
    "error", [Refused(SeatsGone(("A1",), "A")), StoreSilent(), RecordBroken(), ValueError("broken")], ids=repr
)
async def test_no_log_line_no_error_and_no_metric_shows_a_credential(
    error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    async def speak_and_fail() -> None:
        call = current_call()
        get_logger("test").warning("spoken", call=call, metadata=call and call.metadata)
        raise error

    with written_log() as lines:
        async with serving(speak_and_fail) as channel:
            told = ""
            for send in (ask(channel, metadata=authorization("person_1")), audit_for(channel, "person_1")):
                with pytest.raises(grpc.aio.AioRpcError) as caught:
                    await send
                told += told_of(caught.value)
    logged = lines.getvalue() + caplog.text
    assert "spoken" in logged
    metrics = generate_latest().decode()
    assert 'method="GetTotals"' in metrics
    assert "person_1" not in told + logged + metrics


async def audit_for(channel: grpc.aio.Channel, subject: str) -> None:
    async for _ in AuditServiceStub(channel).Audit(AuditRequest(), metadata=authorization(subject)):
        pass
