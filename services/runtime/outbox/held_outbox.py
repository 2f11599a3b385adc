"""The relay's view of the outbox tables: they are held by one relay at a time, on the session that does its work.

Numbering on the lock's own session is what makes it safe: a session that lost the lock can number nothing (RULE 29).
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.runtime.outbox.event import OutgoingEvent
from services.runtime.sql.connections import own_session
from services.runtime.sql.scopes import AllHouses

WAKE_CHANNEL = "balcon_outbox"
PENDING_COUNT_MAX = 100_000
PURGE_MAX_ROWS = 1_000

_EVENTS = AllHouses("the relay publishes every house's events")

_COLUMNS = "id, event_id, topic, key, type, payload, house_id, occurred_at_ms, sequence"

# Numbered but not published: an earlier attempt failed. These go first, with their old numbers.
_NUMBERED = text(
    f"SELECT {_COLUMNS} FROM outbox WHERE published_at_ms IS NULL AND sequence IS NOT NULL "  # noqa: S608
    "ORDER BY sequence, id LIMIT :limit"
)

# No cursor over ids: whatever is committed and has no number yet is found, however late it committed.
_NUMBER = text(
    """WITH waiting AS (
           SELECT id, topic, key FROM outbox WHERE sequence IS NULL ORDER BY id LIMIT :limit
       ), counted AS (
           SELECT id, topic, key, row_number() OVER (PARTITION BY topic, key ORDER BY id) AS place FROM waiting
       ), bumped AS (
           INSERT INTO outbox_sequence AS s (topic, key, last_sequence)
           SELECT topic, key, count(*) FROM waiting GROUP BY topic, key
           ON CONFLICT (topic, key) DO UPDATE SET last_sequence = s.last_sequence + excluded.last_sequence
           RETURNING topic, key, last_sequence
       ), totals AS (
           SELECT topic, key, count(*) AS total FROM waiting GROUP BY topic, key
       )
       UPDATE outbox o SET sequence = b.last_sequence - t.total + c.place
       FROM counted c JOIN bumped b USING (topic, key) JOIN totals t USING (topic, key)
       WHERE o.id = c.id
       RETURNING o.id, o.event_id, o.topic, o.key, o.type, o.payload, o.house_id, o.occurred_at_ms, o.sequence"""
)

_MARK = text("UPDATE outbox SET published_at_ms = :now_ms WHERE id = ANY(CAST(:ids AS bigint[]))")

# Two conditions, each as its partial index has it: together they would read the whole table. The oldest is the one of
# the lowest id or number, which is exact enough for an age.
_PENDING = text(
    """SELECT (SELECT count(*) FROM (SELECT 1 FROM outbox WHERE sequence IS NULL LIMIT :limit) unnumbered)
            + (SELECT count(*) FROM (
                  SELECT 1 FROM outbox WHERE published_at_ms IS NULL AND sequence IS NOT NULL LIMIT :limit
              ) unpublished) AS events,
              least((SELECT occurred_at_ms FROM outbox WHERE sequence IS NULL ORDER BY id LIMIT 1),
                    (SELECT occurred_at_ms FROM outbox WHERE published_at_ms IS NULL AND sequence IS NOT NULL
                     ORDER BY sequence LIMIT 1)) AS oldest_at_ms"""
)

_PURGE = text(
    """DELETE FROM outbox WHERE id IN (
           SELECT id FROM (SELECT id, published_at_ms FROM outbox ORDER BY id LIMIT :limit) oldest
           WHERE published_at_ms < :before_ms
       )"""
)


@dataclass(frozen=True, slots=True)
class NumberedEvent:
    """An outbox row with its number: the same number however often it is published."""

    row_id: int
    event_id: str
    event: OutgoingEvent
    occurred_at_ms: int
    sequence: int


@dataclass(frozen=True, slots=True)
class Pending:
    """How many events wait for the bus, and when the oldest of them occurred; None when none waits."""

    events: int
    oldest_at_ms: int | None


class HeldOutbox:
    """An outbox that this relay holds. Every call is one statement and its own transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection
        # What an earlier holder numbered and did not publish is all published; of ours nothing is left behind.
        self._has_caught_up = False

    async def listen(self, heard: Callable[[], None]) -> None:
        """Calls `heard` whenever another process has asked for this outbox to be looked at."""

        def on_notification(*_: Any) -> None:
            heard()

        driver = (await self._connection.get_raw_connection()).driver_connection
        assert driver is not None
        await driver.add_listener(WAKE_CHANNEL, on_notification)

    async def next_batch(self, limit: int) -> list[NumberedEvent]:
        """What is to be published next, in order; numbers what has none, for good (RULE 30)."""
        rows: Sequence[Any] = ()
        if not self._has_caught_up:
            rows = (await self._connection.execute(_NUMBERED, {"limit": limit})).all()
            self._has_caught_up = not rows
        if not rows:
            numbered = (await self._connection.execute(_NUMBER, {"limit": limit})).all()
            rows = sorted(numbered, key=lambda row: row.id)
        return [
            NumberedEvent(
                row_id=row.id,
                event_id=row.event_id,
                event=OutgoingEvent(row.topic, row.key, row.type, bytes(row.payload), row.house_id),
                occurred_at_ms=row.occurred_at_ms,
                sequence=row.sequence,
            )
            for row in rows
        ]

    async def mark_published(self, events: Sequence[NumberedEvent], now_ms: int) -> None:
        """Says that the bus has them."""
        await self._connection.execute(_MARK, {"now_ms": now_ms, "ids": [event.row_id for event in events]})

    async def pending(self) -> Pending:
        """What waits; counts up to PENDING_COUNT_MAX without a number."""
        row = (await self._connection.execute(_PENDING, {"limit": PENDING_COUNT_MAX})).one()
        return Pending(row.events, row.oldest_at_ms)

    async def purge(self, before_ms: int) -> int:
        """Deletes rows published before `before_ms`, at most PURGE_MAX_ROWS; returns how many."""
        parameters = {"before_ms": before_ms, "limit": PURGE_MAX_ROWS}
        return (await self._connection.execute(_PURGE, parameters)).rowcount


@asynccontextmanager
async def hold_outbox(engine: AsyncEngine, name: str) -> AsyncIterator[HeldOutbox | None]:
    """The outbox, held until the block ends; None when another relay has it."""
    async with own_session(engine, _EVENTS) as connection:
        locked = await connection.execute(text("SELECT pg_try_advisory_lock(:key)"), {"key": _lock_key(name)})
        if not locked.scalar_one():
            yield None
            return
        try:
            yield HeldOutbox(connection)
        finally:
            # The session ends, not only the block: nothing else may ever run on a session that still has the lock.
            await connection.invalidate()


async def wake_outbox_holder(engine: AsyncEngine) -> None:
    """Wakes the relay that holds the outbox. Never inside a business transaction: NOTIFY makes commits queue up."""
    async with own_session(engine, _EVENTS) as connection:
        await connection.execute(text("SELECT pg_notify(:channel, '')"), {"channel": WAKE_CHANNEL})


def _lock_key(name: str) -> int:
    # The words of the first release: relays of two releases must meet at one lock.
    digest = hashlib.blake2b(f"balcon outbox lane {name}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)
