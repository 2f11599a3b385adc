"""What a node serves: the real servicer behind the real interceptors, called with bytes and metadata as gRPC would."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing
from contextvars import ContextVar
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any, NoReturn, cast

import grpc
from balcon.inventory.v1.inventory_service_pb2_grpc import add_InventoryServiceServicer_to_server

from services.inventory.actors.host import PerformanceHost
from services.inventory.actors.plan_change import PlanChanger
from services.inventory.api.inventory_servicer import InventoryServicer
from services.inventory.ports import BlockList
from services.runtime.clock import Clock
from services.runtime.ids import Ids
from services.runtime.rpc.interceptors import CallInterceptor

SERVICE = "/balcon.inventory.v1.InventoryService/"
Metadata = Sequence[tuple[str, str]]

# How often the call that is being answered has been passed on.
_hops: ContextVar[int] = ContextVar("simulated_hops", default=0)


@dataclass(frozen=True, slots=True)
class RpcCall:
    """A request on its way. `until`: the caller's deadline on the loop's clock, None if it has none."""

    method: str
    payload: bytes
    metadata: Metadata
    until: float | None
    hops: int = 0


def status_error(code: grpc.StatusCode, details: str = "") -> grpc.aio.AioRpcError:
    """What a caller gets from gRPC itself: it carries no word of a server."""
    return grpc.aio.AioRpcError(code, grpc.aio.Metadata(), grpc.aio.Metadata(), details)


def passed_on(call: RpcCall) -> RpcCall:
    """The call with one hop more than the one that is being answered here."""
    return replace(call, hops=_hops.get() + 1)


class _CallContext:
    """As much of grpc.aio.ServicerContext as the servers use."""

    def __init__(self, call: RpcCall, clock: Clock) -> None:
        self._call = call
        self._clock = clock
        self.error = status_error(grpc.StatusCode.UNKNOWN)
        self._code, self._details = grpc.StatusCode.OK, ""
        self._trailing: Sequence[Any] = ()

    def invocation_metadata(self) -> Metadata:
        return self._call.metadata

    def time_remaining(self) -> float | None:
        return None if self._call.until is None else max(0.0, self._call.until - self._clock.monotonic())

    def set_code(self, code: grpc.StatusCode) -> None:
        self._code = code

    def set_details(self, details: str) -> None:
        self._details = details

    def set_trailing_metadata(self, trailing: Sequence[Any]) -> None:
        self._trailing = trailing

    @property
    def answered_error(self) -> grpc.aio.AioRpcError | None:
        """What a handler that has returned ended its call with, None: OK."""
        if self._code is grpc.StatusCode.OK:
            return None
        return grpc.aio.AioRpcError(self._code, grpc.aio.Metadata(), grpc.aio.Metadata(*self._trailing), self._details)

    async def abort(self, code: grpc.StatusCode, details: str = "", trailing: Sequence[Any] = ()) -> NoReturn:
        self.error = grpc.aio.AioRpcError(code, grpc.aio.Metadata(), grpc.aio.Metadata(*trailing), details)
        raise grpc.aio.AbortError

    async def abort_with_status(self, status: Any) -> NoReturn:
        await self.abort(status.code, status.details, status.trailing_metadata)


class NodeRpc:
    """One process's server. Its methods run inside the process."""

    def __init__(
        self,
        host: PerformanceHost,
        changer: PlanChanger,
        blocks: BlockList,
        forwarding: grpc.aio.ServerInterceptor,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._clock = clock
        self._interceptors = [CallInterceptor(clock, ids), forwarding]
        self._methods: dict[str, Any] = {}
        self._handlers: dict[str, Any] = {}
        add_InventoryServiceServicer_to_server(
            InventoryServicer(host, changer, blocks, clock), cast("grpc.aio.Server", self)
        )

    def add_generic_rpc_handlers(self, _: object) -> None:
        """See grpc.aio.Server: the registered ones are the same."""

    def add_registered_method_handlers(self, _: str, handlers: dict[str, Any]) -> None:
        """See grpc.aio.Server."""
        self._methods = {SERVICE + name: handler for name, handler in handlers.items()}

    async def _handler(self, method: str) -> Any:
        if method not in self._handlers:

            async def find(details: Any) -> Any:
                return self._methods[details.method]

            found: Callable[[Any], Awaitable[Any]] = find
            for interceptor in reversed(self._interceptors):
                found = _around(interceptor, found)
            self._handlers[method] = await found(SimpleNamespace(method=method, invocation_metadata=()))
        return self._handlers[method]

    async def unary(self, call: RpcCall) -> bytes | grpc.aio.AioRpcError:
        """The answer, or the status that it ended with. At the deadline the handler is cancelled, as gRPC does."""
        _hops.set(call.hops)
        handler, context = await self._handler(call.method), _CallContext(call, self._clock)
        try:
            async with asyncio.timeout_at(call.until):
                response = await handler.unary_unary(handler.request_deserializer(call.payload), context)
        except grpc.aio.AbortError:
            return context.error
        except TimeoutError:
            return status_error(grpc.StatusCode.DEADLINE_EXCEEDED)
        return context.answered_error or cast("bytes", handler.response_serializer(response))

    async def stream(self, call: RpcCall, send: Callable[[bytes], Awaitable[None]]) -> grpc.aio.AioRpcError | None:
        """Answers one after the other, as fast as `send` takes them; returns the status if it is not OK."""
        _hops.set(call.hops)
        handler, context = await self._handler(call.method), _CallContext(call, self._clock)
        responses: AsyncIterator[Any] = handler.unary_stream(handler.request_deserializer(call.payload), context)
        try:
            async with aclosing(cast("Any", responses)):
                async for response in responses:
                    await send(handler.response_serializer(response))
        except grpc.aio.AbortError:
            return context.error
        return None


def _around(interceptor: Any, found: Callable[[Any], Awaitable[Any]]) -> Callable[[Any], Awaitable[Any]]:
    async def find(details: Any) -> Any:
        return await interceptor.intercept_service(found, details)

    return find
