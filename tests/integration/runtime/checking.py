"""A stand-in for the interceptor that checks credentials: believes each one, and writes down who came."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import StringIO
from typing import Any

import grpc
import structlog

from services.runtime.call_context import current_call
from services.runtime.principal import Principal, PrincipalKind
from services.runtime.telemetry.logging import processors

PREFIX = "Bearer secret-of-"


def credential_of(subject: str) -> str:
    """What Checking believes to be of a member of staff with that id."""
    return PREFIX + subject


def authorization(subject: str) -> tuple[tuple[str, str]]:
    """Metadata of a call."""
    return (("authorization", credential_of(subject)),)


@dataclass(slots=True)
class Checking(grpc.aio.ServerInterceptor):
    """`came`: the method's name and the credential, in the order of their coming; `messages`: those of streams."""

    came: list[tuple[str, str]] = field(default_factory=list)
    messages: list[Any] = field(default_factory=list)

    def credentials(self, method: str) -> list[str]:
        """With which that method was called."""
        return [credential for name, credential in self.came if name == method]

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Any]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Any:
        """See grpc.aio.ServerInterceptor."""
        handler = await continuation(handler_call_details)
        if handler is None or not handler_call_details.method.startswith("/balcon."):
            return handler
        name = handler_call_details.method.rsplit("/", 1)[1]
        codecs = (handler.request_deserializer, handler.response_serializer)
        if not handler.response_streaming:

            async def call(request: Any, context: Any) -> Any:
                self._check(name)
                return await handler.unary_unary(request, context)

            return grpc.unary_unary_rpc_method_handler(call, *codecs)
        inner = handler.stream_stream if handler.request_streaming else handler.unary_stream

        async def stream(request: Any, context: Any) -> AsyncIterator[Any]:
            self._check(name)
            async for response in inner(self._noted(request) if handler.request_streaming else request, context):
                yield response

        if handler.request_streaming:
            return grpc.stream_stream_rpc_method_handler(stream, *codecs)
        return grpc.unary_stream_rpc_method_handler(stream, *codecs)

    def _check(self, name: str) -> None:
        call = current_call()
        assert call is not None
        self.came.append((name, call.credential))
        if call.credential.startswith(PREFIX):
            call.principal = Principal(PrincipalKind.STAFF, call.credential.removeprefix(PREFIX))

    async def _noted(self, requests: AsyncIterator[Any]) -> AsyncIterator[Any]:
        async for request in requests:
            self.messages.append(request)
            yield request


@contextmanager
def written_log() -> Iterator[StringIO]:
    """The lines that a process would write: those of a test's own show the local variables of tracebacks."""
    lines, before = StringIO(), structlog.get_config()
    structlog.configure(
        processors=[*processors("test"), structlog.processors.JSONRenderer()],
        logger_factory=structlog.PrintLoggerFactory(lines),
    )
    try:
        yield lines
    finally:
        structlog.configure(**before)
