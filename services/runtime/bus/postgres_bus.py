"""The bus as a log in Postgres, for one machine and for small houses. Its database is its own: balcon_bus.

asyncpg without SQLAlchemy: it needs LISTEN, session locks and array parameters, and nothing of an object mapper.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

from services.runtime.bus.assignment import partition_of
from services.runtime.bus.faults import BusClosed, BusUnreachable, TopicMissing
from services.runtime.bus.limits import check_message, check_topics, chunks
from services.runtime.bus.port import Delivered, Message, PartitionState, Subscription
from services.runtime.bus.postgres_admin import (
    delete_groups,
    delete_topic,
    list_committed,
    list_first_from,
    list_groups,
    list_partitions,
)
from services.runtime.bus.postgres_retention import delete_expired, delete_replaced
from services.runtime.bus.postgres_schema import create_partitions, create_tables, messages_channel
from services.runtime.bus.postgres_subscription import HURRIED, UNHURRIED, UNREACHABLE, PostgresSubscription
from services.runtime.clock import Clock
from services.runtime.ids import Ids
from services.runtime.telemetry.logging import get_logger

POOL_SIZE = 4
CONNECT_SECONDS = 5.0
COMMAND_SECONDS = 30.0
LET_GO_SECONDS = 600.0

# One round trip. Partitions are locked in one order, so that publishers of the same ones wait instead of deadlocking;
# where one is gone, nothing is stored. Told within the transaction: nobody is woken before there is something to read.
_APPEND = """
    WITH wanted AS (
        SELECT * FROM unnest($1::int[], $2::text[], $3::bytea[], $4::bytea[])
            WITH ORDINALITY AS w (partition_id, key, payload, headers, place)
    ), locked AS MATERIALIZED (
        SELECT id, next_offset FROM bus_partition WHERE id = ANY($1::int[]) ORDER BY id FOR UPDATE
    ), counted AS (
        SELECT l.id, l.next_offset, count(*) AS messages FROM locked l JOIN wanted w ON w.partition_id = l.id
        WHERE (SELECT count(*) FROM locked) = (SELECT count(DISTINCT partition_id) FROM wanted)
        GROUP BY l.id, l.next_offset
    ), stored AS (
        INSERT INTO bus_message (partition_id, log_offset, key, payload, headers, stored_at_ms)
        SELECT w.partition_id, c.next_offset + row_number() OVER (PARTITION BY w.partition_id ORDER BY w.place) - 1,
               w.key, w.payload, w.headers, $5::bigint
        FROM wanted w JOIN counted c ON c.id = w.partition_id
        RETURNING 1
    ), moved AS (
        UPDATE bus_partition p SET next_offset = c.next_offset + c.messages FROM counted c WHERE p.id = c.id
    )
    SELECT (SELECT count(*) FROM stored), (SELECT count(pg_notify(channel, '')) FROM unnest($6::text[]) channel)
"""

_log = get_logger(__name__)


class PostgresBus:
    """See ManagedBus. Publishers of a partition take turns on its row, so offsets become visible in order, no gaps."""

    def __init__(self, dsn: str, *, clock: Clock, ids: Ids, client_id: str) -> None:
        """`dsn` is postgresql://...; nothing is opened before it is needed."""
        self._dsn = dsn
        self._clock = clock
        self._ids = ids
        self._client_id = client_id
        self._pool: Any = None
        self._opening = asyncio.Lock()
        self._partitions: dict[str, list[int]] = {}  # topic -> ids by partition number; changes only with the topic
        self._subscriptions: set[PostgresSubscription] = set()
        self._keeping_house: asyncio.Task[None] | None = None
        self._closed = False

    async def create_topics(self, topics: Mapping[str, int]) -> None:
        """See Bus.create_topics (MessageRefused, BusUnreachable)."""
        check_topics(topics)
        async with self._connection() as connection:
            await create_partitions(connection, dict(topics))

    async def publish(self, messages: Sequence[Message]) -> None:
        """See Bus.publish (MessageRefused, TopicMissing, BusUnreachable). Each chunk is one transaction."""
        for message in messages:
            check_message(message)
        for chunk in chunks(messages):
            async with self._connection() as connection:
                await self._append(connection, chunk)

    async def subscribe(self, group: str, topics: Sequence[str], *, unhurried: bool = False) -> Subscription:
        """See Bus.subscribe. A connection of its own, kept for as long as it lives."""
        self._require_open()
        subscription = PostgresSubscription(
            self._connect,
            group=group,
            topics=topics,
            member=self._ids.new_id("mbr"),
            clock=self._clock,
            pace=UNHURRIED if unhurried else HURRIED,
        )
        self._subscriptions.add(subscription)
        subscription.when_closed(self._subscriptions.discard)
        return subscription

    async def partitions(self) -> Sequence[PartitionState]:
        """See BusAdmin.partitions (BusUnreachable)."""
        async with self._connection() as connection:
            return await list_partitions(connection)

    async def groups(self) -> Sequence[str]:
        """See BusAdmin.groups (BusUnreachable)."""
        async with self._connection() as connection:
            return await list_groups(connection)

    async def committed(self, group: str) -> Mapping[tuple[str, int], int]:
        """See BusAdmin.committed (BusUnreachable)."""
        async with self._connection() as connection:
            return await list_committed(connection, group)

    async def first_from(self, places: Mapping[tuple[str, int], int]) -> Sequence[Delivered]:
        """See BusAdmin.first_from (BusUnreachable)."""
        async with self._connection() as connection:
            return await list_first_from(connection, places)

    async def delete_groups(self, groups: Collection[str]) -> Collection[str]:
        """See BusAdmin.delete_groups (BusUnreachable)."""
        async with self._connection() as connection:
            return await delete_groups(connection, groups)

    async def delete_topics(self, topics: Collection[str]) -> None:
        """See BusAdmin.delete_topics (BusUnreachable)."""
        async with self._connection() as connection:
            for topic in sorted(topics):
                await delete_topic(connection, topic)

    async def let_go(self) -> int:
        """Deletes all that topics.py says is kept no longer, in bounded steps; returns how many (BusUnreachable)."""
        total = 0
        for step in (delete_expired, delete_replaced):
            deleted = 1
            while deleted:
                async with self._connection() as connection:
                    deleted = await step(connection, self._clock.now_ms())
                total += deleted
        return total

    async def close(self) -> None:
        """See Bus.close; every subscription ends."""
        self._closed = True
        if self._keeping_house is not None:
            self._keeping_house.cancel()
            await asyncio.gather(self._keeping_house, return_exceptions=True)
        for subscription in list(self._subscriptions):
            await subscription.close()
        if self._pool is not None:
            pool, self._pool = self._pool, None
            await pool.close()

    async def _keep_house(self) -> None:
        """Every process does it: two at once delete nothing twice, and one alone is enough."""
        while True:
            await self._clock.sleep(LET_GO_SECONDS)
            try:
                deleted = await self.let_go()
            except BusUnreachable as error:
                _log.info("bus_not_tidied", error=type(error.__cause__).__name__)
            else:
                _log.info("bus_tidied", deleted=deleted)

    async def _append(self, connection: Any, messages: Sequence[Message]) -> None:
        numbers = await self._partition_ids(connection, {message.topic for message in messages})
        targets = [numbers[m.topic][partition_of(m.key, len(numbers[m.topic]))] for m in messages]
        stored = await connection.fetchval(
            _APPEND,
            targets,
            [message.key for message in messages],
            [message.payload for message in messages],
            [json.dumps(dict(message.headers)).encode() for message in messages],
            self._clock.now_ms(),
            sorted({messages_channel(message.topic) for message in messages}),
        )
        if stored != len(messages):
            self._partitions.clear()
            raise TopicMissing(topics=",".join(sorted({message.topic for message in messages})))

    async def _partition_ids(self, connection: Any, topics: set[str]) -> dict[str, list[int]]:
        unknown = sorted(topics - self._partitions.keys())
        if unknown:
            rows = await connection.fetch(
                "SELECT id, topic FROM bus_partition WHERE topic = ANY($1::text[]) ORDER BY topic, partition", unknown
            )
            for row in rows:
                self._partitions.setdefault(row["topic"], []).append(row["id"])
        for topic in unknown:
            if topic not in self._partitions:
                raise TopicMissing(topic=topic)
        return self._partitions

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[Any]:
        """A pooled connection; its troubles leave as BusUnreachable."""
        try:
            pool = await self._opened()
            async with pool.acquire(timeout=COMMAND_SECONDS) as connection:
                yield connection
        except UNREACHABLE as error:
            raise BusUnreachable(client_id=self._client_id) from error

    async def _opened(self) -> Any:
        async with self._opening:
            self._require_open()
            if self._pool is None:
                pool = await asyncpg.create_pool(
                    self._dsn, min_size=1, max_size=POOL_SIZE, command_timeout=COMMAND_SECONDS, **self._options()
                )
                try:
                    async with pool.acquire() as connection:
                        await create_tables(connection)
                except BaseException:
                    pool.terminate()
                    raise
                self._pool = pool
                if self._keeping_house is None:
                    self._keeping_house = asyncio.create_task(self._keep_house(), name="retention of the bus")
            return self._pool

    async def _connect(self) -> Any:
        await self._opened()
        return await asyncpg.connect(self._dsn, command_timeout=COMMAND_SECONDS, **self._options())

    def _options(self) -> dict[str, Any]:
        settings = {"application_name": self._client_id, "timezone": "UTC"}
        return {"timeout": CONNECT_SECONDS, "server_settings": settings}

    def _require_open(self) -> None:
        if self._closed:
            raise BusClosed
