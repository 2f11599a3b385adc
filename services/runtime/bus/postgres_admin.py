"""The log's administration, over an asyncpg connection: what there is, how far groups are, deleting of both."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import asyncpg

from services.runtime.bus.port import Delivered, Message, PartitionState
from services.runtime.bus.postgres_schema import MEMBERS_CHANNEL

# As KafkaBus waits for a session to end: who beat no longer than this ago may still be at work.
MEMBER_ALIVE_SECONDS = 10.0


async def list_partitions(connection: Any) -> Sequence[PartitionState]:
    """See BusAdmin.partitions."""
    rows = await connection.fetch(
        """SELECT p.topic, p.partition, p.next_offset, coalesce(
               (SELECT min(m.log_offset) FROM bus_message m WHERE m.partition_id = p.id), p.next_offset) AS first_offset
           FROM bus_partition p ORDER BY p.topic, p.partition"""
    )
    return [PartitionState(row["topic"], row["partition"], row["first_offset"], row["next_offset"]) for row in rows]


async def list_groups(connection: Any) -> Sequence[str]:
    """See BusAdmin.groups."""
    return sorted(row["name"] for row in await connection.fetch("SELECT name FROM bus_group"))


async def list_committed(connection: Any, group: str) -> Mapping[tuple[str, int], int]:
    """See BusAdmin.committed."""
    rows = await connection.fetch(
        """SELECT p.topic, p.partition, o.next_offset FROM bus_group g
           JOIN bus_group_offset o ON o.group_id = g.id JOIN bus_partition p ON p.id = o.partition_id
           WHERE g.name = $1""",
        group,
    )
    return {(row["topic"], row["partition"]): row["next_offset"] for row in rows}


async def list_first_from(connection: Any, places: Mapping[tuple[str, int], int]) -> Sequence[Delivered]:
    """See BusAdmin.first_from."""
    rows = await connection.fetch(
        """SELECT p.topic, p.partition, m.* FROM unnest($1::text[], $2::int[], $3::bigint[])
               AS wanted (topic, partition, log_offset)
           JOIN bus_partition p ON (p.topic, p.partition) = (wanted.topic, wanted.partition),
           LATERAL (SELECT log_offset, key, payload, headers FROM bus_message
                    WHERE partition_id = p.id AND log_offset >= wanted.log_offset
                    ORDER BY log_offset LIMIT 1) m""",
        [topic for topic, _ in places],
        [partition for _, partition in places],
        list(places.values()),
    )
    return [
        Delivered(
            Message(row["topic"], row["key"], row["payload"], json.loads(row["headers"])),
            row["partition"],
            row["log_offset"],
        )
        for row in rows
    ]


async def delete_group(connection: Any, group: str) -> bool:
    """Forgets one group; False when it stays, because a member is alive."""
    try:
        async with connection.transaction():
            number = await connection.fetchval("SELECT id FROM bus_group WHERE name = $1 FOR UPDATE", group)
            alive = await connection.fetchval(
                """SELECT EXISTS (SELECT 1 FROM bus_member WHERE group_id = $1
                                  AND beat_at > clock_timestamp() - make_interval(secs => $2))""",
                number,
                MEMBER_ALIVE_SECONDS,
            )
            if not alive:
                await connection.execute("DELETE FROM bus_member WHERE group_id = $1", number)
                await connection.execute("DELETE FROM bus_group_offset WHERE group_id = $1", number)
                await connection.execute("DELETE FROM bus_group WHERE id = $1", number)
            return not alive
    except asyncpg.ForeignKeyViolationError:
        return False  # somebody joined meanwhile


async def delete_topic(connection: Any, topic: str) -> None:
    """Deletes one topic. Its partitions go first: a publisher that has their rows locked is waited for."""
    async with connection.transaction():
        rows = await connection.fetch("SELECT id FROM bus_partition WHERE topic = $1 ORDER BY id FOR UPDATE", topic)
        numbers = [row["id"] for row in rows]
        await connection.execute("DELETE FROM bus_group_offset WHERE partition_id = ANY($1::int[])", numbers)
        await connection.execute("DELETE FROM bus_partition WHERE id = ANY($1::int[])", numbers)
        await connection.execute("DELETE FROM bus_message WHERE partition_id = ANY($1::int[])", numbers)
        await connection.execute("SELECT pg_notify($1, '')", MEMBERS_CHANNEL)


async def delete_groups(connection: Any, groups: Collection[str]) -> Collection[str]:
    """See BusAdmin.delete_groups."""
    return [group for group in sorted(groups) if not await delete_group(connection, group)]
