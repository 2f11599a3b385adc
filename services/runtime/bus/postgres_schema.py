"""The log's tables in its own database `balcon_bus`: DDL that may run at any time, by any number of processes."""

from __future__ import annotations

import hashlib
from typing import Any

_MESSAGES_CHANNEL = "balcon_bus_messages"
_CHANNEL_BYTES = 63  # PostgreSQL's names
MEMBERS_CHANNEL = "balcon_bus_members"  # payload: a group whose members or locks changed


def messages_channel(topic: str) -> str:
    """Where a topic's new messages are told of, with its name: whoever reads others is not woken."""
    channel = f"{_MESSAGES_CHANNEL}:{topic}"
    if len(channel.encode()) <= _CHANNEL_BYTES:
        return channel
    return f"{_MESSAGES_CHANNEL}:{hashlib.blake2b(topic.encode(), digest_size=16).hexdigest()}"


# One number for everybody who creates or alters these tables. Partition locks use the two-number space instead.
_SCHEMA_LOCK = 0x62_61_6C_63_6F_6E_01

# A partition row is updated by every publish: free space on its page keeps those updates off the indexes. Messages have
# no foreign key to it: the check would cost one lock a message.
_STATEMENTS = (
    """CREATE TABLE IF NOT EXISTS bus_partition (
        id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        topic text NOT NULL,
        partition int NOT NULL,
        next_offset bigint NOT NULL DEFAULT 0,
        UNIQUE (topic, partition)
    ) WITH (fillfactor = 20)""",
    """CREATE TABLE IF NOT EXISTS bus_message (
        partition_id int NOT NULL,
        log_offset bigint NOT NULL,
        key text NOT NULL,
        payload bytea NOT NULL,
        headers bytea NOT NULL,
        stored_at_ms bigint NOT NULL,
        PRIMARY KEY (partition_id, log_offset)
    )""",
    """CREATE TABLE IF NOT EXISTS bus_group (
        id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        name text NOT NULL UNIQUE
    )""",
    """CREATE TABLE IF NOT EXISTS bus_group_offset (
        group_id int NOT NULL REFERENCES bus_group,
        partition_id int NOT NULL REFERENCES bus_partition,
        next_offset bigint NOT NULL,
        PRIMARY KEY (group_id, partition_id)
    ) WITH (fillfactor = 20)""",
    """CREATE TABLE IF NOT EXISTS bus_member (
        group_id int NOT NULL REFERENCES bus_group,
        member text NOT NULL,
        topics text[] NOT NULL,
        beat_at timestamptz NOT NULL,
        PRIMARY KEY (group_id, member)
    ) WITH (fillfactor = 20)""",
)


async def create_tables(connection: Any) -> None:
    """Creates what is missing, over an asyncpg connection."""
    async with connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock($1)", _SCHEMA_LOCK)
        if await connection.fetchval("SELECT to_regclass('bus_member') IS NOT NULL"):
            return
        for statement in _STATEMENTS:
            await connection.execute(statement)


async def create_partitions(connection: Any, topics: dict[str, int]) -> None:
    """Creates each missing topic with all its partitions, or none of them."""
    async with connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock($1)", _SCHEMA_LOCK)
        await connection.execute(
            """INSERT INTO bus_partition (topic, partition)
               SELECT t.topic, p FROM unnest($1::text[], $2::int[]) AS t (topic, partitions),
                                      generate_series(0, t.partitions - 1) AS p
               WHERE NOT EXISTS (SELECT 1 FROM bus_partition b WHERE b.topic = t.topic)
               ORDER BY t.topic, p""",
            list(topics),
            list(topics.values()),
        )
        await connection.execute("SELECT pg_notify($1, '')", MEMBERS_CHANNEL)
