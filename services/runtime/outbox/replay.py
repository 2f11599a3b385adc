"""Applies a parked key's events out of the dead-letter topic, beside the consumer that still diverts new ones."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

from services.runtime.bus.port import Bus, Delivered
from services.runtime.bus.topics import dead_letter_topic
from services.runtime.clock import Clock
from services.runtime.outbox.application import EventApplication
from services.runtime.outbox.dead_letters import ORIGIN_TOPIC
from services.runtime.outbox.event import IncomingEvent
from services.runtime.outbox.faults import HeadersInvalid, ReplayIncomplete
from services.runtime.outbox.headers import to_event
from services.runtime.outbox.inbox import KeyPlace, ParkedKey

QUIET_SECONDS = 10.0  # without any message of the topic: what is missing does not come
AHEAD_MAX_EVENTS = 10_000  # kept in memory while an earlier one is missing


class Replay:
    """Reads the topic from its beginning as a group of its own, which never commits.

    The key is released in the transaction that applied the last diverted event: the row says which one that is, and the
    live consumer raises it, under the same lock, before it diverts another.
    """

    def __init__(self, bus: Bus, application: EventApplication, *, group: str, clock: Clock) -> None:
        self._bus = bus
        self._application = application
        self._group = group
        self._clock = clock

    async def run(self, parked: ParkedKey) -> int:
        """Returns how many events were applied (ReplayIncomplete, or what the handler raised: the key stays parked)."""
        place = parked.place
        topic = dead_letter_topic(place.topic, self._group)
        name = f"{self._group}.replay.{self._clock.now_ms()}.{parked.last_sequence}"
        subscription = await self._bus.subscribe(name, [topic])
        following = parked.last_sequence + 1
        ahead: dict[int, IncomingEvent] = {}
        try:
            batches = aiter(subscription.batches())
            while True:
                for event in _events_of(place, await self._next(batches, place, following)):
                    if event.sequence >= following and len(ahead) < AHEAD_MAX_EVENTS:
                        ahead.setdefault(event.sequence, event)
                while event_now := ahead.pop(following, None):
                    released = await self._application.replay(event_now)
                    following += 1
                    if released:
                        return following - 1 - parked.last_sequence
        finally:
            await subscription.close()

    async def _next(
        self, batches: AsyncIterator[Sequence[Delivered]], place: KeyPlace, following: int
    ) -> Sequence[Delivered]:
        try:
            async with asyncio.timeout(QUIET_SECONDS):
                return await anext(batches)
        except (TimeoutError, StopAsyncIteration) as error:
            raise ReplayIncomplete(topic=place.topic, key=place.key, sequence=following) from error


def _events_of(place: KeyPlace, batch: Sequence[Delivered]) -> list[IncomingEvent]:
    events = []
    for delivered in batch:
        if delivered.message.key == place.key and delivered.message.headers.get(ORIGIN_TOPIC) == place.topic:
            try:
                event = to_event(delivered.message, topic=place.topic)
            except HeadersInvalid:
                continue  # parked by itself, outside any order
            if event.source == place.source:
                events.append(event)
    return events
