"""The limits: an empty gRPC echo, unary and on a stream, and the bare append of the same batches to Redis."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import AsyncIterator, Sequence
from typing import Any

import grpc
import uvloop
from balcon.inventory.v1 import inventory_service_pb2 as pb
from balcon.inventory.v1.inventory_service_pb2_grpc import (
    InventoryServiceServicer,
    InventoryServiceStub,
    add_InventoryServiceServicer_to_server,
)

from bench import load
from services.inventory.adapters.redis_connection import connect
from services.inventory.adapters.redis_hold_store import RedisHoldStore
from services.inventory.domain.records import Hold
from services.inventory.ports import HoldWrites
from services.runtime.embedded.ports import free_port

PERFORMANCE = "bare"


class Echo(InventoryServiceServicer):
    """Answers at once, as shaped as a real answer."""

    async def HoldSeats(self, request: pb.HoldSeatsRequest, context: Any) -> pb.HoldSeatsResponse:  # noqa: N802
        """No decision, no store."""
        hold = pb.Hold(hold_id=request.hold_id, holder_id=request.holder_id, seats=request.seats, hold_until_ms=1)
        return pb.HoldSeatsResponse(hold=hold, epoch=1)

    async def ExecuteCommands(  # noqa: N802
        self, request_iterator: AsyncIterator[pb.ExecuteCommandsRequest], context: Any
    ) -> AsyncIterator[pb.ExecuteCommandsResponse]:
        """An end for each hold."""
        async for request in request_iterator:
            yield pb.ExecuteCommandsResponse(
                batch_id=request.batch_id, epoch=1, hold_until_ms=[1_800_000_000_000] * len(request.holds.hold_ids)
            )


async def _serve(port: int) -> None:
    server = grpc.aio.server()
    add_InventoryServiceServicer_to_server(Echo(), server)  # type: ignore[abstract]
    server.add_insecure_port(f"127.0.0.1:{port}")
    await server.start()
    await server.wait_for_termination()


class EchoProcess:
    """The echo in a process of its own."""

    def __init__(self) -> None:
        port = free_port()
        self.target = f"127.0.0.1:{port}"
        self._process = subprocess.Popen([sys.executable, "-m", "bench.baselines.limits", str(port)])

    async def wait(self) -> None:
        """Until it answers."""
        async with grpc.aio.insecure_channel(self.target) as channel:
            await InventoryServiceStub(channel).HoldSeats(pb.HoldSeatsRequest(), wait_for_ready=True, timeout=30)

    def stop(self) -> None:
        """Ends the process."""
        self._process.terminate()
        self._process.wait()


async def bare_append(redis_url: str, holds_a_batch: int, batches: int) -> float:
    """Two-seat holds per second appended with nothing around it: one batch in flight, as one performance has."""
    redis = connect(redis_url)
    store = RedisHoldStore(redis)
    await store.load_functions()
    performance = f"{PERFORMANCE}{holds_a_batch}"
    await store.open(performance, 1)
    work = [_writes(batch, holds_a_batch) for batch in range(batches)]
    started = time.perf_counter()
    for number, writes in enumerate(work, 1):
        await store.append(performance, 1, number, writes)
    seconds = time.perf_counter() - started
    await redis.aclose()
    return holds_a_batch * batches / seconds


def _writes(batch: int, size: int) -> HoldWrites:
    first = batch * size
    holds = [
        Hold(f"{number}", f"{number}", (number * 2, number * 2 + 1), 2, 1_800_000_000_000, 1_800_000_600_000)
        for number in range(first, first + size)
    ]
    return HoldWrites(holds, [])


async def echo_stream(target: str, messages: Sequence[pb.ExecuteCommandsRequest], window: int) -> float:
    """Holds per second through the empty stream."""
    return (await load.stream(target, messages, window=window)).holds_per_second


if __name__ == "__main__":
    uvloop.run(_serve(int(sys.argv[1])))
