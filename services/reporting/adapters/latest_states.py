"""Consumes a topic of states, where the latest holds: no sequence, no inbox, the state itself says which is newer."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncEngine

from services.runtime.bus.faults import PartitionLost
from services.runtime.bus.port import Bus, Delivered, Subscription
from services.runtime.clock import Clock
from services.runtime.outbox.application import EventHandler
from services.runtime.outbox.event import IncomingEvent
from services.runtime.outbox.headers import to_event
from services.runtime.outbox.retries import Backoff, passes
from services.runtime.telemetry.logging import get_logger
from services.runtime.telemetry.metrics import EVENT_LAG_SECONDS, EVENTS_CONSUMED

RETRY_FIRST_SECONDS = 0.05
RETRY_LAST_SECONDS = 5.0

_log = get_logger(__name__)


class LatestStates:
    """One member of a group. The handler ignores an older state: a fenced owner may speak after the new one."""

    def __init__(
        self, bus: Bus, engine: AsyncEngine, *, group: str, topics: Sequence[str], handler: EventHandler, clock: Clock
    ) -> None:
        self._bus = bus
        self._engine = engine
        self._group = group
        self._topics = list(topics)
        self._handler = handler
        self._clock = clock
        self._backoff = Backoff(RETRY_FIRST_SECONDS, RETRY_LAST_SECONDS, seed=group)

    async def run(self) -> None:
        """Consumes until cancelled, through outages of the bus and of the database."""
        while True:
            try:
                subscription = await self._bus.subscribe(self._group, self._topics)
                try:
                    async for batch in subscription.batches():
                        await self._consume(subscription, batch)
                        self._backoff.reset()
                finally:
                    await subscription.close()
                return  # the bus was closed
            except Exception as error:
                if not passes(error):
                    raise
                if not self._backoff.tries:
                    _log.warning("states_wait", group=self._group, error=type(error).__name__, exc_info=error)
            await self._clock.sleep(self._backoff.next_seconds())

    async def _consume(self, subscription: Subscription, batch: Sequence[Delivered]) -> None:
        for delivered in batch:
            await self._apply(delivered)
        try:
            await subscription.commit(batch[-1])
        except PartitionLost:
            _log.info("partition_lost", group=self._group, topic=batch[-1].message.topic)

    async def _apply(self, delivered: Delivered) -> None:
        try:
            event = to_event(delivered.message)
            async with self._engine.begin() as connection:
                await self._handler(connection, event)
        except Exception as error:
            if passes(error):
                raise
            # Nothing waits behind a state: the next one of the key makes up for it.
            _log.error("state_refused", group=self._group, key=delivered.message.key, exc_info=error)
            EVENTS_CONSUMED.labels(self._group, "parked").inc()
        else:
            EVENTS_CONSUMED.labels(self._group, "applied").inc()
            self._observe_lag(event)

    def _observe_lag(self, event: IncomingEvent) -> None:
        EVENT_LAG_SECONDS.labels(self._group).observe(max(self._clock.now_ms() - event.time_ms, 0) / 1000)
