"""Consumes compacted topics: messages that carry a key's whole state, so that only the latest matters.

No inbox and no sequence: the handler compares the state's own version and ignores what is older.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.runtime.bus.faults import PartitionLost
from services.runtime.bus.port import Bus, Delivered, Subscription
from services.runtime.clock import Clock
from services.runtime.outbox.application import BatchHandler, EventHandler
from services.runtime.outbox.event import IncomingEvent
from services.runtime.outbox.faults import HeadersInvalid
from services.runtime.outbox.headers import to_event
from services.runtime.outbox.inbox import ParkedKey
from services.runtime.outbox.membership import Membership
from services.runtime.outbox.pauses import Pauses
from services.runtime.outbox.retries import Backoff
from services.runtime.sql.connections import connected
from services.runtime.sql.faults import is_transient
from services.runtime.sql.scopes import AllHouses
from services.runtime.telemetry.logging import get_logger
from services.runtime.telemetry.metrics import EVENT_LAG_SECONDS, EVENTS_CONSUMED

ATTEMPTS = 3
RETRY_FIRST_SECONDS = 0.05
RETRY_LAST_SECONDS = 5.0

_BATCH = AllHouses("a batch holds states of many houses")

_log = get_logger(__name__)


class StateConsumer:
    """One member of a group. Of a batch only the last message of each key reaches `handler(connection, event)`.

    `every_state` is for topics with several writers, where the last by offset may be an outdated one's (a fenced owner
    speaks after the new one): then each reaches the handler, in a transaction of its own. A `batch_handler(connection,
    events)` in its place is handed every state of a batch at once, and picks by their versions itself.
    A state that cannot be applied after ATTEMPTS is logged, counted as parked and left: the key's next one replaces it.
    """

    def __init__(
        self,
        bus: Bus,
        engine: AsyncEngine,
        *,
        group: str,
        topics: Sequence[str],
        clock: Clock,
        handler: EventHandler | None = None,
        batch_handler: BatchHandler | None = None,
        every_state: bool = False,
    ) -> None:
        assert (handler is None) != (batch_handler is None), "one of the two"
        apply = _each(handler) if handler is not None else batch_handler
        assert apply is not None
        self._engine = engine
        self._group = self.group = group
        self.topics = list(topics)
        self.pauses = Pauses(engine, group)
        self._membership = Membership(bus, self.pauses, group=group, topics=topics, clock=clock)
        self._apply = apply
        self._clock = clock
        self._all_at_once = not every_state
        self._every_state = every_state or batch_handler is not None
        self._backoff = Backoff(RETRY_FIRST_SECONDS, RETRY_LAST_SECONDS, seed=group)

    def read_unhurried(self) -> None:
        """Nobody waits for what it does: see Bus.subscribe. Before run()."""
        self._membership.unhurried = True

    async def run(self) -> None:
        """Consumes until cancelled or the bus is closed, through outages of the bus and of the database."""
        while True:
            try:
                await self._membership.read(self._consume, lambda: None)
                return
            except Exception as error:
                if not is_transient(error):
                    raise
                await self._wait_after(error)

    async def parked(self) -> Sequence[ParkedKey]:
        """None ever: a state that cannot be applied is replaced by the key's next one."""
        return ()

    async def replay(self, topic: str, key: str) -> int:
        """Nothing waits."""
        return 0

    async def _consume(self, subscription: Subscription, batch: Sequence[Delivered]) -> None:
        events = self._read(batch)
        if not self._every_state:
            latest = {event.key: event for event in events}
            EVENTS_CONSUMED.labels(self._group, "duplicate").inc(len(events) - len(latest))
            events = list(latest.values())
        if not self._all_at_once or not await self._applied(events):
            for event in events:
                await self._apply_alone(event)
        now_ms = self._clock.now_ms()
        for event in events:
            EVENT_LAG_SECONDS.labels(self._group).observe(max(now_ms - event.time_ms, 0) / 1000)
        try:
            await subscription.commit(batch[-1])
        except PartitionLost:
            _log.info("partition_lost", group=self._group, topic=batch[-1].message.topic)

    def _read(self, batch: Sequence[Delivered]) -> list[IncomingEvent]:
        events: list[IncomingEvent] = []
        for delivered in batch:
            try:
                events.append(to_event(delivered.message))
            except HeadersInvalid as error:
                _log.error("event_unreadable", group=self._group, topic=delivered.message.topic, **error.facts)
                EVENTS_CONSUMED.labels(self._group, "parked").inc()
        return events

    async def _apply_alone(self, event: IncomingEvent) -> None:
        for _ in range(ATTEMPTS):
            if await self._applied([event]):
                return
        _log.error("state_left_out", group=self._group, topic=event.topic, key=event.key, event_id=event.id)
        EVENTS_CONSUMED.labels(self._group, "parked").inc()

    async def _applied(self, events: Sequence[IncomingEvent]) -> bool:
        """All in one transaction, again and again through outages; False when one of them cannot be applied."""
        while True:
            self._membership.check()
            try:
                async with connected(self._engine, _BATCH) as connection:
                    await self._apply(connection, events)
            except Exception as error:  # noqa: BLE001 (whatever it is, the caller tries each by itself)
                if not is_transient(error):
                    _log.warning("state_refused", group=self._group, error=type(error).__name__, exc_info=error)
                    return False
                await self._wait_after(error)
            else:
                self._backoff.reset()
                EVENTS_CONSUMED.labels(self._group, "applied").inc(len(events))
                return True

    async def _wait_after(self, error: Exception) -> None:
        if not self._backoff.tries:
            _log.warning("state_waits", group=self._group, error=type(error).__name__, exc_info=error)
        await self._clock.sleep(self._backoff.next_seconds())


def _each(handler: EventHandler) -> BatchHandler:
    async def apply(connection: AsyncConnection, events: Sequence[IncomingEvent]) -> None:
        for event in events:
            await handler(connection, event)

    return apply
