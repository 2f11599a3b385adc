"""Writes events into the outbox inside the caller's transaction. Publishing is the relay's business."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.runtime.bus.faults import MessageRefused
from services.runtime.bus.limits import check_message
from services.runtime.bus.port import Message
from services.runtime.ids import Ids
from services.runtime.outbox.event import OutgoingEvent
from services.runtime.outbox.faults import EventRefused

ENQUEUE_MAX_EVENTS = 1_000
# Tighter than the bus's, so that a dead letter, which says more, still fits.
TOPIC_MAX_CHARACTERS = 100
TYPE_MAX_CHARACTERS = 200
HOUSE_ID_MAX_CHARACTERS = 64

_INSERT = text(
    """INSERT INTO outbox (event_id, topic, key, type, payload, house_id, occurred_at_ms)
       SELECT e.event_id, e.topic, e.key, e.type, e.payload, e.house_id, CAST(:now_ms AS bigint)
       FROM unnest(CAST(:event_ids AS text[]), CAST(:topics AS text[]), CAST(:keys AS text[]), CAST(:types AS text[]),
                   CAST(:payloads AS bytea[]), CAST(:house_ids AS text[]))
            WITH ORDINALITY AS e (event_id, topic, key, type, payload, house_id, place)
       ORDER BY e.place"""
)


async def enqueue(connection: AsyncConnection, events: Sequence[OutgoingEvent], *, now_ms: int, ids: Ids) -> None:
    """Adds the events, in their order, to the caller's open transaction (RULE 29); at most ENQUEUE_MAX_EVENTS.

    Raises EventRefused for an event that no bus could carry: better than in the relay, where it would stop the others.
    Let OutboxRelay.wake() follow the commit (after_commit); without it the events leave at the relay's next look.
    Transactions about one key must take turns (lock the key's own row first) if the order of their events matters.
    """
    if len(events) > ENQUEUE_MAX_EVENTS:
        raise EventRefused(field="events", limit=f"{ENQUEUE_MAX_EVENTS} in one call", events=len(events))
    if not events:
        return
    event_ids = [ids.new_id("evt") for _ in events]
    for event in events:
        _check(event)
    parameters = {
        "now_ms": now_ms,
        "event_ids": event_ids,
        "topics": [event.topic for event in events],
        "keys": [event.key for event in events],
        "types": [event.type for event in events],
        "payloads": [event.payload for event in events],
        "house_ids": [event.house_id for event in events],
    }
    await connection.execute(_INSERT, parameters)


def _check(event: OutgoingEvent) -> None:
    texts = (
        ("topic", event.topic, TOPIC_MAX_CHARACTERS),
        ("type", event.type, TYPE_MAX_CHARACTERS),
        ("house_id", event.house_id, HOUSE_ID_MAX_CHARACTERS),
    )
    for field, value, limit in texts:
        if not 1 <= len(value) <= limit:
            raise EventRefused(field=field, limit=f"1 to {limit} characters", type=event.type[:TYPE_MAX_CHARACTERS])
    try:
        check_message(Message(event.topic, event.key, event.payload))
    except MessageRefused as error:
        raise EventRefused(type=event.type, **error.facts) from error
