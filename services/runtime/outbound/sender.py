"""Carries what waits to the targets that are due: many targets at once, none at the cost of another.

Several processes may do so over one database: each target is one process's at a time (leases.py).
"""

from __future__ import annotations

import asyncio
import zlib
from dataclasses import dataclass, field

from services.runtime.clock import Clock
from services.runtime.ids import Ids, seeded_random
from services.runtime.outbound.leases import Lease, Leases
from services.runtime.outbound.port import Carrier
from services.runtime.outbound.target_run import Carrying, RunLimits, TargetRun
from services.runtime.seal import Seal
from services.runtime.sql.faults import is_transient
from services.runtime.telemetry.logging import get_logger
from services.runtime.work.due_work import DueWork, Leased, WorkLimits

_log = get_logger("outbound")


@dataclass(frozen=True, slots=True)
class SenderLimits:
    """`targets_at_once`: of this process. One that is stuck for `slow_seconds` leaves its place to another target.

    `slow_at_once`: how many such there are besides; more of them keep their places.
    """

    targets_at_once: int = 32
    slow_seconds: float = 2.0
    slow_at_once: int = 256
    idle_seconds: float = 1.0
    # What is put in the same moment goes in one batch.
    linger_seconds: float = 0.05
    expire_seconds: float = 5.0
    run: RunLimits = field(default_factory=RunLimits)


class Sender:
    """One of a process. `wake()` after a commit that put something; run() until cancelled."""

    def __init__(
        self,
        integration: str,
        leases: Leases,
        carrier: Carrier,
        seal: Seal,
        *,
        clock: Clock,
        ids: Ids,
        limits: SenderLimits | None = None,
        seed: int | None = None,
    ) -> None:
        self._leases = leases
        self._clock = clock
        self._limits = limits = limits or SenderLimits()
        chance = seeded_random(zlib.crc32(ids.new_secret().encode()) if seed is None else seed).random
        self._parts = Carrying(integration, leases, carrier, seal, clock, ids, chance, limits.run)
        self._runs: set[TargetRun] = set()
        self._slow: set[asyncio.Task[None]] = set()
        self._is_stopping = False
        self._work: DueWork[Lease] = DueWork(
            f"outbound {integration}",
            lease=self._lease,
            act=self._serve,
            clock=clock,
            limits=WorkLimits(
                concurrency=limits.targets_at_once,
                idle_seconds=limits.idle_seconds,
                linger_seconds=limits.linger_seconds,
            ),
        )

    def wake(self) -> None:
        """Looks now: something was put, or a target may be spoken to again."""
        self._work.wake()

    async def run(self) -> None:
        """Carries until cancelled. What is under way then is unknown: its lease runs out, and the same goes again."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._work.run())
                group.create_task(self._expire())
        finally:
            for task in self._slow:
                task.cancel()
            await asyncio.gather(*self._slow, return_exceptions=True)

    async def carry_due(self) -> int:
        """Carries what is due now and nothing else, without run(); how many turns of targets that were."""
        turns = 0
        while leased := (await self._lease(self._limits.targets_at_once)).items:
            await asyncio.gather(*(self._serve(lease) for lease in leased))
            turns += len(leased)
        return turns

    async def drain(self) -> None:
        """Begins nothing more, and waits for the answers that are under way, for a moment at most."""
        self._is_stopping = True
        for run in self._runs:
            run.is_stopping = True
        until = self._clock.monotonic() + self._limits.slow_seconds
        while self._runs and self._clock.monotonic() < until:
            await self._clock.sleep(0.05)

    async def _lease(self, limit: int) -> Leased[Lease]:
        if self._is_stopping:
            return Leased([], may_be_more=False)
        now_ms = self._clock.now_ms()
        until_ms = now_ms + int(self._limits.run.lease_seconds * 1000)
        try:
            leases = await self._leases.lease(limit, now_ms=now_ms, until_ms=until_ms)
        except Exception as error:
            if not is_transient(error):
                raise
            # What is under way goes on, and is written down once the database answers again: ended, it would go twice.
            self._told_of_silence(error)
            return Leased([], may_be_more=False)
        return Leased(leases, may_be_more=len(leases) == limit)

    async def _serve(self, lease: Lease) -> None:
        """A target's turn. It ends early, as far as places go, where the target keeps us waiting."""
        run = TargetRun(self._parts, lease)
        self._runs.add(run)
        task = asyncio.create_task(run.go(), name="outbound target")
        task.add_done_callback(lambda _: self._ended(run))
        try:
            while not task.done():
                before = run.reports
                await asyncio.wait({task}, timeout=self._limits.slow_seconds)
                if not task.done() and run.reports == before and len(self._slow) < self._limits.slow_at_once:
                    self._slow.add(task)
                    task.add_done_callback(self._slow_ended)
                    return
        except asyncio.CancelledError:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            raise
        task.result()

    def _ended(self, run: TargetRun) -> None:
        """More may be due for it: its turn was over, or something was put meanwhile."""
        self._runs.discard(run)
        self._work.wake()

    def _slow_ended(self, task: asyncio.Task[None]) -> None:
        """Nobody waits for it: what broke it is told here."""
        self._slow.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("slow_target_broke", exc_info=error)

    async def _expire(self) -> None:
        while True:
            try:
                await self._leases.expire(self._clock.now_ms())
            except Exception as error:
                if not is_transient(error):
                    raise
                self._told_of_silence(error)
            await self._clock.sleep(self._limits.expire_seconds)

    def _told_of_silence(self, error: Exception) -> None:
        _log.warning("database_silent", integration=self._parts.integration, error=type(error).__name__)
