"""The consumer's tables: what was applied, how far each key is, which are parked. SQL in the caller's transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.runtime.outbox.event import IncomingEvent

PURGE_MAX_ROWS = 1_000
PARKED_MAX_ROWS = 1_000

# Locked in one order, so that two members that meet on the same keys wait instead of deadlocking. The consumer is told
# with each: as a condition of its own it may lead to all its keys, each compared with all that are wanted.
_KEYS = text(
    """SELECT s.source, s.topic, s.key, s.last_sequence, s.parked, s.diverted_sequence
       FROM inbox_sequence s
       JOIN unnest(CAST(:consumers AS text[]), CAST(:sources AS text[]), CAST(:topics AS text[]), CAST(:keys AS text[]))
            AS wanted (consumer, source, topic, key)
            ON (s.consumer, s.source, s.topic, s.key) = (wanted.consumer, wanted.source, wanted.topic, wanted.key)
       ORDER BY s.source, s.topic, s.key FOR UPDATE OF s"""
)

_RECEIVE = text(
    """INSERT INTO inbox (consumer, source, event_id, topic, key, sequence, house_id, received_at_ms)
       SELECT :consumer, e.*, CAST(:now_ms AS bigint)
       FROM unnest(CAST(:sources AS text[]), CAST(:event_ids AS text[]), CAST(:topics AS text[]), CAST(:keys AS text[]),
                   CAST(:sequences AS bigint[]), CAST(:house_ids AS text[])) AS e
       ON CONFLICT (consumer, source, event_id) DO NOTHING
       RETURNING source, event_id"""
)

_ADVANCE = text(
    """INSERT INTO inbox_sequence AS s (consumer, source, topic, key, house_id, last_sequence, diverted_sequence)
       SELECT :consumer, e.source, e.topic, e.key, e.house_id, e.last_sequence, e.diverted_sequence
       FROM unnest(CAST(:sources AS text[]), CAST(:topics AS text[]), CAST(:keys AS text[]), CAST(:house_ids AS text[]),
                   CAST(:lasts AS bigint[]), CAST(:diverteds AS bigint[]))
            AS e (source, topic, key, house_id, last_sequence, diverted_sequence)
       ON CONFLICT (consumer, source, topic, key) DO UPDATE
       SET last_sequence = greatest(s.last_sequence, excluded.last_sequence),
           diverted_sequence = greatest(s.diverted_sequence, excluded.diverted_sequence)"""
)

_PARK = text(
    """INSERT INTO inbox_sequence AS s (consumer, source, topic, key, house_id, last_sequence,
                                        parked, parked_at_ms, parked_error, diverted_sequence)
       VALUES (:consumer, :source, :topic, :key, :house_id, 0, true, :now_ms, :error, :sequence)
       ON CONFLICT (consumer, source, topic, key) DO UPDATE
       SET parked = true, parked_at_ms = coalesce(s.parked_at_ms, excluded.parked_at_ms),
           parked_error = coalesce(s.parked_error, excluded.parked_error),
           diverted_sequence = greatest(s.diverted_sequence, excluded.diverted_sequence)"""
)

_UNPARK = text(
    """UPDATE inbox_sequence
       SET parked = false, parked_at_ms = NULL, parked_error = NULL, diverted_sequence = NULL
       WHERE consumer = :consumer AND source = :source AND topic = :topic AND key = :key
         AND parked AND last_sequence >= diverted_sequence"""
)

_PARKED = text(
    """SELECT source, topic, key, house_id, last_sequence, diverted_sequence, parked_at_ms, parked_error
       FROM inbox_sequence WHERE consumer = :consumer AND parked AND topic = :topic AND key = :key ORDER BY source"""
)

_ALL_PARKED = text(
    """SELECT source, topic, key, last_sequence, diverted_sequence, parked_error
       FROM inbox_sequence WHERE consumer = :consumer AND parked ORDER BY topic, key, source LIMIT :limit"""
)

_PURGE = text(
    """DELETE FROM inbox WHERE (consumer, source, event_id) IN (
           SELECT consumer, source, event_id FROM inbox
           WHERE consumer = :consumer AND received_at_ms < :before_ms ORDER BY received_at_ms LIMIT :limit
       )"""
)


@dataclass(frozen=True, slots=True, order=True)
class KeyPlace:
    """Whose sequence it is: numbers are dense per source, topic and key."""

    source: str
    topic: str
    key: str

    @classmethod
    def of(cls, event: IncomingEvent) -> KeyPlace:
        """The place of an event."""
        return cls(event.source, event.topic, event.key)


@dataclass(slots=True)
class KeyProgress:
    """How far a key is. `diverted_sequence`: the highest number that went to the dead-letter topic; 0 for none."""

    house_id: str
    last_sequence: int = 0
    parked: bool = False
    diverted_sequence: int = 0


@dataclass(frozen=True, slots=True)
class ParkedKey:
    """A key that waits for replay."""

    place: KeyPlace
    last_sequence: int
    diverted_sequence: int
    error: str


class Inbox:
    """The rows of one consumer group."""

    def __init__(self, consumer: str) -> None:
        self._consumer = consumer

    async def progress(
        self, connection: AsyncConnection, events: Sequence[IncomingEvent]
    ) -> dict[KeyPlace, KeyProgress]:
        """How far the events' keys are, locked until the transaction ends; new keys stand at 0."""
        progress = {KeyPlace.of(event): KeyProgress(event.house_id) for event in events}
        places = list(progress)
        parameters = {
            "consumers": [self._consumer] * len(places),
            "sources": [place.source for place in places],
            "topics": [place.topic for place in places],
            "keys": [place.key for place in places],
        }
        for row in await connection.execute(_KEYS, parameters):
            known = progress[KeyPlace(row.source, row.topic, row.key)]
            known.last_sequence = row.last_sequence
            known.parked = row.parked
            known.diverted_sequence = row.diverted_sequence or 0
        return progress

    async def receive(
        self, connection: AsyncConnection, events: Sequence[IncomingEvent], now_ms: int
    ) -> set[tuple[str, str]]:
        """Notes the events as applied; returns (source, id) of those that were not before (RULE 31)."""
        parameters = {
            "consumer": self._consumer,
            "now_ms": now_ms,
            "sources": [event.source for event in events],
            "event_ids": [event.id for event in events],
            "topics": [event.topic for event in events],
            "keys": [event.key for event in events],
            "sequences": [event.sequence for event in events],
            "house_ids": [event.house_id for event in events],
        }
        rows = await connection.execute(_RECEIVE, parameters)
        return {(row.source, row.event_id) for row in rows}

    async def advance(self, connection: AsyncConnection, progress: dict[KeyPlace, KeyProgress]) -> None:
        """Stores how far the keys are now."""
        places = sorted(progress)
        parameters = {
            "consumer": self._consumer,
            "sources": [place.source for place in places],
            "topics": [place.topic for place in places],
            "keys": [place.key for place in places],
            "house_ids": [progress[place].house_id for place in places],
            "lasts": [progress[place].last_sequence for place in places],
            "diverteds": [progress[place].diverted_sequence or None for place in places],
        }
        await connection.execute(_ADVANCE, parameters)

    async def park(self, connection: AsyncConnection, event: IncomingEvent, *, error: str, now_ms: int) -> None:
        """From here on the key's events go to the dead-letter topic, this one first (RULE 32)."""
        parameters = {
            "consumer": self._consumer,
            "source": event.source,
            "topic": event.topic,
            "key": event.key,
            "house_id": event.house_id,
            "sequence": event.sequence,
            "error": error,
            "now_ms": now_ms,
        }
        await connection.execute(_PARK, parameters)

    async def unpark_if_caught_up(self, connection: AsyncConnection, place: KeyPlace) -> bool:
        """Ends the parking, unless the dead-letter topic is still ahead."""
        parameters = {"consumer": self._consumer, "source": place.source, "topic": place.topic, "key": place.key}
        return (await connection.execute(_UNPARK, parameters)).rowcount > 0

    async def parked(self, connection: AsyncConnection, topic: str, key: str) -> list[ParkedKey]:
        """The parked sequences of a key: one for each source that publishes to the topic."""
        parameters = {"consumer": self._consumer, "topic": topic, "key": key}
        return [
            ParkedKey(
                KeyPlace(row.source, row.topic, row.key),
                row.last_sequence,
                row.diverted_sequence or 0,
                row.parked_error,
            )
            for row in await connection.execute(_PARKED, parameters)
        ]

    async def all_parked(self, connection: AsyncConnection) -> list[ParkedKey]:
        """Every parked sequence, at most PARKED_MAX_ROWS."""
        parameters = {"consumer": self._consumer, "limit": PARKED_MAX_ROWS}
        return [
            ParkedKey(
                KeyPlace(row.source, row.topic, row.key),
                row.last_sequence,
                row.diverted_sequence or 0,
                row.parked_error,
            )
            for row in await connection.execute(_ALL_PARKED, parameters)
        ]

    async def count_parked(self, connection: AsyncConnection) -> int:
        """How many sequences are parked."""
        query = text("SELECT count(*) FROM inbox_sequence WHERE consumer = :consumer AND parked")
        count: int = (await connection.execute(query, {"consumer": self._consumer})).scalar_one()
        return count

    async def purge(self, connection: AsyncConnection, before_ms: int) -> int:
        """Deletes notes from before `before_ms`, at most PURGE_MAX_ROWS; the sequences go on refusing old events."""
        parameters = {"consumer": self._consumer, "before_ms": before_ms, "limit": PURGE_MAX_ROWS}
        return (await connection.execute(_PURGE, parameters)).rowcount
