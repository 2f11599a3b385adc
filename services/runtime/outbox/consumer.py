"""Consumes events: effect and inbox row in one transaction, the offset afterwards; a poisoned key is parked in order.

Nothing is skipped silently: an event is applied, known as a duplicate, or in the dead-letter topic.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.runtime.bus.faults import MessageRefused, PartitionLost
from services.runtime.bus.limits import check_message
from services.runtime.bus.port import Bus, Delivered, Message, Subscription
from services.runtime.bus.topics import DEAD_LETTER_PARTITIONS, dead_letter_topic
from services.runtime.clock import Clock
from services.runtime.errors import Retryable
from services.runtime.outbox.application import (
    Applied,
    BatchHandler,
    EventApplication,
    EventFailed,
    EventHandler,
    one_by_one,
)
from services.runtime.outbox.dead_letters import Failure, to_dead_letter
from services.runtime.outbox.event import IncomingEvent
from services.runtime.outbox.faults import HeadersInvalid, SequenceGap
from services.runtime.outbox.headers import to_event
from services.runtime.outbox.inbox import Inbox, ParkedKey
from services.runtime.outbox.membership import Membership
from services.runtime.outbox.pauses import Pauses
from services.runtime.outbox.replay import Replay
from services.runtime.outbox.retries import Backoff
from services.runtime.outbox.window import Window
from services.runtime.sql.connections import connected
from services.runtime.sql.faults import is_transient
from services.runtime.sql.scopes import AllHouses
from services.runtime.telemetry.logging import get_logger
from services.runtime.telemetry.metrics import (
    EVENT_KEYS_PARKED,
    EVENT_LAG_SECONDS,
    EVENT_OLDEST_SECONDS,
    EVENTS_CONSUMED,
)

RETRY_FIRST_SECONDS = 0.05
RETRY_LAST_SECONDS = 5.0
INBOX_RETENTION_SECONDS = 14 * 86_400.0
PURGE_SECONDS = 60.0

_PARKED = AllHouses("operators look at parked keys whatever their house")
_HOUSEKEEPING = AllHouses("the inbox forgets by age")

_log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Item:
    """A delivered event that could be read."""

    delivered: Delivered
    event: IncomingEvent


@dataclass(frozen=True, slots=True)
class Patience:
    """How often a consumer tries before it parks a key."""

    attempts: int = 5  # of an event whose fault does not pass by itself
    gap_rereads: int = 2  # of a partition whose next event is not the expected one


class EventConsumer:
    """One member of a consumer group with its handler.

    `handler(connection, event)`, or instead of it `batch_handler(connection, events)` with all new events of a batch
    in their order, writes its effect over `connection` and nowhere else; it may be called again for an event whose
    transaction did not commit. Raising Retryable (or a passing SQL or network error) makes it try again without
    moving on. Anything else, `patience.attempts` times for one event (a batch is halved until it is found), parks the
    event's key: this and all later events of the key go to `<topic>.<group>.dlq`, until replay().
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
        patience: Patience = Patience(),
    ) -> None:
        assert (handler is None) != (batch_handler is None), "one of the two"
        apply = one_by_one(handler) if handler is not None else batch_handler
        assert apply is not None
        self._bus = bus
        self._engine = engine
        self._group = self.group = group
        self.topics = self._topics = list(topics)
        self._clock = clock
        self._patience = patience
        self._on_parked: Callable[[IncomingEvent, str], None] | None = None
        self._inbox = Inbox(group)
        self._application = EventApplication(engine, self._inbox, apply, clock)
        self.pauses = Pauses(engine, group)
        self._membership = Membership(bus, self.pauses, group=group, topics=topics, clock=clock)
        self._backoff = Backoff(RETRY_FIRST_SECONDS, RETRY_LAST_SECONDS, seed=group)
        self._gap: object = None  # the one met last, and how often it was read
        self._gap_reads = 0
        self._purge_at = 0.0
        self._in_hand_since_ms: int | None = None
        EVENT_OLDEST_SECONDS.labels(group).set_function(self._oldest_seconds)

    def when_parked(self, act: Callable[[IncomingEvent, str], None]) -> None:
        """Calls `act(event, error)` for each key that stops at an event, with the class of the error."""
        self._on_parked = act

    def when_applied(self, act: Callable[[], None]) -> None:
        """Calls `act()` after each commit of a transaction that applied events, and never before one."""
        self._application.when_applied(act)

    def read_unhurried(self) -> None:
        """Nobody waits for what it does: see Bus.subscribe. Before run()."""
        self._membership.unhurried = True

    async def run(self) -> None:
        """Consumes until cancelled, through outages of the bus and of the database."""
        joining = Backoff(RETRY_FIRST_SECONDS, RETRY_LAST_SECONDS, seed=self._group)
        while True:
            try:
                await self._bus.create_topics(
                    {dead_letter_topic(topic, self._group): DEAD_LETTER_PARTITIONS for topic in self._topics}
                )
                try:
                    await self._membership.read(self._consume, joining.reset)
                finally:
                    self._in_hand_since_ms = None
                return  # the bus was closed
            except SequenceGap as gap:
                _log.error("event_gap", group=self._group, reads=self._gap_reads, **gap.facts)
            except Exception as error:
                if not is_transient(error):
                    raise
                if not joining.tries:
                    _log.warning("bus_lost", group=self._group, error=type(error).__name__, exc_info=error)
            await self._clock.sleep(joining.next_seconds())

    async def parked(self) -> Sequence[ParkedKey]:
        """The keys that wait for a replay."""
        async with connected(self._engine, _PARKED) as connection:
            return await self._inbox.all_parked(connection)

    async def replay(self, topic: str, key: str) -> int:
        """Applies what is parked of a key, in order, and lets its events flow again; returns how many were applied.

        Works beside running members of the group. Raises what the handler raised (the key stays parked there) or
        ReplayIncomplete. 0 when the key is not parked.
        """
        async with connected(self._engine, _PARKED) as connection:
            parked = await self._inbox.parked(connection, topic, key)
        replays = Replay(self._bus, self._application, group=self._group, clock=self._clock)
        try:
            return sum([await replays.run(place) for place in parked])
        finally:
            async with connected(self._engine, _PARKED) as connection:
                await self._count_parked(connection)

    async def _consume(self, subscription: Subscription, batch: Sequence[Delivered]) -> None:
        items, unreadable = self._read(batch)
        self._in_hand_since_ms = min((item.event.time_ms for item in items), default=None)
        if unreadable:
            await self._publish(unreadable)
        await self._apply_all(items)
        self._in_hand_since_ms = None
        self._observe_lag(items)
        try:
            await subscription.commit(batch[-1])
        except PartitionLost:
            _log.info("partition_lost", group=self._group, topic=batch[-1].message.topic)
        await self._purge()

    def _read(self, batch: Sequence[Delivered]) -> tuple[list[_Item], list[Message]]:
        """What can be read, and dead letters for what cannot: without a sequence it has no place in any order."""
        items: list[_Item] = []
        unreadable: list[Message] = []
        for delivered in batch:
            try:
                event = to_event(delivered.message)
                if event.sequence == 0:
                    raise HeadersInvalid(header="ce_sequence", expected="a number from 1")
            except HeadersInvalid as error:
                _log.error("event_unreadable", group=self._group, topic=delivered.message.topic, **error.facts)
                unreadable += self._dead_letter_of_stranger(delivered)
            else:
                items.append(_Item(delivered, event))
        EVENTS_CONSUMED.labels(self._group, "parked").inc(len(unreadable))
        return items, unreadable

    def _dead_letter_of_stranger(self, delivered: Delivered) -> list[Message]:
        now_ms = self._clock.now_ms()
        letter = to_dead_letter(delivered, self._group, Failure("HeadersInvalid", 1, now_ms, now_ms))
        try:
            check_message(letter)
        except MessageRefused as error:
            # Not ours, and no key or too long for any topic of ours: it stays where it is, and is named here.
            place = {"partition": delivered.partition, "offset": delivered.offset}
            _log.error("event_left_out", group=self._group, topic=delivered.message.topic, **place, exc_info=error)
            return []
        return [letter]

    async def _apply_all(self, items: Sequence[_Item]) -> None:
        """All in one transaction; on a failure what stands before the bad event first, then it alone, then the rest."""
        window = Window(items)
        while current := window.current():
            self._membership.check()
            try:
                done = await self._application.apply([item.event for item in current])
            except EventFailed as failed:
                await self._recover(window, failed)
            except Exception as error:  # noqa: BLE001 (a commit may fail in any way; the event decides, after attempts)
                if is_transient(error):
                    await self._wait_after(error)
                elif not window.halve():  # the transaction did not say which event it was
                    await self._recover(window, EventFailed(0, error))
            else:
                await self._finish(current, done)
                self._backoff.reset()
                window.move_on()

    async def _recover(self, window: Window[_Item], failed: EventFailed) -> None:
        """Narrows the window, waits, or parks the window's first event."""
        if failed.index:
            window.narrow(failed.index)
            return
        cause = failed.cause
        if isinstance(cause, SequenceGap):
            self._count_gap(cause)
            if self._gap_reads <= self._patience.gap_rereads:
                raise cause
        elif is_transient(cause):
            await self._wait_after(cause)
            return
        elif window.count_failure(self._clock.now_ms()) < self._patience.attempts:
            await self._clock.sleep(self._backoff.next_seconds())
            return
        await self._park(window, cause)
        self._backoff.reset()
        window.skip()

    async def _park(self, window: Window[_Item], cause: Exception) -> None:
        item = window.first()
        now_ms = self._clock.now_ms()
        failure = Failure(
            error=type(cause).__name__,
            attempts=max(window.failures, 1),
            first_failed_at_ms=window.first_failed_at_ms or now_ms,
            last_failed_at_ms=now_ms,
        )
        _log.error(
            "event_parked",
            group=self._group,
            topic=item.event.topic,
            key=item.event.key,
            sequence=item.event.sequence,
            event_id=item.event.id,
            error=failure.error,
            exc_info=cause,
        )
        await self._through_outages(lambda: self._application.park(item.event, failure.error))
        if self._on_parked is not None:
            self._on_parked(item.event, failure.error)
        await self._publish([to_dead_letter(item.delivered, self._group, failure)])
        EVENTS_CONSUMED.labels(self._group, "parked").inc()
        self._purge_at = 0.0  # what is parked is counted there

    async def _finish(self, items: Sequence[_Item], done: Applied) -> None:
        """After the commit: what follows a parked event goes where that one went, in order."""
        if done.diverted:
            now_ms = self._clock.now_ms()
            behind = Failure("KeyParked", 0, now_ms, now_ms)
            await self._publish([to_dead_letter(items[i].delivered, self._group, behind) for i in done.diverted])
        for outcome, indexes in (("applied", done.applied), ("duplicate", done.duplicates), ("parked", done.diverted)):
            if indexes:
                EVENTS_CONSUMED.labels(self._group, outcome).inc(len(indexes))

    async def _publish(self, messages: Sequence[Message]) -> None:
        await self._through_outages(lambda: self._bus.publish(messages))

    async def _through_outages(self, act: Callable[[], Awaitable[None]]) -> None:
        """Does it until it is done: moving on without it would lose an event."""
        while True:
            try:
                await act()
            except Exception as error:
                if not is_transient(error):
                    raise
                await self._wait_after(error)
            else:
                self._backoff.reset()
                return

    async def _wait_after(self, error: Exception) -> None:
        if not self._backoff.tries:
            _log.warning("event_waits", group=self._group, error=type(error).__name__, exc_info=error)
        await self._clock.sleep(self._backoff.next_seconds())

    def _count_gap(self, gap: SequenceGap) -> None:
        place = tuple(sorted(gap.facts.items()))
        self._gap_reads = self._gap_reads + 1 if place == self._gap else 1
        self._gap = place

    def _observe_lag(self, items: Sequence[_Item]) -> None:
        if items:
            now_ms = self._clock.now_ms()
            lag = EVENT_LAG_SECONDS.labels(self._group)
            for item in items:
                lag.observe(max(now_ms - item.event.time_ms, 0) / 1000)

    async def _count_parked(self, connection: AsyncConnection) -> None:
        EVENT_KEYS_PARKED.labels(self._group).set(await self._inbox.count_parked(connection))

    def _oldest_seconds(self) -> float:
        since_ms = self._in_hand_since_ms
        return 0.0 if since_ms is None else max(self._clock.now_ms() - since_ms, 0) / 1000

    async def _purge(self) -> None:
        """At most every PURGE_SECONDS one bounded step; the sequences go on refusing what is forgotten here."""
        if self._clock.monotonic() < self._purge_at:
            return
        self._purge_at = self._clock.monotonic() + PURGE_SECONDS
        try:
            async with connected(self._engine, _HOUSEKEEPING) as connection:
                await self._inbox.purge(connection, self._clock.now_ms() - int(INBOX_RETENTION_SECONDS * 1000))
                await self._count_parked(connection)
        except (SQLAlchemyError, OSError, Retryable) as error:
            _log.warning("inbox_not_purged", group=self._group, error=type(error).__name__)
