"""The guards of events on their way from outbox to effect, each removed by a patch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from services.runtime.bus.port import Delivered
from services.runtime.errors import Retryable
from services.runtime.outbox import application
from services.runtime.outbox.application import Applied
from services.runtime.outbox.consumer import EventConsumer
from services.runtime.outbox.event import IncomingEvent
from services.runtime.outbox.held_outbox import NumberedEvent
from services.runtime.outbox.relay import OutboxRelay
from tests.simulation.stage.outbox_twins import MemoryDatabase, MemoryOutbox


def id_cursor(patch: pytest.MonkeyPatch) -> None:
    """What is new is what has a higher id than the last: late committers are never seen."""
    showing = MemoryOutbox.showing

    def after_the_cursor(outbox: Any) -> list[Any]:
        rows = showing(outbox)
        passed = max((row.row_id for row in rows if row.sequence is not None), default=0)
        return [row for row in rows if row.sequence is not None or row.row_id > passed]

    patch.setattr(MemoryOutbox, "showing", after_the_cursor)


def marked_before_published(patch: pytest.MonkeyPatch) -> None:
    """Events are marked first and published once: what the bus did not hear is lost."""

    async def publish(relay: Any, held: Any, events: list[NumberedEvent]) -> None:
        await relay._mark(held, events)
        try:
            await relay._bus.publish([relay._message(event) for event in events])
        except Retryable:
            return

    patch.setattr(OutboxRelay, "_publish", publish)


def inbox_skipped(patch: pytest.MonkeyPatch) -> None:
    """Whatever is delivered is applied."""

    async def receive(_database: Any, _: Any, events: Sequence[IncomingEvent], _now_ms: int) -> set[tuple[str, str]]:
        return {(event.source, event.id) for event in events}

    patch.setattr(application, "_plan", lambda window, _: Applied(list(range(len(window))), [], []))
    patch.setattr(MemoryDatabase, "receive", receive)


def offset_before_effect(patch: pytest.MonkeyPatch) -> None:
    """The offset is committed as soon as the batch is there."""
    consume = EventConsumer._consume

    async def commit_first(consumer: Any, subscription: Any, batch: Sequence[Delivered]) -> None:
        await subscription.commit(batch[-1])
        await consume(consumer, subscription, batch)

    patch.setattr(EventConsumer, "_consume", commit_first)


EVENT_MUTANTS = (id_cursor, marked_before_published, inbox_skipped, offset_before_effect)
