"""One long-lived stream to one node: messages out, answers back by their ids, never more unanswered than its credit.

Knows neither commands nor owners; see owner_streams.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any, Protocol, TypeAlias

import grpc

from services.runtime.call_context import outside_call
from services.runtime.errors import Retryable

# Messages unanswered on a stream whose node has not told its credit yet, or never does.
CREDIT_UNTOLD = 8

Stream: TypeAlias = "grpc.aio.StreamStreamCall[Any, Any]"  # generic in the type stubs only


class BatchRefused(Protocol):
    """Why a whole message was refused; an empty reason is none."""

    @property
    def reason(self) -> str:
        """Such as NOT_OWNER."""
        ...

    @property
    def metadata(self) -> Any:
        """Facts by name."""
        ...


class BatchAnswer(Protocol):
    """What every answer on a stream has, whatever the service. `batch_id` 0: only word of the credit."""

    batch_id: int
    credit: int

    @property
    def batch_refused(self) -> BatchRefused:
        """Not set: the commands were decided one by one."""
        ...


class StreamBroken(Retryable):
    """The stream to the node ended; what became of its messages is not known."""


class NodeStream:
    """Open from the start. `on_end` is called once, when no more can be sent."""

    def __init__(self, call: Stream, on_end: Callable[[NodeStream], None]) -> None:
        self._call = call
        self._on_end = on_end
        self._credit = CREDIT_UNTOLD
        self._batch_id = 0
        self._unanswered: dict[int, asyncio.Future[Any]] = {}
        self._waiting: deque[asyncio.Future[int]] = deque()
        self._outgoing: asyncio.Queue[Any] = asyncio.Queue()  # bounded by the credit
        self._has_ended = False
        context = outside_call()
        self._reader = asyncio.create_task(self._read(), context=context)
        self._writer = asyncio.create_task(self._write(), context=context)

    @property
    def is_idle(self) -> bool:
        """Nothing is unanswered and nobody waits for credit."""
        return not self._unanswered and not self._waiting

    async def admitted(self) -> int:
        """Waits for credit; first come, first served. The id for one message. Raises StreamBroken."""
        if self._has_ended:
            raise StreamBroken
        if not self._waiting and len(self._unanswered) < self._credit:
            return self._reserve()
        waiter: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._waiting.append(waiter)
        try:
            return await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled() and waiter.exception() is None:
                self.give_back(waiter.result())
            raise

    def give_back(self, batch_id: int) -> None:
        """For an id whose message is not sent after all."""
        self._unanswered.pop(batch_id, None)
        self._admit()

    async def exchange(self, batch_id: int, message: Any) -> Any:
        """Sends the message and returns its answer. Raises StreamBroken.

        A caller that is cancelled leaves the message on its way: it counts as unanswered until the node has answered.
        """
        if self._has_ended:
            raise StreamBroken
        answer = self._unanswered[batch_id]
        self._outgoing.put_nowait(message)
        return await answer

    def _reserve(self) -> int:
        self._batch_id += 1
        self._unanswered[self._batch_id] = asyncio.get_running_loop().create_future()
        return self._batch_id

    def _admit(self) -> None:
        while self._waiting and len(self._unanswered) < self._credit:
            waiter = self._waiting.popleft()
            if not waiter.done():
                waiter.set_result(self._reserve())

    async def _read(self) -> None:
        try:
            async for response in self._call:
                self._take(response)
        except grpc.aio.AioRpcError:
            pass  # whoever waits hears of it
        finally:
            self._end()

    def _take(self, response: BatchAnswer) -> None:
        if response.credit:
            self._credit = response.credit
        answer = self._unanswered.pop(response.batch_id, None)
        if answer is not None and not answer.done():
            answer.set_result(response)
        self._admit()

    async def _write(self) -> None:
        try:
            while True:
                await self._call.write(await self._outgoing.get())
        except (grpc.aio.AioRpcError, asyncio.InvalidStateError):
            pass  # the call has ended: the reader knows more
        finally:
            self._stop_sending()

    def _stop_sending(self) -> None:
        if not self._has_ended:
            self._has_ended = True
            self._on_end(self)

    def _end(self) -> None:
        self._stop_sending()
        self._writer.cancel()
        self._call.cancel()
        for future in (*self._unanswered.values(), *self._waiting):
            if not future.done():
                future.set_exception(StreamBroken())
        self._unanswered.clear()
        self._waiting.clear()

    def leave(self) -> None:
        """Ends the stream at once. For idle ones."""
        self._stop_sending()
        self._call.cancel()

    async def close(self) -> None:
        """Ends the stream; whoever waits for it hears StreamBroken."""
        self._call.cancel()
        self._reader.cancel()
        self._writer.cancel()
        await asyncio.gather(self._reader, self._writer, return_exceptions=True)
