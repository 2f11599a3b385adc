"""What a consumer costs: events per second through one process, with a handler that writes three rows an event.

`python -m bench.consuming [BUS_URL]` starts a PostgreSQL, publishes events to a bus (the log in Postgres, or the one
named), lets one consumer work them off with no handler's work, event by event and batch by batch, and prints figures.
"""

from __future__ import annotations

import asyncio
import cProfile
import pstats
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import uvloop
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.runtime.bus.factory import open_bus
from services.runtime.bus.port import ManagedBus
from services.runtime.clock import SystemClock
from services.runtime.embedded.postgres import EmbeddedPostgres
from services.runtime.ids import RandomIds
from services.runtime.outbox.consumer import EventConsumer
from services.runtime.outbox.event import IncomingEvent, OutgoingEvent
from services.runtime.outbox.headers import to_message
from services.runtime.outbox.tables import inbox_table
from services.runtime.sql.engine import create_engine, new_metadata
from services.runtime.testing import eventually

EVENTS = 50_000
KEYS = 500
ROWS = 3  # of each event
PAYLOAD_BYTES = 400
_CHUNK = 1_000

_WRITE = text(
    """INSERT INTO bench_row (event_id, n, key, amount)
       SELECT e.event_id, g.n, e.key, e.amount
       FROM unnest(CAST(:ids AS text[]), CAST(:keys AS text[]), CAST(:amounts AS bigint[]))
                AS e (event_id, key, amount),
            generate_series(1, CAST(:rows AS int)) AS g (n)"""
)


async def nothing(connection: AsyncConnection, events: Sequence[IncomingEvent]) -> None:
    """A batch handler without work: what is left is the consumer's own cost."""


async def by_batch(connection: AsyncConnection, events: Sequence[IncomingEvent]) -> None:
    """All rows of a batch in one statement."""
    parameters = {
        "ids": [event.id for event in events],
        "keys": [event.key for event in events],
        "amounts": [event.sequence for event in events],
        "rows": ROWS,
    }
    await connection.execute(_WRITE, parameters)


async def by_event(connection: AsyncConnection, event: IncomingEvent) -> None:
    """The rows of one event in one statement."""
    await by_batch(connection, [event])


async def _fill(bus: ManagedBus, topic: str) -> None:
    payload = b"x" * PAYLOAD_BYTES
    for first in range(0, EVENTS, _CHUNK):
        await bus.publish(
            [
                to_message(
                    OutgoingEvent(topic, f"key_{n % KEYS}", "balcon.bench.Noted", payload, "house_1"),
                    event_id=f"evt_{n}",
                    source="balcon.bench",
                    time_ms=1,
                    sequence=n // KEYS + 1,
                )
                for n in range(first, first + _CHUNK)
            ]
        )


async def _measure(url: str, bus: ManagedBus, topic: str, group: str, **handler: Any) -> float:
    engine = create_engine(url, application="bench")
    consumer = EventConsumer(bus, engine, group=group, topics=[topic], clock=SystemClock(), **handler)
    ends = {(state.topic, state.partition): state.end_offset for state in await bus.partitions() if state.end_offset}
    wanted = {place: end for place, end in ends.items() if place[0] == topic}

    async def done() -> bool:
        return {place: at for place, at in (await bus.committed(group)).items() if place[0] == topic} == wanted

    started = time.perf_counter()
    task = asyncio.create_task(consumer.run())
    await eventually(done)
    seconds = time.perf_counter() - started
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await engine.dispose()
    return EVENTS / seconds


async def main(bus_url: str) -> None:
    """Measures, then once more with a profile."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)  # the server's account passes through
        postgres = EmbeddedPostgres(folder / "postgres")
        await asyncio.to_thread(postgres.start)
        try:
            for database in ("bench", "bench_bus"):
                await asyncio.to_thread(postgres.create_database, database)
            url, log = postgres.url_for("bench"), postgres.url_for("bench_bus")
            engine = create_engine(url, application="bench")
            metadata = new_metadata()
            inbox_table(metadata)
            async with engine.begin() as connection:
                await connection.run_sync(metadata.create_all)
                await connection.execute(text("CREATE TABLE bench_row (event_id text, n int, key text, amount bigint)"))
            bus = open_bus(bus_url or log, clock=SystemClock(), ids=RandomIds(), client_id="bench")
            topic = RandomIds().new_id("bench")
            await bus.create_topics({topic: 4})
            await _fill(bus, topic)
            for way, handler in (
                ("no handler", {"batch_handler": nothing}),
                ("batch by batch", {"batch_handler": by_batch}),
                ("event by event", {"handler": by_event}),
            ):
                async with engine.begin() as connection:
                    await connection.execute(text("TRUNCATE bench_row"))
                rate = await _measure(url, bus, topic, RandomIds().new_id("grp"), **handler)
                print(f"{way}: {rate:,.0f} events/s", flush=True)
            async with engine.begin() as connection:
                await connection.execute(text("TRUNCATE bench_row"))
            profile = cProfile.Profile()
            profile.enable()
            await _measure(url, bus, topic, RandomIds().new_id("grp"), batch_handler=by_batch)
            profile.disable()
            pstats.Stats(profile).sort_stats("tottime").print_stats(15)
            await bus.close()
            await engine.dispose()
        finally:
            await asyncio.to_thread(postgres.stop)


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1] if len(sys.argv) > 1 else ""))
