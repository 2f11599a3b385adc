"""What surrounds every call: its context, one metric, one error table. The handlers see none of it."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import cache
from typing import Any, TypeAlias

import grpc
from google.rpc import status_pb2
from grpc_status import rpc_status

from services.runtime.call_context import (
    AUTHORIZATION_KEY,
    REQUEST_ID_KEY,
    CallContext,
    current_call,
    deadline_after,
    enter_call,
    outgoing,
    remaining_seconds,
)
from services.runtime.clock import Clock
from services.runtime.errors import Fault, Overloaded, Retryable
from services.runtime.ids import Ids
from services.runtime.rpc.door import Door, NodeStopping, current_task
from services.runtime.rpc.errors import Refused, status_of_fault, status_of_refusal
from services.runtime.telemetry.logging import get_logger
from services.runtime.telemetry.metrics import REFUSALS, RPC_IN_FLIGHT, RPC_SECONDS, RPC_UNBEGUN

# Unary calls that may be under way in a process: a few hundred megabytes. What a service queues has bounds of its own,
# which are reached long before; this one keeps a crowd at a service without queues from growing without end.
MAX_UNARY_IN_FLIGHT = 8_192
OVERLOAD_DELAY_MS = 250
# A caller's timer may ring a little before ours says that it should.
_CLOCK_SLACK_SECONDS = 0.005

_log = get_logger("rpc")
Context = grpc.aio.ServicerContext[Any, Any]
Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any]"  # generic in the type stubs only


class _Calls:
    """How many are being answered. Calls come and go on the event loop only, so it needs no lock; scrapes just read."""

    in_flight = 0
    unary = 0
    # Those whose callers went away first stay in it: gRPC ends them without a word to any handler.
    unbegun = 0


_calls = _Calls()
RPC_IN_FLIGHT.set_function(lambda: _calls.in_flight)
RPC_UNBEGUN.set_function(lambda: _calls.unbegun)


def call_came() -> None:
    """One call more of those that are wrapped here, before its request was read."""
    _calls.unbegun += 1


# labels() costs as much as all the rest of a refusal: there are as many of them as methods by codes, and reasons.
_ended = cache(RPC_SECONDS.labels)
_refused_for = cache(REFUSALS.labels)


def is_ours(method: str) -> bool:
    """Whether the method is one of Balcon's: others, such as the health service's, are left as they are."""
    return method.startswith("/balcon.")


class CallInterceptor(grpc.aio.ServerInterceptor):
    """Wraps each of Balcon's methods. RpcServer asks for each of them once, not for every call."""

    def __init__(self, clock: Clock, ids: Ids, door: Door | None = None) -> None:
        self._clock = clock
        self._ids = ids
        self._door = door or Door()

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Handler | None]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Handler | None:
        """See grpc.aio.ServerInterceptor."""
        method = handler_call_details.method
        handler = await continuation(handler_call_details)
        if handler is None or not is_ours(method):
            return handler
        return self._wrap(method.rsplit("/", 1)[1], handler)

    def _wrap(self, name: str, handler: Handler) -> Handler:
        codecs = {
            "request_deserializer": handler.request_deserializer,
            "response_serializer": unless_encoded(handler.response_serializer),
        }
        if handler.response_streaming:
            inner = handler.stream_stream if handler.request_streaming else handler.unary_stream
            make = (
                grpc.stream_stream_rpc_method_handler
                if handler.request_streaming
                else grpc.unary_stream_rpc_method_handler
            )
            return make(self._streaming(name, inner), **codecs)
        return grpc.unary_unary_rpc_method_handler(self._unary(name, handler.unary_unary), **codecs)

    def _unary(self, name: str, inner: Any) -> Any:
        answered = RPC_SECONDS.labels(name, "OK")
        door = self._door

        async def call(request: Any, context: Context) -> Any:
            started = self._enter(context)
            _calls.unary += 1
            task = current_task()
            try:
                if not door.is_open:
                    await door.wait()
                door.working.add(task)
                if _calls.unary > MAX_UNARY_IN_FLIGHT:
                    raise Refused(Overloaded(OVERLOAD_DELAY_MS))
                response = await inner(request, context)
            except Refused as refused:
                return self._refuse(name, refused, context, started)
            except Exception as error:  # noqa: BLE001 (the table decides)
                await self._fail(name, error, context, started)
            except asyncio.CancelledError:
                await self._end(name, context, started)
            else:
                answered.observe(self._clock.monotonic() - started)
                return response
            finally:
                door.working.discard(task)
                _calls.in_flight -= 1
                _calls.unary -= 1

        return call

    def _streaming(self, name: str, inner: Any) -> Any:
        door = self._door

        async def call(request: Any, context: Context) -> AsyncIterator[Any]:
            started = self._enter(context)
            task = current_task()
            try:
                if not door.is_open:
                    await door.wait()
                door.streaming.add(task)
                async for response in inner(request, context):
                    yield response
            except Exception as error:  # noqa: BLE001 (the table decides)
                await self._fail(name, error, context, started)
            except asyncio.CancelledError:
                await self._end(name, context, started)
            except GeneratorExit:
                self._count_cut(name, started)
                raise
            finally:
                door.streaming.discard(task)
                _calls.in_flight -= 1

        return call

    def _enter(self, context: Context) -> float:
        """Returns when the call began."""
        _calls.in_flight += 1
        _calls.unbegun -= 1
        now = self._clock.monotonic()
        metadata = dict(context.invocation_metadata() or ())
        credential = metadata.pop(AUTHORIZATION_KEY, "")
        call = CallContext(metadata, deadline_after(context.time_remaining(), now), self._ids, credential)
        enter_call(call)
        # Who sent one gets it back with any answer. One that is minted is told with errors only: it costs something.
        if REQUEST_ID_KEY in metadata:
            context.set_trailing_metadata(call.own_id())
        return now

    async def _end(self, name: str, context: Context, started: float) -> None:
        """Of a call that was cancelled: by its caller's going away, or because this node stops and it took too long."""
        if not self._door.is_cutting or context.cancelled():
            self._count_cut(name, started)
            raise asyncio.CancelledError
        await self._fail(name, NodeStopping(), context, started)

    def _count_cut(self, name: str, started: float) -> None:
        """The caller went away, reset the call or ran out of time: gRPC cancels the handler and says no more."""
        now, call = self._clock.monotonic(), current_call()
        is_late = call is not None and call.deadline is not None and now >= call.deadline - _CLOCK_SLACK_SECONDS
        code = grpc.StatusCode.DEADLINE_EXCEEDED if is_late else grpc.StatusCode.CANCELLED
        RPC_SECONDS.labels(name, code.name).observe(now - started)

    def _refuse(self, name: str, refused: Refused, context: Context, started: float) -> bytes:
        """Ends a unary call with a no: as an answer, since an abort would cost more than the yes would have."""
        status: Any = with_request_id(rpc_status.to_status(self._status_of(name, refused)))
        _ended(name, status.code.name).observe(self._clock.monotonic() - started)
        context.set_code(status.code)
        context.set_details(status.details)
        context.set_trailing_metadata(status.trailing_metadata)
        return b""

    async def _fail(self, name: str, error: Exception, context: Context, started: float) -> None:
        if isinstance(error, grpc.aio.AbortError):
            raise error
        status: Any = rpc_status.to_status(self._status_of(name, error))
        _ended(name, status.code.name).observe(self._clock.monotonic() - started)
        await context.abort_with_status(with_request_id(status))

    @staticmethod
    def _status_of(name: str, error: Exception) -> status_pb2.Status:
        call = current_call()
        request_id = "" if call is None else call.request_id
        if isinstance(error, Refused):
            _refused_for(error.refusal.reason()).inc()
            return status_of_refusal(error.refusal, request_id)
        error = _in_our_words(error)
        if isinstance(error, Retryable):
            _log.warning("call_faulted", method=name, fault=type(error).__name__)
        elif isinstance(error, Fault):
            _log.error("call_failed", method=name, fault=type(error).__name__, exc_info=error)
        else:
            _log.error("call_broke", method=name, exc_info=error)
        return status_of_fault(error, request_id)


def _in_our_words(error: Exception) -> Exception:
    """A database that is away is a fault that passes, in every service."""
    if isinstance(error, Fault):
        return error
    from services.runtime.sql.faults import as_fault  # noqa: PLC0415 (callers of services need no SQL)

    return as_fault(error)


def with_request_id(status: Any) -> Any:
    """The grpc.Status with the current call's id in its trailing metadata too, for clients that read no details."""
    call = current_call()
    return status if call is None else status._replace(trailing_metadata=(*status.trailing_metadata, *call.own_id()))


def unless_encoded(serialize: Any) -> Callable[[Any], bytes]:
    """Bytes pass: what many want is encoded once for all of them, and what another node encoded is not read here."""
    return lambda message: message if isinstance(message, bytes) else serialize(message)


def _with_context(metadata: grpc.aio.Metadata | None, call: CallContext | None) -> grpc.aio.Metadata:
    """What a call is made with, and what goes on from the current one. A credential that is given stands alone."""
    given, carried = tuple(metadata or ()), outgoing(call)
    if any(key == AUTHORIZATION_KEY for key, _ in given):
        carried = [(key, value) for key, value in carried if key != AUTHORIZATION_KEY]
    return grpc.aio.Metadata(*given, *carried)


class OutgoingCallInterceptor(grpc.aio.UnaryUnaryClientInterceptor):
    """Carries ids, the credential and the remaining time on to the next service."""

    def __init__(self, clock: Clock, at_most_seconds: float, wait_for_ready: bool = True) -> None:
        self._clock = clock
        self._at_most_seconds = at_most_seconds
        self._wait_for_ready = wait_for_ready

    async def intercept_unary_unary(self, continuation: Any, client_call_details: Any, request: Any) -> Any:
        """See grpc.aio.UnaryUnaryClientInterceptor."""
        call = current_call()
        at_most = client_call_details.timeout or self._at_most_seconds
        metadata = _with_context(client_call_details.metadata, call)
        asked = client_call_details.wait_for_ready
        details = grpc.aio.ClientCallDetails(
            method=client_call_details.method,
            timeout=remaining_seconds(call, self._clock, at_most),
            metadata=metadata,
            credentials=client_call_details.credentials,
            wait_for_ready=self._wait_for_ready if asked is None else asked,
        )
        return await continuation(details, request)


class OutgoingStreamInterceptor(grpc.aio.UnaryStreamClientInterceptor):
    """The same where the answer is a stream, and the caller's deadline only if there is one; no timeout of its own.

    Streams in both directions are shared by many calls, so nothing of theirs is carried: see OwnerStreams.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    async def intercept_unary_stream(self, continuation: Any, client_call_details: Any, request: Any) -> Any:
        """See grpc.aio.UnaryStreamClientInterceptor."""
        call = current_call()
        timeout = remaining_seconds(call, self._clock, client_call_details.timeout or math.inf)
        metadata = _with_context(client_call_details.metadata, call)
        details = client_call_details._replace(metadata=metadata, timeout=None if timeout == math.inf else timeout)
        return await continuation(details, request)
