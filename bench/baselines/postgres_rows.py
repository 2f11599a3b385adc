"""A row per seat in Postgres: FOR UPDATE SKIP LOCKED, and the conditional UPDATE. Prepared, pooled, one round trip."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager, nullcontext

import asyncpg

CONNECTIONS = 16

_TABLE = """
CREATE TABLE IF NOT EXISTS bench_seat (
    performance_id int NOT NULL, seat int NOT NULL, holder int, hold_until timestamptz,
    PRIMARY KEY (performance_id, seat)
) WITH (fillfactor = 70)
"""

# All or nothing: the update finds rows only if both seats could be locked.
SKIP_LOCKED = """
WITH free AS (
    SELECT seat FROM bench_seat
    WHERE performance_id = $1 AND seat = ANY($2::int[]) AND (hold_until IS NULL OR hold_until < now())
    FOR UPDATE SKIP LOCKED
)
UPDATE bench_seat SET holder = $3, hold_until = now() + interval '10 minutes'
WHERE performance_id = $1 AND seat = ANY($2::int[]) AND (SELECT count(*) FROM free) = cardinality($2::int[])
"""

# The rows' own locks order those who race; a hold that got only one of its seats is rolled back.
CONDITIONAL_UPDATE = """
UPDATE bench_seat SET holder = $3, hold_until = now() + interval '10 minutes'
WHERE performance_id = $1 AND seat = ANY($2::int[]) AND (hold_until IS NULL OR hold_until < now())
"""


async def measure(dsn: str, statement: str, holds: int, performance_id: int) -> float:
    """Holds per second with `statement`, over a hall of its own."""
    async with asyncpg.create_pool(dsn, min_size=CONNECTIONS, max_size=CONNECTIONS) as pool:
        await pool.execute(_TABLE)
        await pool.execute(
            "INSERT INTO bench_seat SELECT $1, seat FROM generate_series(0, $2::int - 1) AS seat",
            performance_id,
            holds * 2,
        )
        await pool.execute("ANALYZE bench_seat")
        numbers = iter(range(holds))
        started = time.perf_counter()
        workers = [_worker(pool, statement, numbers, performance_id) for _ in range(CONNECTIONS)]
        await asyncio.gather(*workers)
        return holds / (time.perf_counter() - started)


async def _worker(pool: asyncpg.Pool, statement: str, numbers: Iterator[int], performance_id: int) -> None:
    async with pool.acquire() as connection:
        prepared = await connection.prepare(statement)
        for number in numbers:
            async with _maybe_transaction(connection, statement):
                await prepared.fetch(performance_id, [number * 2, number * 2 + 1], number)
                if prepared.get_statusmsg() != "UPDATE 2":
                    raise RuntimeError(prepared.get_statusmsg())


def _maybe_transaction(connection: asyncpg.Connection, statement: str) -> AbstractAsyncContextManager[object]:
    """The conditional update needs a transaction to be able to give a half-taken hold back."""
    return connection.transaction() if statement is CONDITIONAL_UPDATE else nullcontext()
