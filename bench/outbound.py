"""What a crowd of sales costs on its way out: dispatches put at a pace, carried over HTTP to a double that counts keys.

`python -m bench.outbound [--seconds 60] [--rate 1000] [--batch 50] [--dead 1]` starts a PostgreSQL, puts, carries and
prints how long until the double had everything, and how long a healthy target's dispatches took.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import uvloop
from sqlalchemy.ext.asyncio import AsyncEngine

from services.runtime.clock import SystemClock
from services.runtime.embedded.postgres import EmbeddedPostgres
from services.runtime.ids import RandomIds
from services.runtime.outbound.http import HttpLimits, OutboundHttp, Question
from services.runtime.outbound.leases import Leases
from services.runtime.outbound.port import Carried, CarrierLimits, Dispatch, Target
from services.runtime.outbound.queue import PostgresQueue
from services.runtime.outbound.sender import Sender
from services.runtime.seal import Seal
from services.runtime.sql.connections import connected
from services.runtime.sql.engine import create_engine
from services.runtime.sql.migrations import upgrade
from services.runtime.sql.scopes import HouseScope

TARGETS = 40
BODY_BYTES = 400
_AT_ONCE = 4
_DEAD = "dead"


@dataclass
class Double:
    """Counts keys, and when it heard each; never answers whoever names the dead target."""

    heard: dict[bytes, float] = field(default_factory=dict)
    calls: int = 0
    doubled: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, kept alive."""
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
                body = await reader.readexactly(length)
                self.calls += 1
                if head.startswith(f"POST /{_DEAD} ".encode()):
                    await asyncio.Event().wait()
                for line in body.split(b"\n"):
                    key = line.split(b" ", 1)[0]
                    self.doubled += key in self.heard
                    self.heard.setdefault(key, time.monotonic())
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            writer.close()


class BenchCarrier:
    """One POST for a batch."""

    def __init__(self, url: str, batch: int) -> None:
        self.limits = CarrierLimits(batch=batch, at_once=_AT_ONCE)
        self._http = OutboundHttp(url, SystemClock(), limits=HttpLimits(read_seconds=5.0, total_seconds=5.0))

    async def carry(self, target: Target, dispatches: Sequence[Dispatch]) -> Carried:
        """See Carrier."""
        body = b"\n".join(each.key.encode() + b" " + each.body for each in dispatches)
        question = Question("POST", f"/{target.target_id}", "sale", body=body, dispatches=len(dispatches))
        answer = await self._http.ask(target, question)
        return Carried([answer.outcome()] * len(dispatches), [answer.exchange])


async def measure(url: str, *, seconds: int, rate: int, batch: int, dead: int) -> None:
    """One run; prints one line."""
    clock, ids, seal = SystemClock(), RandomIds(), Seal(["a secret of the bench's own, long enough"], owner="bench")
    engine = create_engine(url, application="bench", pool_size=16)
    double = Double()
    server = await asyncio.start_server(double.serve, "127.0.0.1", 0)
    carrier = BenchCarrier(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", batch)
    sender = Sender("bench", Leases(engine), carrier, seal, clock=clock, ids=ids)
    queue = PostgresQueue(seal, clock, ids, sender.wake)
    running = asyncio.create_task(sender.run())
    put: dict[bytes, float] = {}
    started, worked = time.monotonic(), time.process_time()
    for tick in range(seconds * 10):
        await clock.sleep(max(0.0, started + tick / 10 - time.monotonic()))
        await _put(engine, queue, clock, tick, rate // 10, put)
        if dead and tick % 10 == 0:
            await _put_dead(engine, queue, clock, tick)
    put_seconds = time.monotonic() - started
    while len(double.heard) < len(put):
        await clock.sleep(0.05)
    drained = time.monotonic() - started
    worked = time.process_time() - worked
    ages = sorted(double.heard[key] - at for key, at in put.items())
    sys.stdout.write(
        f"{len(put)} dispatches, {TARGETS} targets, batches of {batch}, {dead} dead: put in {put_seconds:.1f} s, all "
        f"told after {drained:.1f} s, {double.calls} calls, {double.doubled} doubled; from commit to the double "
        f"p50 {ages[len(ages) // 2] * 1000:.0f} ms, p99 {ages[len(ages) * 99 // 100] * 1000:.0f} ms; "
        f"{worked / len(put) * 1000:.2f} ms of this process's CPU for each\n"
    )
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    server.close()
    await engine.dispose()


async def _put(
    engine: AsyncEngine, queue: PostgresQueue, clock: SystemClock, tick: int, count: int, put: dict[bytes, float]
) -> None:
    """As a batch of events would: one transaction for each house."""
    for house in range(4):
        own = [
            Dispatch(
                target=Target(f"hou_{house}", f"trk_{(tick * count + each) % (TARGETS // 4)}"),
                key=f"{tick}-{house}-{each}",
                kind="sale",
                body=b"x" * BODY_BYTES,
                made_at_ms=clock.now_ms(),
            )
            for each in range(count // 4)
        ]
        async with connected(engine, HouseScope(f"hou_{house}")) as connection:
            await queue.put(connection, own)
        now = time.monotonic()
        put.update((each.key.encode(), now) for each in own)


async def _put_dead(engine: AsyncEngine, queue: PostgresQueue, clock: SystemClock, tick: int) -> None:
    target = Target("hou_0", _DEAD)
    dispatches = [
        Dispatch(target=target, key=f"dead-{tick}-{each}", kind="sale", body=b"x", made_at_ms=clock.now_ms())
        for each in range(20)
    ]
    async with connected(engine, HouseScope("hou_0")) as connection:
        await queue.put(connection, dispatches)


async def _main(options: argparse.Namespace) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)  # the server's account passes through
        postgres = EmbeddedPostgres(folder / "postgres")
        await asyncio.to_thread(postgres.start)
        try:
            await asyncio.to_thread(postgres.create_database, "bench")
            url = postgres.url_for("bench")
            await upgrade("trackers", url)
            await measure(url, seconds=options.seconds, rate=options.rate, batch=options.batch, dead=options.dead)
        finally:
            await asyncio.to_thread(postgres.stop)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    for name, default in (("seconds", 60), ("rate", 1_000), ("batch", 50), ("dead", 0)):
        parser.add_argument(f"--{name}", type=int, default=default)
    uvloop.run(_main(parser.parse_args()))
