"""Stores that fail as networks and disks do: each append goes through the next step of a script, then the twin."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from services.inventory.domain.changes import RecordChange
from services.inventory.ports import (
    ClaimStore,
    HoldStore,
    HoldWrites,
    OpenedHolds,
    PerformanceRecord,
    StoreUnavailable,
)
from services.runtime.clock import Clock

Write = Callable[[], Awaitable[None]]
Step = Callable[[Write], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Sent:
    """An append as it was sent."""

    epoch: int
    batch: int
    content: HoldWrites | Sequence[RecordChange]


class Script:
    """What the next appends of one store meet; when it is played to its end they pass. Notes what was sent."""

    def __init__(self, *steps: Step) -> None:
        self.steps = deque(steps)
        self.sent: list[Sent] = []
        self.in_flight = 0
        self.most_in_flight = 0

    async def play(self, sent: Sent, write: Write) -> None:
        self.sent.append(sent)
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            await (self.steps.popleft()(write) if self.steps else write())
        finally:
            self.in_flight -= 1


class FaultyHoldStore:
    """See ports.HoldStore."""

    def __init__(self, inner: HoldStore, script: Script) -> None:
        self._inner = inner
        self._script = script

    async def open(self, performance_id: str, epoch: int) -> OpenedHolds:
        return await self._inner.open(performance_id, epoch)

    async def append(self, performance_id: str, epoch: int, batch: int, writes: HoldWrites) -> None:
        await self._script.play(
            Sent(epoch, batch, writes), lambda: self._inner.append(performance_id, epoch, batch, writes)
        )


class FaultyClaimStore:
    """See ports.ClaimStore."""

    def __init__(self, inner: ClaimStore, script: Script) -> None:
        self._inner = inner
        self._script = script

    async def load(self, performance_id: str, epoch: int) -> PerformanceRecord:
        return await self._inner.load(performance_id, epoch)

    async def append(self, performance_id: str, epoch: int, batch: int, changes: Sequence[RecordChange]) -> None:
        await self._script.play(
            Sent(epoch, batch, changes), lambda: self._inner.append(performance_id, epoch, batch, changes)
        )


async def passes(write: Write) -> None:
    """As if nothing were wrong."""
    await write()


async def fails_before_the_write(write: Write) -> None:
    """The request is lost."""
    raise StoreUnavailable


async def loses_the_reply(write: Write) -> None:
    """The batch is written and nobody hears of it."""
    await write()
    raise StoreUnavailable


def raises(fault: Exception) -> Step:
    """The store refuses."""

    async def step(write: Write) -> None:
        raise fault

    return step


def slow(clock: Clock, seconds: float) -> Step:
    """The store takes its time."""

    async def step(write: Write) -> None:
        await clock.sleep(seconds)
        await write()

    return step


class Gate:
    """Holds an append at a barrier, before or after it is written, until the test lets it go."""

    def __init__(self, *, after_the_write: bool = False) -> None:
        self._after_the_write = after_the_write
        self._open = asyncio.Event()
        self.reached = asyncio.Event()

    async def __call__(self, write: Write) -> None:
        if self._after_the_write:
            await write()
        self.reached.set()
        await self._open.wait()
        if not self._after_the_write:
            await write()

    def open(self) -> None:
        """Lets the append go on."""
        self._open.set()
