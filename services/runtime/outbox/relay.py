"""Publishes what the outbox holds: in order per key, at least once, with numbers that never change (RULE 29, 30).

It must never skip a row and never decide by id what is new.
"""

from __future__ import annotations

import asyncio

from sqlalchemy.ext.asyncio import AsyncEngine

from services.runtime.bus.port import Bus, Message
from services.runtime.clock import Clock
from services.runtime.outbox.headers import to_message
from services.runtime.outbox.held_outbox import HeldOutbox, NumberedEvent, Pending, hold_outbox, wake_outbox_holder
from services.runtime.outbox.retries import Backoff
from services.runtime.pace import Pace
from services.runtime.telemetry.logging import get_logger
from services.runtime.telemetry.metrics import OUTBOX_OLDEST_SECONDS, OUTBOX_PENDING, OUTBOX_PUBLISHED
from services.runtime.waiting import end_if_cancelled, wait_until_set

RELAY_BATCH = 500
RETENTION_SECONDS = 7 * 86_400.0  # a bus that lost its last days can be filled again from the outbox
RETRY_FIRST_SECONDS = 0.1
RETRY_LAST_SECONDS = 5.0
HOUSEKEEPING_SECONDS = 5.0
# Between two looks at an outbox that was emptied.
PACE = Pace(3.0, 0.02, 0.06)
LONG_PUBLISH_SECONDS = 5.0  # how long the gauges may stay behind while the bus neither takes nor refuses

_log = get_logger(__name__)


class OutboxRelay:
    """A service's relay. Start one per process: the first holds the outbox, the others stand by and take over.

    `source` is the CloudEvents source of the service, such as "balcon.orders", and the lock's name. It keeps one
    connection of the engine's pool for as long as it holds the outbox.
    """

    def __init__(
        self,
        engine: AsyncEngine,
        bus: Bus,
        *,
        source: str,
        clock: Clock,
        interval_seconds: float,
        batch: int = RELAY_BATCH,
        retention_seconds: float = RETENTION_SECONDS,
    ) -> None:
        self._engine = engine
        self._bus = bus
        self._source = source
        self._clock = clock
        self._interval_seconds = interval_seconds
        self._batch = batch
        self._retention_ms = int(retention_seconds * 1000)
        self._oldest_at_ms: int | None = None
        self._woken = asyncio.Event()
        self._housekeeping_at = 0.0
        self._backoff = Backoff(RETRY_FIRST_SECONDS, RETRY_LAST_SECONDS, seed=source)

    def wake(self) -> None:
        """Call after a commit with events; any number of calls costs one look. On a stand-by it wakes the holder."""
        self._woken.set()

    async def run(self) -> None:
        """Publishes until cancelled, through outages of the bus and of the database."""
        lost = Backoff(RETRY_FIRST_SECONDS, RETRY_LAST_SECONDS, seed=self._source)
        while True:
            try:
                async with hold_outbox(self._engine, self._source) as held:
                    lost.reset()
                    if held is not None:
                        OUTBOX_OLDEST_SECONDS.labels(self._source).set_function(self._oldest_seconds)
                        _log.info("outbox_held", source=self._source)
                        try:
                            await self._lead(held)
                        finally:
                            self._oldest_at_ms = None  # whoever holds the outbox now tells it
                await self._stand_by()
            except Exception as error:  # noqa: BLE001 (whatever it is, unpublished events must not wait for a restart)
                end_if_cancelled(error)
                if not lost.tries:
                    _log.warning("outbox_lost", source=self._source, error=type(error).__name__, exc_info=error)
                await self._clock.sleep(lost.next_seconds())

    async def drain_once(self) -> int:
        """Publishes one batch and returns how many; 0 when nothing waits or another relay holds the outbox.

        Raises what the bus raised; the events stay, with their numbers.
        """
        async with hold_outbox(self._engine, self._source) as held:
            if held is None:
                return 0
            events = await held.next_batch(self._batch)
            if events:
                await self._bus.publish([self._message(event) for event in events])
                await self._mark(held, events)
            return len(events)

    async def _lead(self, held: HeldOutbox) -> None:
        await held.listen(self._woken.set)
        while True:
            self._woken.clear()
            looked_at = self._clock.monotonic()
            events = await held.next_batch(self._batch)
            if events:
                await self._publish(held, events)
                await self._mark(held, events)
            await self._keep_house(held)
            if len(events) < self._batch:
                # That was all: nobody should have to wait for the housekeeping to see that the outbox is empty.
                self._tell(Pending(0, None))
                took = self._clock.monotonic() - looked_at
                await wait_until_set(self._woken, self._clock, self._interval_seconds)
                if (pause := looked_at + PACE.seconds(took) - self._clock.monotonic()) > 0:
                    await self._clock.sleep(pause)

    async def _stand_by(self) -> None:
        if await wait_until_set(self._woken, self._clock, self._interval_seconds):
            self._woken.clear()
            await wake_outbox_holder(self._engine)

    async def _publish(self, held: HeldOutbox, events: list[NumberedEvent]) -> None:
        """Until the bus has them all: the same messages in the same order each time."""
        messages = [self._message(event) for event in events]
        started = self._clock.monotonic()
        while True:
            try:
                await self._published(held, messages)
            except Exception as error:  # noqa: BLE001 (as above; the events stay where they are)
                end_if_cancelled(error)
                if not self._backoff.tries:
                    _log.warning("bus_refuses", source=self._source, error=type(error).__name__, exc_info=error)
                self._tell(await held.pending())
                await self._clock.sleep(self._backoff.next_seconds())
            else:
                break
        if self._backoff.tries:
            _log.info("bus_accepts_again", source=self._source, seconds=round(self._clock.monotonic() - started, 1))
            self._backoff.reset()

    async def _published(self, held: HeldOutbox, messages: list[Message]) -> None:
        """Publishes, however long the bus takes: a Kafka client tries again by itself, and says nothing meanwhile."""
        publishing = asyncio.ensure_future(self._bus.publish(messages))
        try:
            while not (await asyncio.wait({publishing}, timeout=LONG_PUBLISH_SECONDS))[0]:
                self._tell(await held.pending())
        finally:
            publishing.cancel()
            await asyncio.gather(publishing, return_exceptions=True)
        publishing.result()

    async def _mark(self, held: HeldOutbox, events: list[NumberedEvent]) -> None:
        await held.mark_published(events, self._clock.now_ms())
        OUTBOX_PUBLISHED.labels(self._source).inc(len(events))

    async def _keep_house(self, held: HeldOutbox) -> None:
        """At most every HOUSEKEEPING_SECONDS: the pending gauge, and one bounded step of the purge."""
        if self._clock.monotonic() < self._housekeeping_at:
            return
        self._housekeeping_at = self._clock.monotonic() + HOUSEKEEPING_SECONDS
        self._tell(await held.pending())
        await held.purge(self._clock.now_ms() - self._retention_ms)

    def _tell(self, pending: Pending) -> None:
        """The age grows between two looks, and goes on growing when a look fails."""
        OUTBOX_PENDING.labels(self._source).set(pending.events)
        self._oldest_at_ms = pending.oldest_at_ms

    def _oldest_seconds(self) -> float:
        return 0.0 if self._oldest_at_ms is None else max(self._clock.now_ms() - self._oldest_at_ms, 0) / 1000

    def _message(self, event: NumberedEvent) -> Message:
        return to_message(
            event.event,
            event_id=event.event_id,
            source=self._source,
            time_ms=event.occurred_at_ms,
            sequence=event.sequence,
        )
