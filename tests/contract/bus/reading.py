"""A topic of one test, and readers that note what they get."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from services.runtime.bus.faults import PartitionLost
from services.runtime.bus.port import Bus, Delivered, Message, Subscription

PARTITIONS = 4  # what librdkafka's mock gives every topic
PATIENCE_SECONDS = 120.0


class Desk:
    """Publishes to a topic of its own, and reads it."""

    def __init__(self, bus: Bus, name: str) -> None:
        self.bus = bus
        self.topic = f"test.{name}"
        self.group = f"group.{name}"

    async def open(self) -> None:
        """Creates the topic."""
        await self.bus.create_topics({self.topic: PARTITIONS})

    def message(self, payload: str, key: str = "a") -> Message:
        """One message for the topic."""
        return Message(self.topic, key, payload.encode(), {"n": payload})

    async def publish(self, *payloads: str, key: str = "a") -> None:
        """One call with a message for each payload."""
        await self.bus.publish([self.message(payload, key) for payload in payloads])

    async def subscribe(self, group: str | None = None) -> Subscription:
        """Joins the test's group, or another."""
        return await self.bus.subscribe(group or self.group, [self.topic])

    async def read(self, count: int, group: str | None = None, *, commit: bool = True) -> list[Delivered]:
        """Joins, reads at least `count` messages, commits them if asked, and leaves."""
        subscription = await self.subscribe(group)
        delivered: list[Delivered] = []
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                async for batch in subscription.batches():
                    delivered += batch
                    if commit:
                        await subscription.commit(batch[-1])
                    if len(delivered) >= count:
                        break
        finally:
            await subscription.close()
        return delivered


class Member:
    """A member that reads all the time, and notes what it read and committed.

    `goes_on`: a commit that is refused costs a re-delivery, as it does consumers; without, it ends the test.
    """

    def __init__(
        self,
        subscription: Subscription,
        note: Callable[[Member, Sequence[Delivered]], None],
        *,
        goes_on: bool = False,
    ) -> None:
        self.subscription = subscription
        self.read: list[Delivered] = []
        self._note = note
        self._goes_on = goes_on
        self._task = asyncio.create_task(self._run())

    async def _run(self) -> None:
        async for batch in self.subscription.batches():
            self._note(self, batch)
            self.read += batch
            try:
                await self.subscription.commit(batch[-1])
            except PartitionLost:
                if not self._goes_on:
                    raise

    async def leave(self) -> None:
        """Ends; closed in the middle of a batch, it may not note any more how far it came."""
        self._goes_on = True
        await self.subscription.close()
        await self._task


def payloads(delivered: Sequence[Delivered], key: str | None = None) -> list[str]:
    """The payloads in the order they came, of one key or of all."""
    return [d.message.payload.decode() for d in delivered if key in {None, d.message.key}]


def first_times(names: Sequence[str]) -> list[str]:
    """Without repetitions: what came again is left out."""
    return list(dict.fromkeys(names))
