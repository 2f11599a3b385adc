"""One member of a consumer group as long as it may read: while operators pause the group it leaves, and waits."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from services.runtime.bus.port import Bus, Delivered, Subscription
from services.runtime.clock import Clock
from services.runtime.sql.faults import is_transient
from services.runtime.telemetry.logging import get_logger
from services.runtime.telemetry.metrics import EVENTS_PAUSED

PAUSE_SECONDS = 2.0  # how long a pause or its end may go unheeded

Consume = Callable[[Subscription, Sequence[Delivered]], Awaitable[None]]

_log = get_logger(__name__)


class PauseRecord(Protocol):
    """What a member reads of pauses.Pauses."""

    async def since_ms(self) -> int | None:
        """When the group was paused; None when it is not."""
        ...


class GroupPaused(Exception):
    """What was not applied yet of a batch waits for the end of the pause: it comes again."""


class Membership:
    """Joins and leaves. A pause breaks off no transaction: whoever works on a batch asks check() between two."""

    def __init__(self, bus: Bus, pauses: PauseRecord, *, group: str, topics: Sequence[str], clock: Clock) -> None:
        self._bus = bus
        self._pauses = pauses
        self._group = group
        self._topics = list(topics)
        self._clock = clock
        self.unhurried = False  # see Bus.subscribe
        self._is_paused = False
        self._is_working = False

    def check(self) -> None:
        """Raises GroupPaused, which read() expects of `consume`."""
        if self._is_paused:
            raise GroupPaused

    async def read(self, consume: Consume, joined: Callable[[], None]) -> None:
        """Hands over every batch, and none while the group is paused. Returns when the bus was closed.

        `joined` is called at each batch: the bus delivers.
        """
        while True:
            await self._until_resumed()
            subscription = await self._bus.subscribe(self._group, self._topics, unhurried=self.unhurried)
            watching = asyncio.create_task(self._watch(subscription))
            try:
                await self._read(subscription, consume, joined)
            finally:
                if not self._is_paused:  # else it is about to leave the group, which is not to be broken off
                    watching.cancel()
                await asyncio.gather(watching, return_exceptions=True)
                await subscription.close()
            if not self._is_paused:
                return

    async def _read(self, subscription: Subscription, consume: Consume, joined: Callable[[], None]) -> None:
        async for batch in subscription.batches():
            joined()
            self._is_working = True
            try:
                self.check()
                await consume(subscription, batch)
                self.check()
            except GroupPaused:
                return
            finally:
                self._is_working = False

    async def _until_resumed(self) -> None:
        while (since_ms := await self._pauses.since_ms()) is not None:
            self._note(since_ms)
            await self._clock.sleep(PAUSE_SECONDS)
        self._note(None)

    async def _watch(self, subscription: Subscription) -> None:
        """Ends the subscription once the group is paused. Without the database nothing can be read anyway."""
        while not self._is_paused:
            await self._clock.sleep(PAUSE_SECONDS)
            try:
                self._note(await self._pauses.since_ms())
            except Exception as error:
                if not is_transient(error):
                    raise
        if not self._is_working:
            await subscription.close()

    def _note(self, since_ms: int | None) -> None:
        is_paused = since_ms is not None
        if is_paused != self._is_paused:
            _log.warning("group_paused" if is_paused else "group_resumed", group=self._group, since_ms=since_ms)
        self._is_paused = is_paused
        EVENTS_PAUSED.labels(self._group).set(is_paused)
