"""A server that does what a test hands it, and callers of it."""

import dataclasses
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, ClassVar

import grpc
import pytest
from balcon.audit.v1.audit_service_pb2 import AuditRequest, AuditResponse
from balcon.audit.v1.audit_service_pb2_grpc import (
    AuditServiceServicer,
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

from services.runtime.clock import SystemClock
from services.runtime.errors import Fatal, Kind, Refusal, Retryable
from services.runtime.ids import RandomIds
from services.runtime.rpc.client import open_channel
from services.runtime.rpc.server import RpcServer

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
async def serving_at(act: Act, *inside: grpc.aio.ServerInterceptor) -> AsyncIterator[str]:
    """host:port of a server that acts."""
    server = RpcServer(clock=CLOCK, ids=RandomIds())
    for interceptor in inside:
        server.intercept(interceptor)
    acting = Acting(act)
    server.add(lambda grpc_server: add_ReportingServiceServicer_to_server(acting, grpc_server), "balcon.reporting.v1")
    server.add(lambda grpc_server: add_AuditServiceServicer_to_server(acting, grpc_server), "balcon.audit.v1")
    await server.start()
    try:
        yield f"127.0.0.1:{server.port}"
    finally:
        await server.stop(0)


@asynccontextmanager
async def serving(act: Act, *inside: grpc.aio.ServerInterceptor) -> AsyncIterator[grpc.aio.Channel]:
    """A channel to a server that acts."""
    async with serving_at(act, *inside) as target:
        channel = open_channel(target, CLOCK)
        try:
            yield channel
        finally:
            await channel.close()


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
