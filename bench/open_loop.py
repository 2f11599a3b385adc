"""Latency at a part of what the batched stream can do: messages leave on a schedule and are timed from it.

A closed loop asks less often while the owner is slow, and so misses what its callers would have waited.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import deque
from collections.abc import Sequence

from balcon.inventory.v1 import inventory_service_pb2 as pb

from bench import load
from bench.flood import SERVICE, Outcome, histogram
from bench.http2 import Http2Connection, grpc_message, header_block
from bench.stack import InventoryStack

HALL = 100_000
SHARE = 0.7
CLOSED_HALLS = 2
OPEN_SECONDS = 5.0
TICK_SECONDS = 0.001


class BatchedStream:
    """One stream of prebuilt messages. Halls are sold one after the other: one performance is hot at a time."""

    def __init__(self, holds_a_message: int, messages: Sequence[bytes]) -> None:
        self._holds = holds_a_message
        self._messages = deque(enumerate(messages, 1))
        self._connection: Http2Connection | None = None
        self._stream = 0
        self._due: dict[int, float] = {}
        self._held_back: deque[tuple[int, bytes]] = deque()
        self._outcome = Outcome(latency=histogram())
        self._closed = False
        self._answered = asyncio.Event()

    async def connect(self, target: str) -> None:
        """Opens the stream."""
        self._connection = await Http2Connection.connect(target, self._broken, self._told)
        self._stream = self._connection.open(header_block(f"{SERVICE}ExecuteCommands", target))
        self._connection.flush()

    def close(self) -> None:
        """Lets it go."""
        assert self._connection is not None
        self._connection.close()

    async def closed(self, window: int, messages: int) -> Outcome:
        """The most there is: `window` messages always in flight, until `messages` are answered."""
        self._outcome, self._closed = Outcome(), True
        started = time.perf_counter()
        for _ in range(window):
            self._leave(time.perf_counter())
        while self._outcome.offered < messages:
            await self._next_answer()
        self._closed = False
        self._outcome.seconds = time.perf_counter() - started
        outcome = self._outcome
        await self._drained()
        return outcome

    async def open(self, holds_per_second: float, seconds: float) -> Outcome:
        """Poisson arrivals of whole messages, whatever the answers. Ends when the last one is answered."""
        outcome = self._outcome = Outcome()
        rate = holds_per_second / self._holds
        started = due = time.perf_counter()
        while (now := time.perf_counter()) < started + seconds and self._messages:
            while due <= now and self._messages:
                self._leave(due)
                due += random.expovariate(rate)
            self._send()
            await asyncio.sleep(TICK_SECONDS)
        outcome.seconds = time.perf_counter() - started
        await self._drained()
        return outcome

    async def _drained(self) -> None:
        while self._due:
            self._send()
            await self._next_answer()

    async def _next_answer(self) -> None:
        self._answered.clear()
        await asyncio.wait_for(self._answered.wait(), 30)

    def _leave(self, due: float) -> None:
        batch, message = self._messages.popleft()
        self._due[batch] = due
        self._outcome.offered += 1
        self._held_back.append((batch, message))
        if self._closed:
            self._send()

    def _send(self) -> None:
        assert self._connection is not None
        while self._held_back and self._connection.send(self._stream, self._held_back[0][1]):
            self._held_back.popleft()
        self._connection.flush()

    def _told(self, connection: Http2Connection, stream: int, message: bytes) -> None:
        now = time.perf_counter()
        answer = pb.ExecuteCommandsResponse.FromString(message)
        if not answer.batch_id:  # word of the credit
            return
        due = self._due.pop(answer.batch_id)
        if answer.HasField("batch_refused"):
            self._outcome.ended[answer.batch_refused.reason] += 1
        else:
            self._outcome.granted += len(answer.hold_until_ms) - len(answer.refused)
            self._outcome.latency.record_value(max(1, int((now - due) * 1e6)))
        if self._closed:
            self._leave(now)
        self._answered.set()

    def _broken(self, connection: Http2Connection, stream: int, status: int) -> None:
        raise ConnectionResetError(status)


async def measure(stack: InventoryStack, holds_a_message: int, window: int) -> tuple[Outcome, Outcome]:
    """Saturation by the closed loop, then SHARE of it by the open one."""
    saturation = await _closed(stack, holds_a_message, window)
    rate = saturation.goodput * SHARE
    halls = int(rate * OPEN_SECONDS * 2 / HALL) + 1
    stream = await _stream(stack, holds_a_message, halls, "open")
    at_share = await stream.open(rate, OPEN_SECONDS)
    stream.close()
    return saturation, at_share


async def _closed(stack: InventoryStack, holds_a_message: int, window: int) -> Outcome:
    stream = await _stream(stack, holds_a_message, CLOSED_HALLS, "closed")
    messages = CLOSED_HALLS * (HALL // (2 * holds_a_message)) - window
    saturation = await stream.closed(window, messages)
    stream.close()
    return saturation


async def _stream(stack: InventoryStack, holds_a_message: int, halls: int, name: str) -> BatchedStream:
    names = await stack.put_performances(HALL, halls, prefix=f"{name}{holds_a_message}")
    await load.wake_all(stack.nodes[0], names)
    found: list[bytes] = []
    for performance_id in names:
        for message in load.batches(performance_id, HALL, holds_a_message, 2):
            message.batch_id = len(found) + 1
            found.append(grpc_message(message.SerializeToString()))
    stream = BatchedStream(holds_a_message, found)
    await stream.connect(stack.nodes[0])
    return stream
