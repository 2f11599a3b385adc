"""A lock per seat: SET key NX PX, taken back where the other seat of a hold is gone. Pipelined, a few connections."""

from __future__ import annotations

import asyncio
import time

from redis.asyncio import Redis

CONNECTIONS = 4
HOLDS_A_PIPELINE = 64
TTL_MS = 600_000


async def measure(redis_url: str, holds: int) -> float:
    """Holds per second."""
    chunks = iter(range(0, holds, HOLDS_A_PIPELINE))

    async def worker() -> None:
        async with Redis.from_url(redis_url) as redis:
            for start in chunks:
                await _hold(redis, range(start, min(start + HOLDS_A_PIPELINE, holds)))

    started = time.perf_counter()
    await asyncio.gather(*(worker() for _ in range(CONNECTIONS)))
    return holds / (time.perf_counter() - started)


async def _hold(redis: Redis, numbers: range) -> None:
    async with redis.pipeline(transaction=False) as pipeline:
        for number in numbers:
            _ = pipeline.set(f"nx:{number * 2}", number, nx=True, px=TTL_MS)
            _ = pipeline.set(f"nx:{number * 2 + 1}", number, nx=True, px=TTL_MS)
        answers = await pipeline.execute()
    half = [
        f"nx:{numbers[position // 2] * 2 + (1 - position % 2)}"
        for position, taken in enumerate(answers)
        if not taken and answers[position ^ 1]
    ]
    if half:
        await redis.delete(*half)
