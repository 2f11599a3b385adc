"""How services that speak for many buyers ask for orders: over one stream, answers by id, refusals as values."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, TypeAlias

import grpc
from balcon.orders.v1 import orders_service_pb2 as wire
from balcon.orders.v1.orders_service_pb2_grpc import OrdersServiceStub

from services.contracts.wire_types import wire_principal
from services.runtime.call_context import outgoing, outside_call
from services.runtime.errors import Retryable
from services.runtime.principal import PrincipalRef
from services.runtime.rpc.errors import RemoteRefusal

if TYPE_CHECKING:
    from balcon.orders.v1.orders_service_pb2_grpc import OrdersServiceAsyncStub

MESSAGE_COMMANDS = 128
# More are refused here, without being sent.
WAITING_COMMANDS = 8_192
# The service's own time to answer, on top of a command's.
_GRACE_SECONDS = 1.0

OrderRequest: TypeAlias = (
    wire.CreateOrderRequest | wire.CheckOutRequest | wire.CancelOrderRequest | wire.GetOrderRequest
)
_NAMES: dict[type[OrderRequest], str] = {
    wire.CreateOrderRequest: "create",
    wire.CheckOutRequest: "check_out",
    wire.CancelOrderRequest: "cancel",
    wire.GetOrderRequest: "get",
}


_CODES = {code.value[0]: code for code in grpc.StatusCode}


class OrdersUnanswered(Retryable):
    """No answer came; the command may have had its effect all the same, so ask again with the same key."""


def refusal_in(told: wire.OrderRefused) -> RemoteRefusal:
    """As a call would have told it."""
    return RemoteRefusal(
        reason=told.reason,
        code=_CODES.get(told.code, grpc.StatusCode.UNKNOWN),
        message=told.message,
        facts=dict(told.facts),
        retry_after_ms=told.retry_after_ms or None,
    )


class OrderCommands:
    """One for each process. What is asked for in one moment is one message; the stream is opened anew when it ends."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub: OrdersServiceAsyncStub = OrdersServiceStub(channel)
        self._outgoing: asyncio.Queue[wire.OrderCommand] = asyncio.Queue(WAITING_COMMANDS)
        self._unanswered: dict[int, asyncio.Future[wire.Order | wire.OrderRefused]] = {}
        self._last_id = 0
        self._running: asyncio.Task[None] | None = None

    async def ask(
        self, request: OrderRequest, *, on_behalf_of: PrincipalRef | None = None, timeout_seconds: float = 10.0
    ) -> wire.Order | wire.OrderRefused:
        """The order, or how the call would have ended. Raises OrdersUnanswered."""
        self._last_id += 1
        command = wire.OrderCommand(
            command_id=self._last_id,
            on_behalf_of=None if on_behalf_of is None else wire_principal(on_behalf_of),
            timeout_ms=max(1, int(timeout_seconds * 1000)),
        )
        getattr(command, _NAMES[type(request)]).CopyFrom(request)
        answer: asyncio.Future[wire.Order | wire.OrderRefused] = asyncio.get_running_loop().create_future()
        if self._outgoing.full():
            raise OrdersUnanswered
        self._unanswered[command.command_id] = answer
        self._outgoing.put_nowait(command)
        if self._running is None or self._running.done():
            self._running = asyncio.create_task(self._run(), name="order commands", context=outside_call())
        try:
            async with asyncio.timeout(timeout_seconds + _GRACE_SECONDS):
                return await answer
        except TimeoutError:
            raise OrdersUnanswered from None
        finally:
            self._unanswered.pop(command.command_id, None)

    async def _run(self) -> None:
        """Until the stream ends; then whoever waits hears that there is no answer."""
        try:
            metadata = grpc.aio.Metadata(*outgoing(None))
            async for response in self._stub.ExecuteOrders(self._messages(), metadata=metadata):
                for told in response.answers:
                    answer = self._unanswered.get(told.command_id)
                    if answer is not None and not answer.done():
                        answer.set_result(told.order if told.WhichOneof("answer") == "order" else told.refused)
        except grpc.aio.AioRpcError:
            pass  # whoever waits hears of it
        finally:
            while not self._outgoing.empty():
                self._outgoing.get_nowait()
            for answer in self._unanswered.values():
                if not answer.done():
                    answer.set_exception(OrdersUnanswered())

    async def _messages(self) -> AsyncIterator[wire.ExecuteOrdersRequest]:
        while True:
            commands = [await self._outgoing.get()]
            while len(commands) < MESSAGE_COMMANDS and not self._outgoing.empty():
                commands.append(self._outgoing.get_nowait())
            yield wire.ExecuteOrdersRequest(commands=commands)

    async def close(self) -> None:
        """Ends the stream."""
        if self._running is not None:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)
