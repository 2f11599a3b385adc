"""Callers of one hold each that share one stream: what batching on the way to the owner is worth beside unary calls."""

from __future__ import annotations

import asyncio
import time

from bench.load import Measured
from bench.stack import HOUSE, PLAN_VERSION
from services.contracts.inventory_stream import Done, HoldCommand, InventoryCodec, InventoryStreams, OnPerformance
from services.runtime.clock import SystemClock
from services.runtime.rpc.owner_streams import OwnerStreams
from services.runtime.rpc.routing import OwnerRouting


async def shared(target: str, performance_id: str, holds: int, *, tasks: int, seats: int = 2) -> Measured:
    """Two-seat holds from `tasks` buyers at a time, each of whom waits for the answer before the next."""
    measured = Measured()
    numbers = iter(range(holds))
    clock = SystemClock()
    routing = OwnerRouting([target], clock, lambda: 0.5)
    streams: InventoryStreams = OwnerStreams(routing, InventoryCodec(), clock)
    performance = OnPerformance(HOUSE, performance_id, PLAN_VERSION)

    async def buyer() -> None:
        for number in numbers:
            wanted = range(number * seats, number * seats + seats)
            started = time.perf_counter()
            answer = await streams.ask(HoldCommand(performance, f"u{number}", f"b{number}", wanted))
            if not isinstance(answer, Done):
                raise RuntimeError(str(answer))
            measured.latencies_ms.append((time.perf_counter() - started) * 1000)
            measured.holds += 1

    started = time.perf_counter()
    await asyncio.gather(*(buyer() for _ in range(tasks)))
    measured.seconds = time.perf_counter() - started
    await streams.close()
    await routing.close()
    return measured
