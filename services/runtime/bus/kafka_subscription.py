"""One member of a Kafka consumer group. A rebalance waits for the batch that is being worked on, within bounds."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from typing import Any

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.coordinator.assignors.roundrobin import RoundRobinPartitionAssignor
from aiokafka.errors import ConsumerStoppedError, KafkaError

from services.runtime.bus.batches import Batches
from services.runtime.bus.faults import PartitionLost
from services.runtime.bus.limits import BATCH_MAX_BYTES, BATCH_MAX_MESSAGES, PAYLOAD_MAX_BYTES
from services.runtime.bus.port import Delivered, Message
from services.runtime.clock import Clock
from services.runtime.telemetry.logging import get_logger
from services.runtime.waiting import wait_until_set

POLL_MS = 1_000
SESSION_TIMEOUT_MS = 10_000
HEARTBEAT_MS = 500
FINISH_SECONDS = 25.0  # how long a member at work lets the group wait for its batch
REBALANCE_TIMEOUT_MS = 30_000  # how long the group waits for it
REQUEST_TIMEOUT_MS = 40_000  # longer than that: the others' request to join is answered only then
POLL_INTERVAL_MS = 600_000  # a handler that waits out a database outage stays a member
RECONNECT_FIRST_SECONDS = 0.2
RECONNECT_LAST_SECONDS = 5.0

_log = get_logger(__name__)


class KafkaSubscription(ConsumerRebalanceListener):  # type: ignore[misc]
    """See Subscription. Joins when it is first asked for a batch; a consumer that broke is replaced by a new one."""

    def __init__(self, *, group: str, topics: Sequence[str], options: Mapping[str, Any], clock: Clock) -> None:
        """`options` are aiokafka's for any client: servers, client id."""
        self._group = group
        self._topics = list(topics)
        self._options = dict(options)
        self._clock = clock
        self._consumer: Any = None
        self._opening: asyncio.Task[None] | None = None
        self._ready: deque[list[Delivered]] = deque()
        self._committed: dict[TopicPartition, int] = {}
        self._at_rest = asyncio.Event()  # no batch is being worked on
        self._at_rest.set()
        self._retry_seconds = RECONNECT_FIRST_SECONDS
        self._closed = False
        self._on_closed: Callable[[KafkaSubscription], None] | None = None

    def when_closed(self, act: Callable[[KafkaSubscription], None]) -> None:
        """Calls `act` once, on close()."""
        self._on_closed = act

    def batches(self) -> AsyncIterator[Sequence[Delivered]]:
        return Batches(self._take)

    async def commit(self, delivered: Delivered) -> None:
        """See Subscription.commit (PartitionLost). Waits while the broker is away."""
        place = TopicPartition(delivered.message.topic, delivered.partition)
        following = delivered.offset + 1
        if self._consumer is None:
            raise PartitionLost(topic=place.topic, partition=place.partition)
        if following <= self._committed.get(place, 0):
            return
        try:
            await self._consumer.commit({place: following})
        except (KafkaError, ConsumerStoppedError) as error:
            raise PartitionLost(topic=place.topic, partition=place.partition) from error
        self._committed[place] = following

    async def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        self._at_rest.set()
        self._ready.clear()
        if self._opening is not None:
            self._opening.cancel()
            await asyncio.gather(self._opening, return_exceptions=True)
        await self._drop_consumer()
        if self._on_closed is not None:
            self._on_closed(self)

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        """Called by aiokafka before it joins anew; what was not yet handed out goes back, and comes again."""
        self._ready.clear()
        if not await wait_until_set(self._at_rest, self._clock, FINISH_SECONDS):
            _log.warning("rebalance_goes_on", group=self._group, seconds=FINISH_SECONDS)
        self._committed.clear()

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        """Called by aiokafka after it joined; it starts at the committed offsets by itself."""

    async def _take(self) -> Sequence[Delivered] | None:
        self._at_rest.set()
        while not self._closed:
            if self._ready:
                self._at_rest.clear()
                return self._ready.popleft()
            try:
                await self._fetch()
                self._retry_seconds = RECONNECT_FIRST_SECONDS
            except ConsumerStoppedError:
                return None
            except (KafkaError, OSError) as error:
                _log.warning("bus_session_lost", group=self._group, error=type(error).__name__)
                await self._drop_consumer()
                await self._clock.sleep(self._retry_seconds)
                self._retry_seconds = min(self._retry_seconds * 2, RECONNECT_LAST_SECONDS)
        return None

    async def _fetch(self) -> None:
        if self._consumer is None:
            if self._opening is None or self._opening.done():
                self._opening = asyncio.create_task(self._open())
            # Broken off half-way it would leave connections behind; close() sees to it.
            await asyncio.shield(self._opening)
            return
        fetched = await self._consumer.getmany(timeout_ms=POLL_MS)
        self._ready.extend([delivered_of(record) for record in records] for records in fetched.values())

    async def _open(self) -> None:
        consumer = AIOKafkaConsumer(
            **{**self._options, "request_timeout_ms": REQUEST_TIMEOUT_MS},
            group_id=self._group,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            max_poll_records=BATCH_MAX_MESSAGES,
            max_poll_interval_ms=POLL_INTERVAL_MS,
            rebalance_timeout_ms=REBALANCE_TIMEOUT_MS,
            session_timeout_ms=SESSION_TIMEOUT_MS,
            heartbeat_interval_ms=HEARTBEAT_MS,
            fetch_max_bytes=BATCH_MAX_BYTES,
            max_partition_fetch_bytes=PAYLOAD_MAX_BYTES * 2,
            partition_assignment_strategy=(RoundRobinPartitionAssignor,),
        )
        try:
            await consumer.start()
            consumer.subscribe(topics=self._topics, listener=self)
        except BaseException:
            await consumer.stop()
            raise
        self._consumer = consumer

    async def _drop_consumer(self) -> None:
        self._ready.clear()
        self._committed.clear()
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            await consumer.stop()


def delivered_of(record: Any) -> Delivered:
    """One of aiokafka's records."""
    headers = {name: (value or b"").decode(errors="replace") for name, value in record.headers}
    key = (record.key or b"").decode(errors="replace")
    return Delivered(Message(record.topic, key, record.value or b"", headers), record.partition, record.offset)
