"""Kafka's administration: topics with what they keep, groups with how far they are. One client, opened for one act."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import (
    ClusterAuthorizationFailedError,
    GroupIdNotFound,
    KafkaError,
    NonEmptyGroup,
    TopicAlreadyExistsError,
    TopicAuthorizationFailedError,
    UnknownTopicOrPartitionError,
    for_code,
)
from aiokafka.protocol.admin import DeleteGroupsRequest

from services.runtime.bus.faults import BusUnreachable
from services.runtime.bus.kafka_subscription import delivered_of
from services.runtime.bus.port import Delivered, PartitionState
from services.runtime.bus.topics import COMPACTED, KEPT_SECONDS
from services.runtime.telemetry.logging import get_logger

REPLICAS_MAX = 3
PEEK_SECONDS = 5.0
PEEK_POLL_MS = 500

_OWN_TOPICS = "__"  # how Kafka's own begin
_SET_ON_THE_TOPIC = 1  # config_source: not inherited from broker or default

_log = get_logger(__name__)


class KafkaAdmin:
    """See BusAdmin. A cluster that names no controller cannot be administered: there topics are as they are."""

    def __init__(self, options: Mapping[str, Any]) -> None:
        """`options` are aiokafka's for any client: servers, client id."""
        self._options = dict(options)

    async def create_topics(self, topics: Mapping[str, int]) -> None:
        """See Bus.create_topics (BusUnreachable); the topics are checked."""
        async with self._opened() as admin:
            cluster = await admin.describe_cluster()
            brokers = [broker["node_id"] for broker in cluster["brokers"]]
            if cluster["controller_id"] not in brokers:
                return
            await _create(admin, topics, min(len(brokers), REPLICAS_MAX))
            await _bring_up_to_date(admin, list(topics))
            missing = [t["topic"] for t in await admin.describe_topics(list(topics)) if not t["partitions"]]
            if missing:
                _log.info("topics_not_visible_yet", topics=missing)

    async def partitions(self) -> Sequence[PartitionState]:
        """See BusAdmin.partitions (BusUnreachable)."""
        async with self._opened() as admin:
            names = sorted(name for name in await admin.list_topics() if not name.startswith(_OWN_TOPICS))
            described = await admin.describe_topics(names) if names else []
        places = [TopicPartition(t["topic"], p["partition"]) for t in described for p in t["partitions"]]
        if not places:
            return []
        consumer = AIOKafkaConsumer(**self._options)
        try:
            await consumer.start()
            first, end = await consumer.beginning_offsets(places), await consumer.end_offsets(places)
        except (KafkaError, OSError) as error:
            raise BusUnreachable(client_id=self._options["client_id"]) from error
        finally:
            await consumer.stop()
        return [PartitionState(p.topic, p.partition, first[p], end[p]) for p in sorted(places)]

    async def groups(self) -> Sequence[str]:
        """See BusAdmin.groups (BusUnreachable)."""
        async with self._opened() as admin:
            return sorted(name for name, _ in await admin.list_consumer_groups())

    async def committed(self, group: str) -> Mapping[tuple[str, int], int]:
        """See BusAdmin.committed (BusUnreachable)."""
        async with self._opened() as admin:
            offsets = await admin.list_consumer_group_offsets(group)
        return {(place.topic, place.partition): at.offset for place, at in offsets.items() if at.offset >= 0}

    async def first_from(self, places: Mapping[tuple[str, int], int]) -> Sequence[Delivered]:
        """See BusAdmin.first_from (BusUnreachable)."""
        wanted = {TopicPartition(*place): offset for place, offset in places.items()}
        if not wanted:
            return []
        found: dict[TopicPartition, Delivered] = {}
        consumer = AIOKafkaConsumer(**self._options)
        try:
            await consumer.start()
            end = await consumer.end_offsets(list(wanted))
            wanted = {place: offset for place, offset in wanted.items() if offset < end[place]}
            consumer.assign(list(wanted))
            for place, offset in wanted.items():
                consumer.seek(place, offset)
            with suppress(TimeoutError):  # the last ones may be gone, by age or by compaction
                async with asyncio.timeout(PEEK_SECONDS):
                    while waiting := [place for place in wanted if place not in found]:
                        for place, records in (await consumer.getmany(*waiting, timeout_ms=PEEK_POLL_MS)).items():
                            found[place] = delivered_of(records[0])
                            consumer.pause(place)
        except (KafkaError, OSError) as error:
            raise BusUnreachable(client_id=self._options["client_id"]) from error
        finally:
            await consumer.stop()
        return list(found.values())

    async def delete_groups(self, groups: Collection[str]) -> Collection[str]:
        """See BusAdmin.delete_groups (BusUnreachable)."""
        staying = []
        async with self._opened() as admin, self._connected() as client:
            for group in sorted(groups):
                coordinator = await admin.find_coordinator(group)
                if not await client.ready(coordinator):
                    raise BusUnreachable(client_id=self._options["client_id"])
                response = await client.send(coordinator, DeleteGroupsRequest([group]))
                for name, code in response.results:
                    error = for_code(code)
                    if error is NonEmptyGroup:
                        staying.append(name)
                    elif code and error is not GroupIdNotFound:
                        raise BusUnreachable(client_id=self._options["client_id"]) from error(name)
        return staying

    async def delete_topics(self, topics: Collection[str]) -> None:
        """See BusAdmin.delete_topics (BusUnreachable)."""
        if not topics:
            return
        async with self._opened() as admin:
            response = await admin.delete_topics(sorted(topics))
            for topic, code in response.topic_error_codes:
                error = for_code(code)
                if code and error is not UnknownTopicOrPartitionError:
                    raise error(topic)

    @asynccontextmanager
    async def _opened(self) -> AsyncIterator[Any]:
        admin = AIOKafkaAdminClient(**self._options)
        try:
            await admin.start()
            yield admin
        except (KafkaError, OSError, TimeoutError) as error:
            raise BusUnreachable(client_id=self._options["client_id"]) from error
        finally:
            await admin.close()

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[Any]:
        """The admin client knows no way to delete a group: this one sends any request."""
        client = AIOKafkaClient(**self._options)
        try:
            await client.bootstrap()
            yield client
        finally:
            await client.close()


async def _create(admin: Any, topics: Mapping[str, int], replicas: int) -> None:
    wanted = [
        NewTopic(topic, partitions, replicas, topic_configs=settings_of(topic)) for topic, partitions in topics.items()
    ]
    response = await admin.create_topics(wanted)
    for topic, code, text in response.topic_errors:
        error = for_code(code)
        if code and error is not TopicAlreadyExistsError:
            raise error(f"{topic}: {text}")


async def _bring_up_to_date(admin: Any, topics: Sequence[str]) -> None:
    """Topics of an earlier version, or of somebody's hand, keep their messages as long as new ones do."""
    asked = [ConfigResource(ConfigResourceType.TOPIC, topic) for topic in topics]
    outdated = []
    for response in await admin.describe_configs(asked):
        for code, _, _, topic, entries in response.resources:
            if code:
                continue  # not visible yet: it was created a moment ago, with our settings
            values = {name: value for name, value, *_ in entries}
            wanted = settings_of(topic)
            if any(values.get(name) != value for name, value in wanted.items()):
                # The request replaces all settings of a topic: what is not ours is said again.
                own = {name: value for name, value, _, source, *_ in entries if source == _SET_ON_THE_TOPIC}
                outdated.append(ConfigResource(ConfigResourceType.TOPIC, topic, own | wanted))
                _log.info("topic_settings_changed", topic=topic, before={name: values.get(name) for name in wanted})
    for response in await admin.alter_configs(outdated) if outdated else []:
        for code, text, _, topic in response.resources:
            error = for_code(code)
            if error in {TopicAuthorizationFailedError, ClusterAuthorizationFailedError}:
                # Selling does not depend on it; whoever may change it has to, or a rebuild will miss its beginning.
                _log.error("topic_settings_refused", topic=topic, wanted=settings_of(topic))
            elif code:
                raise error(f"{topic}: {text}")


def settings_of(topic: str) -> dict[str, str]:
    """Said in full, because a broker's own defaults may cut by size or by days."""
    if topic in COMPACTED:
        return {"cleanup.policy": "compact"}
    kept_seconds = KEPT_SECONDS.get(topic)
    retention_ms = -1 if kept_seconds is None else kept_seconds * 1_000
    return {"cleanup.policy": "delete", "retention.ms": str(retention_ms), "retention.bytes": "-1"}
