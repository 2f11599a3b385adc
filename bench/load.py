"""Load on the inventory: two-seat holds over the batched stream or unary, closed loop with a fixed window."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import grpc
from balcon.inventory.v1 import inventory_service_pb2 as pb
from balcon.inventory.v1.inventory_service_pb2_grpc import InventoryServiceStub
from balcon.types.v1.seating_pb2 import CHANNEL_ONLINE, SeatRefs

from bench.stack import HOUSE, PLAN_VERSION
from services.contracts.reasons import Reason
from services.runtime.rpc.routing import SENT_HERE_KEY
from services.runtime.testing.access import service_metadata

OVERLOADED_SECONDS = 0.1


@dataclass(slots=True)
class Measured:
    """What a run did. Latencies are of messages (stream) or calls (unary), in milliseconds."""

    holds: int = 0
    refused: int = 0
    overloaded: int = 0
    seconds: float = 0.0
    latencies_ms: list[float] = field(default_factory=list)

    @property
    def holds_per_second(self) -> float:
        """Granted holds over the wall clock."""
        return self.holds / self.seconds

    def percentile_ms(self, percent: float) -> float:
        """Nearest-rank percentile."""
        ordered = sorted(self.latencies_ms)
        return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


def batches(performance_id: str, capacity: int, holds: int, seats: int) -> Iterator[pb.ExecuteCommandsRequest]:
    """Messages of `holds` holds of `seats` neighbouring seats each, until the hall is full."""
    key = pb.PerformanceKey(house_id=HOUSE, performance_id=performance_id)
    per_message = holds * seats
    for number, start in enumerate(range(0, capacity - per_message + 1, per_message)):
        ids = [f"{number}-{position}" for position in range(holds)]
        yield pb.ExecuteCommandsRequest(
            batch_id=number + 1,
            key=key,
            plan_version=PLAN_VERSION,
            timeout_ms=10_000,
            holds=pb.HoldColumns(
                hold_ids=ids,
                holder_ids=ids,
                seat_counts=[seats] * holds,
                seat_indexes=range(start, start + per_message),
                channel=CHANNEL_ONLINE,
            ),
        )


async def stream(target: str, messages: Sequence[pb.ExecuteCommandsRequest], *, window: int) -> Measured:
    """Sends the messages over one stream, at most `window` unanswered; what is told to come back comes back."""
    measured = Measured()
    room = asyncio.Semaphore(window)
    waiting: asyncio.Queue[pb.ExecuteCommandsRequest | None] = asyncio.Queue()
    for message in messages:
        waiting.put_nowait(message)
    sent: dict[int, tuple[float, pb.ExecuteCommandsRequest]] = {}

    async def send() -> AsyncIterator[pb.ExecuteCommandsRequest]:
        while (message := await waiting.get()) is not None:
            await room.acquire()
            sent[message.batch_id] = (time.perf_counter(), message)
            yield message

    async with grpc.aio.insecure_channel(target) as channel:
        started = time.perf_counter()
        left = len(messages)
        async for answer in InventoryServiceStub(channel).ExecuteCommands(send(), metadata=service_metadata()):
            if not answer.batch_id:  # word of the credit
                continue
            room.release()
            at, message = sent.pop(answer.batch_id)
            if answer.HasField("batch_refused"):
                if answer.batch_refused.reason != Reason.OVERLOADED:
                    raise RuntimeError(str(answer.batch_refused))
                measured.overloaded += 1
                asyncio.get_running_loop().call_later(OVERLOADED_SECONDS, waiting.put_nowait, message)
                continue
            measured.latencies_ms.append((time.perf_counter() - at) * 1000)
            measured.holds += len(answer.hold_until_ms) + len(answer.found) - len(answer.refused)
            measured.refused += len(answer.refused)
            left -= 1
            if not left:
                waiting.put_nowait(None)
        measured.seconds = time.perf_counter() - started
    return measured


async def wake(target: str, performance_id: str) -> None:
    """Has the node take the performance, so that no run measures an activation."""
    async with grpc.aio.insecure_channel(target) as channel:
        await _wake(InventoryServiceStub(channel), performance_id)


async def wake_all(target: str, names: Sequence[str], *, at_a_time: int = 16) -> None:
    """wake() for many."""
    waiting = iter(names)
    async with grpc.aio.insecure_channel(target) as channel:
        stub = InventoryServiceStub(channel)

        async def worker() -> None:
            for name in waiting:
                await _wake(stub, name)

        await asyncio.gather(*(worker() for _ in range(at_a_time)))


async def _wake(stub: Any, performance_id: str) -> None:
    key = pb.PerformanceKey(house_id=HOUSE, performance_id=performance_id)
    # As if a hint had led here: this very node shall own it.
    await stub.GetSeatMap(
        pb.GetSeatMapRequest(key=key), timeout=60, metadata=((SENT_HERE_KEY, "1"), *service_metadata())
    )


async def best_available(
    target: str, performance_id: str, *, holds_a_message: int, messages: int, size: int, window: int
) -> Measured:
    """Groups of `size` seats wherever the owner finds them best."""
    key = pb.PerformanceKey(house_id=HOUSE, performance_id=performance_id)
    requests = [
        pb.ExecuteCommandsRequest(
            batch_id=number + 1,
            key=key,
            plan_version=PLAN_VERSION,
            timeout_ms=10_000,
            commands=[
                pb.Command(
                    best_available=pb.BestAvailableCommand(
                        hold_id=f"{number}-{position}",
                        holder_id=f"{number}-{position}",
                        groups=[pb.SeatGroup(size=size)],
                        channel=CHANNEL_ONLINE,
                    )
                )
                for position in range(holds_a_message)
            ],
        )
        for number in range(messages)
    ]
    return await stream(target, requests, window=window)


async def unary(target: str, performance_id: str, holds: int, *, tasks: int, seats: int = 2) -> Measured:
    """HoldSeats calls from `tasks` buyers at a time on one channel."""
    measured = Measured()
    numbers = iter(range(holds))
    key = pb.PerformanceKey(house_id=HOUSE, performance_id=performance_id)

    async with grpc.aio.insecure_channel(target) as channel:
        stub = InventoryServiceStub(channel)
        credential = service_metadata()

        async def buyer() -> None:
            for number in numbers:
                refs = SeatRefs(
                    plan_version=PLAN_VERSION, seat_ids=[f"s{number * seats + seat}" for seat in range(seats)]
                )
                request = pb.HoldSeatsRequest(
                    key=key, hold_id=f"u{number}", holder_id=f"b{number}", seats=refs, channel=CHANNEL_ONLINE
                )
                started = time.perf_counter()
                await stub.HoldSeats(request, timeout=10, metadata=credential)
                measured.latencies_ms.append((time.perf_counter() - started) * 1000)
                measured.holds += 1

        started = time.perf_counter()
        await asyncio.gather(*(buyer() for _ in range(tasks)))
        measured.seconds = time.perf_counter() - started
    return measured
