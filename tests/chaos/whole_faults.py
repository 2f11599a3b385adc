"""Faults of a whole stack: each service killed or stopped, the record, the holds and the bus taken away."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from services.runtime.clock import Clock
from services.runtime.ids import seeded_random
from services.runtime.sql.engine import create_engine
from services.runtime.testing import eventually
from tests.chaos.cluster_failover import ClusterFaults
from tests.chaos.seat_witness import SeatWitness
from tests.chaos.whole_stack import WholeStack

SERVICES = ("catalogue", "customers", "inventory", "inventory-2", "orders", "payments", "reporting", "ticketing")
KILLS = tuple(f"kill_{service}" for service in (*SERVICES, "sandbox"))
STOPS = tuple(f"stop_{service}" for service in SERVICES)
STORE_KINDS = ("postgres_restart", "valkey_failover", "valkey_flush", "valkey_function_flush")

CALM_SECONDS = (0.8, 1.8)
# Some longer than the lease of an inventory node.
STOPPED_SECONDS = {"stop_inventory": (4.0, 9.0), "stop_inventory-2": (4.0, 9.0)}
OTHER_SECONDS = (1.5, 4.0)
READY_AGAIN_SECONDS = 180.0
# How long a bus that is away may take to hold an event back.
HELD_BACK_SECONDS = 60.0


def kinds_of(bus_kinds: Sequence[str]) -> tuple[str, ...]:
    """Every fault of a stack with such a bus."""
    return (*KILLS, *STOPS, *STORE_KINDS, *bus_kinds)


@dataclass(frozen=True, slots=True)
class Planned:
    """One fault to come: after `calm_seconds` of peace, for so long."""

    kind: str
    calm_seconds: float
    seconds: float


def schedule(seed: int, kinds: Sequence[str]) -> Iterator[Planned]:
    """Endless: every kind once in some order, then again in another. The same for the same seed."""
    random = seeded_random(seed)
    while True:
        for kind in random.sample(list(kinds), len(kinds)):
            lengths = STOPPED_SECONDS.get(kind, OTHER_SECONDS)
            yield Planned(kind, random.uniform(*CALM_SECONDS), random.uniform(*lengths))


class WholeInjector:
    """Does what is planned and heals it. `held_back`: faults of the bus during which an event had to wait."""

    def __init__(self, stack: WholeStack, clock: Clock) -> None:
        self._stack = stack
        self._clock = clock
        self.cluster = ClusterFaults(stack.cluster)
        self.held_back = 0
        self._witness = SeatWitness(stack, clock)

    async def inject(self, planned: Planned) -> str:
        """One fault from start to healing; what was done, in words."""
        act, _, service = planned.kind.partition("_")
        if planned.kind in KILLS:
            return await self._kill(service)
        if planned.kind in STOPS:
            return await self._stop(service, planned.seconds)
        if act == "bus":
            return await self._lose_bus(planned)
        match planned.kind:
            case "postgres_restart":
                return await self._restart_postgres()
            case "valkey_failover":
                return await self.cluster.lose_master(self._stack.performances, self._witness.hold)
            case "valkey_flush":
                await asyncio.to_thread(self.cluster.flush_all)
            case "valkey_function_flush":
                await asyncio.to_thread(self.cluster.flush_functions)
            case _:
                raise AssertionError(planned.kind)
        return ""

    async def _kill(self, service: str) -> str:
        process = self._stack.services.process(service)
        pid = process.kill()
        assert pid is not None, f"{service} was down already"

        async def is_back() -> bool:
            return process.pid not in {None, pid} and await process.is_ready()

        await eventually(is_back, READY_AGAIN_SECONDS)
        return f"pid {pid}"

    async def _stop(self, service: str, seconds: float) -> str:
        pid = self._stack.services.process(service).pid
        assert pid is not None, f"{service} is down"
        os.kill(pid, signal.SIGSTOP)
        try:
            await self._clock.sleep(seconds)
        finally:
            os.kill(pid, signal.SIGCONT)
        return f"for {seconds:.1f} s"

    async def _restart_postgres(self) -> str:
        postgres = self._stack.services.servers.postgres
        pid = postgres.pid
        os.kill(pid, signal.SIGKILL)

        async def is_back() -> bool:
            # The stack starts it again.
            return postgres.running and postgres.pid != pid and await self._answers()

        await eventually(is_back, READY_AGAIN_SECONDS)
        return "SIGKILL"

    async def _answers(self) -> bool:
        try:
            return await self._waiting_events(self._clock.now_ms()) >= 0
        except (OSError, sa.exc.SQLAlchemyError):
            return False

    async def _lose_bus(self, planned: Planned) -> str:
        began_ms = self._clock.now_ms()
        await self._stack.bus.take_away(planned.kind)
        try:
            await self._clock.sleep(planned.seconds)
            waiting = await self._wait_for_held_back(began_ms)
        finally:
            await self._stack.bus.give_back()
        self.held_back += waiting > 0
        return f"for {planned.seconds:.1f} s, {waiting} events of orders waited"

    async def _wait_for_held_back(self, began_ms: int) -> int:
        deadline = self._clock.monotonic() + HELD_BACK_SECONDS
        while True:
            # Younger ones may be on their way.
            waiting = await self._waiting_events(began_ms)
            if waiting or self._clock.monotonic() > deadline:
                return waiting
            await self._clock.sleep(0.2)

    async def _waiting_events(self, since_ms: int) -> int:
        """Events of orders that happened since then, more than half a second ago, and are not published."""
        engine = create_engine(
            self._stack.services.servers.postgres.url_for("balcon_orders"), application="chaos", pool_size=1
        )
        query = sa.text(
            "SELECT count(*) FROM outbox WHERE published_at_ms IS NULL AND occurred_at_ms BETWEEN :since AND :until"
        )
        try:
            async with engine.connect() as connection:
                found = await connection.scalar(query, {"since": since_ms, "until": self._clock.now_ms() - 500})
        finally:
            await engine.dispose()
        return int(found or 0)

    def restarts_missing(self, faults: Mapping[str, int]) -> list[str]:
        """Services that were killed more often than they were started again: the kill was none."""
        restarts = self._stack.services.restarts
        return [
            f"{service} was killed {faults[f'kill_{service}']} times and started again {restarts[service]} times"
            for service in restarts
            if restarts[service] < faults.get(f"kill_{service}", 0)
        ]
