"""The bus on Apache Kafka: acknowledged by all replicas, offsets committed by hand, order kept per key.

A partition's record batches are sent one after another: with two on their way, a failure of the first would leave the
second in the log ahead of its repetition.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, UnknownTopicOrPartitionError
from aiokafka.partitioner import DefaultPartitioner

from services.runtime.bus.faults import BusClosed, BusUnreachable, TopicMissing
from services.runtime.bus.kafka_admin import KafkaAdmin
from services.runtime.bus.kafka_subscription import KafkaSubscription
from services.runtime.bus.limits import PAYLOAD_MAX_BYTES, check_message, check_topics, chunks
from services.runtime.bus.port import Delivered, Message, PartitionState, Subscription
from services.runtime.clock import Clock
from services.runtime.ids import Ids
from services.runtime.telemetry.logging import get_logger

REQUEST_TIMEOUT_MS = 10_000
METADATA_MAX_AGE_MS = 10_000  # how long a new topic may go unnoticed
START_SECONDS = 15.0
TOPIC_SECONDS = 3.0
STOP_SECONDS = 5.0

# A record batch closes here; one message alone may be larger, up to PAYLOAD_MAX_BYTES.
_RECORD_BATCH_BYTES = PAYLOAD_MAX_BYTES - 100_000

_log = get_logger(__name__)


class KafkaBus:
    """See ManagedBus. A producer that failed is replaced: its numbers may have a hole that the broker refuses."""

    def __init__(self, bootstrap: Sequence[str], *, clock: Clock, ids: Ids, client_id: str) -> None:
        """`bootstrap`: host:port of some brokers; nothing is opened before it is needed."""
        self._bootstrap = list(bootstrap)
        self._clock = clock
        self._ids = ids
        self._client_id = client_id
        self._admin = KafkaAdmin(self._options())
        self._partitioner = DefaultPartitioner()
        self._producer: Any = None
        self._starting: asyncio.Task[None] | None = None
        self._stopping: set[asyncio.Task[None]] = set()
        self._subscriptions: set[KafkaSubscription] = set()
        self._closed = False

    async def create_topics(self, topics: Mapping[str, int]) -> None:
        """See Bus.create_topics (MessageRefused, BusUnreachable)."""
        check_topics(topics)
        self._require_open()
        await self._admin.create_topics(topics)

    async def partitions(self) -> Sequence[PartitionState]:
        """See BusAdmin.partitions (BusUnreachable)."""
        return await self._admin.partitions()

    async def groups(self) -> Sequence[str]:
        """See BusAdmin.groups (BusUnreachable)."""
        return await self._admin.groups()

    async def committed(self, group: str) -> Mapping[tuple[str, int], int]:
        """See BusAdmin.committed (BusUnreachable)."""
        return await self._admin.committed(group)

    async def first_from(self, places: Mapping[tuple[str, int], int]) -> Sequence[Delivered]:
        """See BusAdmin.first_from (BusUnreachable)."""
        return await self._admin.first_from(places)

    async def delete_groups(self, groups: Collection[str]) -> Collection[str]:
        """See BusAdmin.delete_groups (BusUnreachable)."""
        return await self._admin.delete_groups(groups)

    async def delete_topics(self, topics: Collection[str]) -> None:
        """See BusAdmin.delete_topics (BusUnreachable)."""
        await self._admin.delete_topics(topics)

    async def publish(self, messages: Sequence[Message]) -> None:
        """See Bus.publish (MessageRefused, TopicMissing, BusUnreachable)."""
        for message in messages:
            check_message(message)
        for chunk in chunks(messages):
            producer = await self._started()
            try:
                await self._send(producer, chunk)
            except TopicMissing:
                raise
            except BaseException as error:
                self._replace(producer)
                if isinstance(error, UnknownTopicOrPartitionError):
                    raise TopicMissing(topics=",".join(sorted({m.topic for m in chunk}))) from error
                if isinstance(error, KafkaError | OSError):
                    raise BusUnreachable(client_id=self._client_id) from error
                raise

    async def subscribe(self, group: str, topics: Sequence[str], *, unhurried: bool = False) -> Subscription:
        """See Bus.subscribe; it joins when it is first asked for a batch, and reads what is there, hurried or not."""
        self._require_open()
        subscription = KafkaSubscription(group=group, topics=topics, options=self._options(), clock=self._clock)
        self._subscriptions.add(subscription)
        subscription.when_closed(self._subscriptions.discard)
        return subscription

    async def close(self) -> None:
        """See Bus.close; every subscription ends."""
        self._closed = True
        for subscription in list(self._subscriptions):
            await subscription.close()
        if self._starting is not None:
            await asyncio.gather(self._starting, return_exceptions=True)
        if self._producer is not None:
            self._replace(self._producer)
        await asyncio.gather(*self._stopping)

    async def _send(self, producer: Any, messages: Sequence[Message]) -> None:
        batches: dict[tuple[str, int], list[Any]] = {}
        for message in messages:
            key = message.key.encode()
            partitions = await self._partitions(producer, message.topic)
            waiting = batches.setdefault((message.topic, self._partitioner(key, partitions, partitions)), [])
            headers = [(name, value.encode()) for name, value in message.headers.items()]
            record = {"key": key, "value": message.payload, "headers": headers, "timestamp": self._clock.now_ms()}
            if not waiting or waiting[-1].append(**record) is None:
                waiting.append(producer.create_batch())
                appended = waiting[-1].append(**record)
                assert appended is not None, "a batch takes its first record, whatever its size"
        turns = [self._send_in_turn(producer, *place, waiting) for place, waiting in batches.items()]
        for outcome in await asyncio.gather(*turns, return_exceptions=True):
            if isinstance(outcome, BaseException):
                raise outcome

    async def _send_in_turn(self, producer: Any, topic: str, partition: int, batches: Sequence[Any]) -> None:
        for batch in batches:
            await (await producer.send_batch(batch, topic, partition=partition))

    async def _partitions(self, producer: Any, topic: str) -> list[int]:
        partitions = producer.client.cluster.partitions_for_topic(topic)
        if not partitions:
            try:
                async with asyncio.timeout(TOPIC_SECONDS):
                    partitions = await producer.partitions_for(topic)
            except TimeoutError as error:
                raise TopicMissing(topic=topic) from error
        return sorted(partitions)

    async def _started(self) -> Any:
        self._require_open()
        if self._producer is not None:
            return self._producer
        if self._starting is None or self._starting.done():
            self._starting = asyncio.create_task(self._start())
        # Broken off half-way it would leave connections behind: whoever is cancelled leaves it to the next.
        await asyncio.shield(self._starting)
        return self._producer

    async def _start(self) -> None:
        producer = AIOKafkaProducer(
            **self._options(), enable_idempotence=True, acks="all", max_batch_size=_RECORD_BATCH_BYTES
        )
        try:
            async with asyncio.timeout(START_SECONDS):
                await producer.start()
        except (KafkaError, OSError, TimeoutError) as error:
            self._stop_later(producer)
            raise BusUnreachable(client_id=self._client_id) from error
        self._producer = producer

    def _replace(self, producer: Any) -> None:
        if self._producer is producer:
            self._producer = None
        self._stop_later(producer)

    def _stop_later(self, producer: Any) -> None:
        task = asyncio.create_task(_stop(producer))
        self._stopping.add(task)
        task.add_done_callback(self._stopping.discard)

    def _options(self) -> dict[str, Any]:
        return {
            "bootstrap_servers": self._bootstrap,
            "client_id": self._client_id,
            "request_timeout_ms": REQUEST_TIMEOUT_MS,
            "metadata_max_age_ms": METADATA_MAX_AGE_MS,
        }

    def _require_open(self) -> None:
        if self._closed:
            raise BusClosed


async def _stop(producer: Any) -> None:
    try:
        async with asyncio.timeout(STOP_SECONDS):
            await producer.stop()
    except (KafkaError, OSError, TimeoutError) as error:
        _log.info("producer_not_stopped", error=type(error).__name__)
        await producer.client.close()
