"""Calls for a performance that another node owns: those who cannot follow hints are answered all the same.

A caller that follows hints says so in its metadata and is told NOT_OWNER with the endpoint; every other unary call and
watch is passed on, once: a call that was passed on already is never passed on again.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

import grpc
from grpc_status import rpc_status

from services.inventory.domain.refusals import NotOwner
from services.runtime.call_context import CallContext, current_call
from services.runtime.clock import Clock
from services.runtime.rpc.client import open_channel
from services.runtime.rpc.errors import Refused, refusal_of
from services.runtime.rpc.interceptors import with_request_id
from services.runtime.rpc.routing import FOLLOWS_HINTS_KEY, SENT_HERE_KEY

Context = grpc.aio.ServicerContext[Any, Any]
if TYPE_CHECKING:
    Handler = grpc.RpcMethodHandler[Any, Any]
# What the owner of a performance answers.
SERVICES = tuple(
    f"/balcon.inventory.v1.{service}/" for service in ("InventoryService", "AllotmentService", "ReservationService")
)

# The call, if the owner that it was passed on to is away and it is decided here after all.
_came_back: ContextVar[CallContext | None] = ContextVar("balcon_came_back", default=None)


def was_sent_here() -> bool:
    """Whether another node, or a hint of one, sent the current call to this node."""
    call = current_call()
    return call is not None and (SENT_HERE_KEY in call.metadata or _came_back.get() is call)


class OwnerForwarding(grpc.aio.ServerInterceptor):
    """Passes calls on to the owner that a NotOwner refusal names."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._channels: dict[str, grpc.aio.Channel] = {}

    async def close(self) -> None:
        """Closes the channels to other nodes."""
        for channel in self._channels.values():
            await channel.close()

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Handler | None]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Handler | None:
        handler = await continuation(handler_call_details)
        method = handler_call_details.method
        if handler is None or not method.startswith(SERVICES) or handler.request_streaming:
            return handler
        if handler.response_streaming:
            return grpc.unary_stream_rpc_method_handler(
                self._watch(method, handler), handler.request_deserializer, handler.response_serializer
            )
        return grpc.unary_unary_rpc_method_handler(
            self._call(method, handler), handler.request_deserializer, handler.response_serializer
        )

    def _call(self, method: str, handler: Handler) -> Any:
        inner: Any = handler.unary_unary

        async def call(request: Any, context: Context) -> Any:
            try:
                return await inner(request, context)
            except Refused as refused:
                if not isinstance(refused.refusal, NotOwner) or not _may_be_passed_on():
                    raise
                owner = refused.refusal.endpoint
            # The owner's answer is raw bytes: it is passed back as it came.
            remote: Any = self.channel_to(owner).unary_unary(method)
            try:
                return await remote(request.SerializeToString(), metadata=((SENT_HERE_KEY, "1"),))
            except grpc.aio.AioRpcError as error:
                if not _is_away(error):
                    return await _abort_alike(error, context)
                away = error
            _came_back.set(current_call())
            try:
                return await inner(request, context)
            except Refused as refused:
                if not isinstance(refused.refusal, NotOwner):
                    raise
            return await _abort_alike(away, context)

        return call

    def _watch(self, method: str, handler: Handler) -> Any:
        inner: Any = handler.unary_stream

        async def watch(request: Any, context: Context) -> AsyncIterator[Any]:
            try:
                async for update in inner(request, context):
                    yield update
            except Refused as refused:
                if not isinstance(refused.refusal, NotOwner) or not _may_be_passed_on():
                    raise
                owner = refused.refusal.endpoint
            else:
                return
            remote: Any = self.channel_to(owner).unary_stream(method)
            has_begun = False
            try:
                async for update in remote(request.SerializeToString(), metadata=((SENT_HERE_KEY, "1"),)):
                    has_begun = True
                    yield update
                return
            except grpc.aio.AioRpcError as error:
                if has_begun or not _is_away(error):
                    await _abort_alike(error, context)
                away = error
            _came_back.set(current_call())
            try:
                async for update in inner(request, context):
                    yield update
            except Refused as refused:
                if not isinstance(refused.refusal, NotOwner):
                    raise
                await _abort_alike(away, context)

        return watch

    def channel_to(self, endpoint: str) -> grpc.aio.Channel:
        """The one channel to another node."""
        channel = self._channels.get(endpoint)
        if channel is None:
            self._channels[endpoint] = channel = open_channel(endpoint, self._clock, wait_for_ready=False)
        return channel


def _is_away(error: grpc.aio.AioRpcError) -> bool:
    """Whether nobody answers at the endpoint. Placement may name a node that has just died: then the call is decided
    here, if the directory knows no living owner; the same ids are one effect, whatever the other did with them.
    """
    return error.code() is grpc.StatusCode.UNAVAILABLE and refusal_of(error) is None


async def _abort_alike(error: grpc.aio.AioRpcError, context: Context) -> Any:
    """Ends the call as the owner ended it, facts included: its no is an answer, not a fault of this node."""
    status = rpc_status.from_call(error)  # type: ignore[arg-type]
    if status is None:
        await context.abort(error.code(), error.details() or "")
    else:
        await context.abort_with_status(with_request_id(rpc_status.to_status(status)))


def _may_be_passed_on() -> bool:
    """Whether the current call came from somebody who cannot be told the owner, and was not passed on yet."""
    call = current_call()
    return call is None or not call.metadata.keys() & {SENT_HERE_KEY, FOLLOWS_HINTS_KEY}
