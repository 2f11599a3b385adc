"""What the log in Postgres lets go of, as topics.py says it: Kafka's broker does the same for itself."""

from __future__ import annotations

from typing import Any

from services.runtime.bus.topics import COMPACTED, KEPT_SECONDS

DELETE_MAX_MESSAGES = 1_000  # in one statement, of one partition
# A message that a newer one of its key replaces is left for readers under way; nobody needs it for longer.
REPLACED_KEPT_SECONDS = 3_600


async def delete_expired(connection: Any, now_ms: int) -> int:
    """Deletes what a topic no longer keeps: the oldest DELETE_MAX_MESSAGES a partition. Returns how many."""
    deleted: int = await connection.fetchval(
        """WITH old AS (
               SELECT o.partition_id, o.log_offset
               FROM unnest($1::text[], $2::bigint[]) AS kept (topic, before_ms)
               JOIN bus_partition p USING (topic), LATERAL (
                   SELECT partition_id, log_offset, stored_at_ms FROM bus_message
                   WHERE partition_id = p.id ORDER BY log_offset LIMIT $3
               ) o WHERE o.stored_at_ms < kept.before_ms
           ), gone AS (
               DELETE FROM bus_message m USING old
               WHERE m.partition_id = old.partition_id AND m.log_offset = old.log_offset RETURNING 1
           ) SELECT count(*) FROM gone""",
        list(KEPT_SECONDS),
        [now_ms - seconds * 1_000 for seconds in KEPT_SECONDS.values()],
        DELETE_MAX_MESSAGES,
    )
    return deleted


async def delete_replaced(connection: Any, now_ms: int) -> int:
    """Deletes messages of compacted topics that a later one of their key replaces, in bounded steps. How many.

    Each partition's rows are read once, oldest first; the latest of a key is never deleted, however old it is.
    """
    deleted: int = await connection.fetchval(
        """WITH replaced AS (
               SELECT r.partition_id, r.log_offset FROM bus_partition p, LATERAL (
                   SELECT m.partition_id, m.log_offset FROM (
                       SELECT partition_id, log_offset, stored_at_ms,
                              max(log_offset) OVER (PARTITION BY key) AS latest
                       FROM bus_message WHERE partition_id = p.id
                   ) m WHERE m.log_offset < m.latest AND m.stored_at_ms < $2 ORDER BY m.log_offset LIMIT $3
               ) r WHERE p.topic = ANY($1::text[])
           ), gone AS (
               DELETE FROM bus_message m USING replaced r
               WHERE m.partition_id = r.partition_id AND m.log_offset = r.log_offset RETURNING 1
           ) SELECT count(*) FROM gone""",
        sorted(COMPACTED),
        now_ms - REPLACED_KEPT_SECONDS * 1_000,
        DELETE_MAX_MESSAGES,
    )
    return deleted
