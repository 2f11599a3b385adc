"""The gRPC server of a service: health, reflection, bounded messages, graceful drain."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, cast

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

from services.runtime.clock import Clock
from services.runtime.ids import Ids
from services.runtime.rpc.door import Door
from services.runtime.rpc.interceptors import CallInterceptor, Handler, call_came, is_ours
from services.runtime.rpc.reflection import add_reflection
from services.runtime.rpc.tls import ServerTls

# A seating plan of 10 MB plus its envelope is the largest thing anyone may send.
MAX_MESSAGE_BYTES = 11 * 1024 * 1024
# More than any client has: what is too much is refused by the servicer, which tells when to come back.
MAX_CONCURRENT_STREAMS = 100_000
# Calls that have come and that the event loop has not seen yet; beyond it gRPC cancels calls without a word.
MAX_PENDING_CALLS = 50_000
# What may lie unread in a stream whose queue is to be short: a few full messages of holds.
LOOKAHEAD_BYTES = 16_384
# From the beginning of a shutdown until connections have been told; and for the last answers to leave.
GOAWAY_SECONDS = 0.02
LAST_WORD_SECONDS = 1.0

SERVER_OPTIONS = {
    "grpc.so_reuseport": 0,
    "grpc.max_receive_message_length": MAX_MESSAGE_BYTES,
    "grpc.max_send_message_length": 64 * 1024 * 1024,
    "grpc.max_concurrent_streams": MAX_CONCURRENT_STREAMS,
    # Otherwise gRPC resets calls (REFUSED_STREAM, CANCELLED) of clients that have not yet read how many it takes.
    "grpc.http.overload_protection": 0,
    "grpc.server.max_pending_requests": MAX_PENDING_CALLS,
    "grpc.server.max_pending_requests_hard_limit": MAX_PENDING_CALLS,
    "grpc.max_metadata_size": 64 * 1024,
    "grpc.keepalive_time_ms": 20_000,
    "grpc.keepalive_timeout_ms": 10_000,
    "grpc.http2.min_ping_interval_without_data_ms": 10_000,
    "grpc.http2.max_ping_strikes": 0,
}


class _MethodCall(NamedTuple):
    """As much of a call's details as there is before any call came."""

    method: str
    invocation_metadata: tuple[tuple[str, str], ...] = ()


class _Methods(grpc.GenericRpcHandler):
    """The handlers by full method name: what servicers register on, and where grpc.aio looks each call up.

    The server itself never hears of the methods. For each one it knows, grpc.aio keeps a task waiting, and awaits all
    of them anew for every call: with 25 methods that was 50 us, a seventh of a whole HoldSeats call.
    """

    def __init__(self) -> None:
        self._handlers: dict[str, Handler | None] = {}

    def add_generic_rpc_handlers(self, _: object) -> None:
        """See grpc.aio.Server: generated code registers the same handlers by name."""

    def add_registered_method_handlers(self, service_name: str, method_handlers: Mapping[str, Handler]) -> None:
        for name, handler in method_handlers.items():
            self._handlers[f"/{service_name}/{name}"] = handler

    async def surround(self, interceptor: grpc.aio.ServerInterceptor) -> None:
        """Puts the interceptor around every method, once and not for every call."""
        for method, handler in self._handlers.items():

            async def found(_: grpc.HandlerCallDetails, handler: Handler | None = handler) -> Handler | None:
                return handler

            self._handlers[method] = await interceptor.intercept_service(found, cast("Any", _MethodCall(method)))

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> Handler | None:
        """See grpc.GenericRpcHandler. Asked once for each call, as soon as its headers are there."""
        method = handler_call_details.method
        handler = self._handlers.get(method)
        if handler is not None and is_ours(method):
            call_came()
        return handler


class RpcServer:
    """Serves from start() to stop(). `port` is known after start(), and so is `internal_port` where there is one."""

    def __init__(
        self,
        *,
        clock: Clock,
        ids: Ids,
        host: str = "127.0.0.1",
        port: int = 0,
        tls: ServerTls | None = None,
        internal_port: int | None = None,
    ) -> None:
        self._clock = clock
        self._door = Door()
        self._interceptors: list[grpc.aio.ServerInterceptor] = [CallInterceptor(clock, ids, self._door)]
        self._methods = _Methods()
        self._options = dict(SERVER_OPTIONS)
        self._server: grpc.aio.Server | None = None
        self._health = health.aio.HealthServicer()
        self._names: list[str] = [health.SERVICE_NAME]
        self._host = host
        self.port = port
        self.internal_port = internal_port
        self._tls = tls

    def add(self, register: Callable[[grpc.aio.Server], None], service_name: str) -> None:
        """Registers one servicer; `service_name` is its full protobuf name. Before start()."""
        register(cast("grpc.aio.Server", self._methods))
        self._names.append(service_name)

    def intercept(self, interceptor: grpc.aio.ServerInterceptor) -> None:
        """Puts an interceptor around the handlers, inside the one that knows the error table. Before start().

        It is asked once for every method, with no metadata, when all are registered.
        """
        self._interceptors.append(interceptor)

    def keep_queues_short(self, calls_per_connection: int) -> None:
        """Makes callers wait at their own end when there are too many of them. Before start().

        Otherwise what is too much queues in gRPC and in HTTP/2 windows, where no deadline and no wait cap sees it: at
        ten times the load an owner then spends its time on calls that nobody waits for any more.
        """
        self._options |= {
            "grpc.max_concurrent_streams": calls_per_connection,
            "grpc.http2.lookahead_bytes": LOOKAHEAD_BYTES,
            "grpc.http2.bdp_probe": 0,
        }

    async def start(self) -> None:
        """Binds, serves, and says so on the health service."""
        registry = cast("grpc.aio.Server", self._methods)
        health_pb2_grpc.add_HealthServicer_to_server(self._health, registry)
        add_reflection(registry, self._names)
        for interceptor in reversed(self._interceptors):
            await self._methods.surround(interceptor)
        self._server = grpc.aio.server(handlers=[self._methods], options=tuple(self._options.items()))
        self._bind(self._server)
        await self._server.start()
        await self.tell_health(True)

    def _bind(self, server: grpc.aio.Server) -> None:
        if self._tls is None:
            self.port = server.add_insecure_port(f"{self._host}:{self.port}")
            return
        self.port = server.add_secure_port(f"{self._host}:{self.port}", self._tls.public())
        if self.internal_port is not None:
            self.internal_port = server.add_secure_port(f"{self._host}:{self.internal_port}", self._tls.internal())

    async def tell_health(self, is_serving: bool) -> None:
        """Whether callers should come here. After announce_stop() it is no for good."""
        told = health_pb2.HealthCheckResponse.SERVING if is_serving else health_pb2.HealthCheckResponse.NOT_SERVING
        for name in ("", *self._names):
            await self._health.set(name, told)

    async def announce_stop(self) -> None:
        """Tells health watchers to go elsewhere; calls are still answered."""
        await self._health.enter_graceful_shutdown()

    async def stop(self, grace_seconds: float) -> None:
        """Sends callers away, waits up to `grace_seconds` for calls in flight, then ends them with UNAVAILABLE."""
        await self.announce_stop()
        if self._server is None:
            return
        ends = self._clock.monotonic() + grace_seconds
        self._door.close()
        await self._door.quiet(self._clock, grace_seconds)
        stopping = asyncio.ensure_future(self._server.stop(grace_seconds + LAST_WORD_SECONDS))
        # Shutdown has begun and every connection is told before those who wait are: their next call goes elsewhere.
        await self._clock.sleep(GOAWAY_SECONDS)
        self._door.send_away()
        await asyncio.wait([stopping], timeout=max(0.0, ends - self._clock.monotonic()))
        self._door.cut()
        await stopping
