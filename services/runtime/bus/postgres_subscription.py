"""One member of a consumer group over the Postgres log: one session that holds its partitions' locks.

Its partitions change hands only when it asks for the next batch, so never while one is being worked on. A heartbeat
says who is there (fair shares); the session's advisory locks say who reads (exclusivity).
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg

from services.runtime.bus.assignment import fair_share
from services.runtime.bus.batches import Batches
from services.runtime.bus.faults import PartitionLost
from services.runtime.bus.limits import BATCH_MAX_BYTES, BATCH_MAX_MESSAGES
from services.runtime.bus.port import Delivered, Message
from services.runtime.bus.postgres_schema import MEMBERS_CHANNEL, messages_channel
from services.runtime.clock import Clock
from services.runtime.pace import Pace
from services.runtime.telemetry.logging import get_logger
from services.runtime.waiting import wait_until_set

BEAT_SECONDS = 1.0
MEMBER_GONE_SECONDS = 5.0
MEMBER_FORGOTTEN_SECONDS = 60.0
POLL_SECONDS = 3.0  # a lost notification costs no more than this, a lost session no more than a beat
RECONNECT_FIRST_SECONDS = 0.1
RECONNECT_LAST_SECONDS = 5.0
CLOSE_SECONDS = 2.0

# Troubles that pass. Any other SQL error is a defect and is raised as it is.
UNREACHABLE = (
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # what a pooled connection says that the server ended meanwhile
    asyncpg.ForeignKeyViolationError,  # the group or the topic was deleted beneath: it is joined anew
    asyncpg.InvalidCatalogNameError,
    asyncpg.PostgresConnectionError,
    asyncpg.exceptions.InsufficientResourcesError,
    asyncpg.exceptions.OperatorInterventionError,
    asyncpg.exceptions.TransactionRollbackError,
)

_log = get_logger(__name__)

# Between two looks at a log that was read to its end.
HURRIED = Pace(4.0, 0.02, 0.1)
# Of ten groups that read what is sold, one is waited for.
UNHURRIED = Pace(16.0, 0.02, 0.3)


@dataclass(slots=True)
class _Held:
    """A partition whose lock this session has; `position` is the next offset to hand out."""

    topic: str
    partition: int
    position: int


class PostgresSubscription:
    """See Subscription. Survives the server's restarts: it connects again and starts at the committed offsets."""

    def __init__(
        self,
        connect: Callable[[], Awaitable[Any]],
        *,
        group: str,
        topics: Sequence[str],
        member: str,
        clock: Clock,
        pace: Pace = HURRIED,
    ) -> None:
        self._connect = connect
        self._group = group
        self._topics = list(topics)
        self._member = member
        self._clock = clock
        self._pace = pace
        self._session: Any = None
        self._session_free = asyncio.Lock()  # a session answers one question at a time
        self._group_id = 0
        self._held: dict[int, _Held] = {}
        self._ready: deque[tuple[int, list[Delivered]]] = deque()
        self._woken = asyncio.Event()
        # What the last look found, and when it was.
        self._read_to_end = False
        self._read_at = 0.0
        self._rebalance_due = True
        # By what the partitions were shared out last: the members, and how many partitions the topics have.
        self._shared_by: tuple[frozenset[str], int] = (frozenset(), 0)
        self._beating: asyncio.Task[None] | None = None
        self._retry_seconds = RECONNECT_FIRST_SECONDS
        self._closed = False
        self._on_closed: Callable[[PostgresSubscription], None] | None = None

    def when_closed(self, act: Callable[[PostgresSubscription], None]) -> None:
        """Calls `act` once, on close()."""
        self._on_closed = act

    def batches(self) -> AsyncIterator[Sequence[Delivered]]:
        return Batches(self._take)

    async def commit(self, delivered: Delivered) -> None:
        """See Subscription.commit (PartitionLost). On the session that holds the lock, so a late member cannot."""
        place = (delivered.message.topic, delivered.partition)
        try:
            async with self._session_free:
                number = next((n for n, held in self._held.items() if (held.topic, held.partition) == place), None)
                if number is None or self._session is None:
                    raise PartitionLost(topic=place[0], partition=place[1])
                await self._session.execute(
                    """INSERT INTO bus_group_offset AS o (group_id, partition_id, next_offset) VALUES ($1, $2, $3)
                       ON CONFLICT (group_id, partition_id)
                       DO UPDATE SET next_offset = greatest(o.next_offset, excluded.next_offset)""",
                    self._group_id,
                    number,
                    delivered.offset + 1,
                )
        except UNREACHABLE as error:
            raise PartitionLost(topic=place[0], partition=place[1]) from error

    async def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        self._woken.set()
        if self._beating is not None:
            self._beating.cancel()
            await asyncio.gather(self._beating, return_exceptions=True)
        async with self._session_free:
            session, self._session = self._session, None
            self._held.clear()
            if session is not None:
                await self._leave(session)
        if self._on_closed is not None:
            self._on_closed(self)

    async def _leave(self, session: Any) -> None:
        try:
            await session.execute(
                "DELETE FROM bus_member WHERE group_id = $1 AND member = $2", self._group_id, self._member
            )
            # A group that committed nothing and has nobody left is forgotten, as Kafka does it.
            await session.execute(
                """DELETE FROM bus_group g WHERE g.id = $1
                   AND NOT EXISTS (SELECT 1 FROM bus_member m WHERE m.group_id = g.id)
                   AND NOT EXISTS (SELECT 1 FROM bus_group_offset o WHERE o.group_id = g.id)""",
                self._group_id,
            )
            await session.execute("SELECT pg_advisory_unlock_all()")
            await session.execute("SELECT pg_notify($1, $2)", MEMBERS_CHANNEL, self._group)
            await session.close(timeout=CLOSE_SECONDS)
        except UNREACHABLE:
            session.terminate()  # the server lets the locks go with the session, the heartbeat runs out

    async def _take(self) -> Sequence[Delivered] | None:
        while not self._closed:
            if not self._ready:
                await self._wait_for_more()
            self._woken.clear()
            try:
                async with self._session_free:
                    if self._closed:
                        return None
                    await self._open()
                    if self._rebalance_due:
                        await self._rebalance()
                    if not self._ready:
                        await self._fetch()
                self._retry_seconds = RECONNECT_FIRST_SECONDS
            except UNREACHABLE as error:
                await self._lose_session(error)
                continue
            if self._ready:
                return self._hand_out()
        return None

    async def _wait_for_more(self) -> None:
        """Until there may be more than was read at the last look, and a moment has passed since."""
        if not self._read_to_end:
            return
        took = self._clock.monotonic() - self._read_at
        await wait_until_set(self._woken, self._clock, POLL_SECONDS)
        pause = self._read_at + self._pace.seconds(took) - self._clock.monotonic()
        if pause > 0 and not self._closed:
            await self._clock.sleep(pause)

    def _hand_out(self) -> list[Delivered]:
        number, batch = self._ready.popleft()
        self._held[number].position = batch[-1].offset + 1
        return batch

    async def _open(self) -> None:
        if self._session is not None and not self._session.is_closed():
            return
        self._drop_session()
        session = await self._connect()
        try:
            # A commit or heartbeat that a crash of the server forgets costs a re-delivery, not an event.
            await session.execute("SET synchronous_commit = off")
            self._group_id = await session.fetchval(
                """INSERT INTO bus_group (name) VALUES ($1)
                   ON CONFLICT (name) DO UPDATE SET name = excluded.name RETURNING id""",
                self._group,
            )
            await session.execute(
                """DELETE FROM bus_member
                   WHERE group_id = $1 AND beat_at < clock_timestamp() - make_interval(secs => $2)""",
                self._group_id,
                MEMBER_FORGOTTEN_SECONDS,
            )
            for topic in self._topics:
                await session.add_listener(messages_channel(topic), self._heard_message)
            await session.add_listener(MEMBERS_CHANNEL, self._heard_member)
        except BaseException:
            session.terminate()
            raise
        self._session = session
        await self._beat()
        await session.execute("SELECT pg_notify($1, $2)", MEMBERS_CHANNEL, self._group)
        if self._beating is None:
            self._beating = asyncio.create_task(self._keep_beating(), name=f"beat of {self._member}")

    async def _rebalance(self) -> None:
        """Lets go of what others are to have, then takes what is ours and free."""
        self._rebalance_due = False
        rows = await self._session.fetch(
            """SELECT member, topics FROM bus_member
               WHERE group_id = $1 AND beat_at > clock_timestamp() - make_interval(secs => $2)""",
            self._group_id,
            MEMBER_GONE_SECONDS,
        )
        members = {row["member"]: row["topics"] for row in rows} | {self._member: self._topics}
        topics = sorted({topic for subscribed in members.values() for topic in subscribed})
        partitions = await self._session.fetch(
            "SELECT id, topic, partition FROM bus_partition WHERE topic = ANY($1::text[])", topics
        )
        numbers = {(row["topic"], row["partition"]): row["id"] for row in partitions}
        self._shared_by = frozenset(members), sum(topic in self._topics for topic, _ in numbers)
        owners = fair_share(members, numbers)
        mine = {numbers[place]: place for place, owner in owners.items() if owner == self._member}
        given_up = sorted(self._held.keys() - mine.keys())
        if given_up:
            await self._give_up(given_up)
        for number in sorted(mine.keys() - self._held.keys()):
            await self._take_over(number, *mine[number])

    async def _give_up(self, numbers: list[int]) -> None:
        for number in numbers:
            del self._held[number]
        self._ready = deque(entry for entry in self._ready if entry[0] in self._held)
        await self._session.execute(
            "SELECT pg_advisory_unlock($1, number) FROM unnest($2::int[]) AS number", self._group_id, numbers
        )
        await self._session.execute("SELECT pg_notify($1, $2)", MEMBERS_CHANNEL, self._group)

    async def _take_over(self, number: int, topic: str, partition: int) -> None:
        if not await self._session.fetchval("SELECT pg_try_advisory_lock($1, $2)", self._group_id, number):
            self._shared_by = frozenset(), 0  # its reader has not let go yet; it tells us when it does, and we look
            return
        # A statement of its own: a snapshot from before the lock could miss the last reader's commit.
        position = await self._session.fetchval(
            "SELECT next_offset FROM bus_group_offset WHERE group_id = $1 AND partition_id = $2", self._group_id, number
        )
        self._held[number] = _Held(topic, partition, position or 0)
        self._read_to_end = False

    async def _fetch(self) -> None:
        """One round trip for all partitions; within one, offsets are visible in order, so nothing is passed over."""
        self._read_at = self._clock.monotonic()
        share_bytes = BATCH_MAX_BYTES // max(len(self._held), 1)
        rows = await self._session.fetch(
            """SELECT m.* FROM unnest($1::int[], $2::bigint[]) AS held (id, position), LATERAL (
                   SELECT partition_id, log_offset, key, payload, headers,
                          sum(octet_length(payload)) OVER (ORDER BY log_offset) - octet_length(payload) AS bytes_before
                   FROM (SELECT * FROM bus_message WHERE partition_id = held.id AND log_offset >= held.position
                         ORDER BY log_offset LIMIT $3) waiting
               ) m WHERE m.bytes_before < $4 ORDER BY m.partition_id, m.log_offset""",
            list(self._held),
            [held.position for held in self._held.values()],
            BATCH_MAX_MESSAGES,
            share_bytes,
        )
        batches: dict[int, list[Delivered]] = {}
        for row in rows:
            held = self._held[row["partition_id"]]
            message = Message(held.topic, row["key"], row["payload"], json.loads(row["headers"]))
            delivered = Delivered(message, held.partition, row["log_offset"])
            batches.setdefault(row["partition_id"], []).append(delivered)
        self._ready.extend(batches.items())
        self._read_to_end = not any(
            len(batch) >= BATCH_MAX_MESSAGES or sum(len(each.message.payload) for each in batch) >= share_bytes
            for batch in batches.values()
        )

    async def _keep_beating(self) -> None:
        while True:
            await self._clock.sleep(BEAT_SECONDS)
            try:
                async with self._session_free:
                    if self._session is not None:
                        await self._beat()
            except UNREACHABLE:
                self._drop_session()
            if self._rebalance_due:
                self._woken.set()

    async def _beat(self) -> None:
        """Says that it is there, and looks in the same round trip whether others are, and which partitions."""
        row = await self._session.fetchrow(
            """WITH beat AS (
                   INSERT INTO bus_member (group_id, member, topics, beat_at) VALUES ($1, $2, $3, clock_timestamp())
                   ON CONFLICT (group_id, member) DO UPDATE SET beat_at = excluded.beat_at
               )
               SELECT ARRAY(SELECT member FROM bus_member
                            WHERE group_id = $1 AND beat_at > clock_timestamp() - make_interval(secs => $4)) AS members,
                      (SELECT count(*) FROM bus_partition WHERE topic = ANY($3::text[])) AS partitions""",
            self._group_id,
            self._member,
            self._topics,
            MEMBER_GONE_SECONDS,
        )
        if (frozenset({*row["members"], self._member}), row["partitions"]) != self._shared_by:
            self._rebalance_due = True

    def _heard_message(self, _session: Any, _pid: int, _channel: str, _payload: str) -> None:
        self._woken.set()

    def _heard_member(self, _session: Any, _pid: int, _channel: str, group: str) -> None:
        if group in {self._group, ""}:
            self._rebalance_due = True
            self._woken.set()

    async def _lose_session(self, error: BaseException) -> None:
        _log.warning("bus_session_lost", group=self._group, error=type(error).__name__)
        self._drop_session()
        await self._clock.sleep(self._retry_seconds)
        self._retry_seconds = min(self._retry_seconds * 2, RECONNECT_LAST_SECONDS)

    def _drop_session(self) -> None:
        if self._session is not None:
            self._session.terminate()
        self._session = None
        self._held.clear()
        self._ready.clear()
        self._read_to_end = False
        self._rebalance_due = True
