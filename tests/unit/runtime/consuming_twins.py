"""A consumer's tables in memory, parked keys included: the real consumer runs over them on virtual time."""

from __future__ import annotations

import copy
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from services.runtime.outbox.event import IncomingEvent
from services.runtime.outbox.inbox import KeyPlace, KeyProgress, ParkedKey


@dataclass(slots=True)
class Rows:
    """What is committed."""

    received: set[tuple[str, str]] = field(default_factory=set)
    keys: dict[KeyPlace, KeyProgress] = field(default_factory=dict)
    effects: list[tuple[str, int, str]] = field(default_factory=list)  # key, sequence, payload


class Writing:
    """One transaction on a copy of the rows."""

    def __init__(self, tables: MemoryTables) -> None:
        self._tables = tables
        rows = tables.rows
        keys = {place: copy.copy(known) for place, known in rows.keys.items()}
        self.rows = Rows(set(rows.received), keys, list(rows.effects))

    def in_transaction(self) -> bool:
        """As AsyncConnection.in_transaction."""
        return True

    async def commit(self) -> None:
        """As AsyncConnection.commit."""
        self._tables.commits += 1
        self._tables.rows = self.rows


class MemoryTables:
    """Stands for the engine and for the Inbox of one group."""

    def __init__(self) -> None:
        self.rows = Rows()
        self.commits = 0
        self.paused_at_ms: int | None = None

    async def since_ms(self) -> int | None:
        """See Pauses."""
        return self.paused_at_ms

    def get_execution_options(self) -> dict[str, object]:
        """As AsyncEngine.get_execution_options."""
        return {}

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[Writing]:
        """As AsyncEngine.connect."""
        yield Writing(self)

    async def progress(self, writing: Writing, events: Sequence[IncomingEvent]) -> dict[KeyPlace, KeyProgress]:
        """See Inbox."""
        places = {KeyPlace.of(event) for event in events}
        return {place: copy.copy(writing.rows.keys.get(place, KeyProgress("house_1"))) for place in places}

    async def receive(self, writing: Writing, events: Sequence[IncomingEvent], _: int) -> set[tuple[str, str]]:
        """See Inbox."""
        fresh = {(event.source, event.id) for event in events} - writing.rows.received
        writing.rows.received |= fresh
        return fresh

    async def advance(self, writing: Writing, progress: dict[KeyPlace, KeyProgress]) -> None:
        """See Inbox."""
        writing.rows.keys.update(progress)

    async def park(self, writing: Writing, event: IncomingEvent, *, error: str, now_ms: int) -> None:
        """See Inbox."""
        known = writing.rows.keys.setdefault(KeyPlace.of(event), KeyProgress(event.house_id))
        known.parked = True
        known.diverted_sequence = max(known.diverted_sequence, event.sequence)

    async def unpark_if_caught_up(self, writing: Writing, place: KeyPlace) -> bool:
        """See Inbox."""
        known = writing.rows.keys[place]
        caught_up = known.parked and known.last_sequence >= known.diverted_sequence
        if caught_up:
            known.parked, known.diverted_sequence = False, 0
        return caught_up

    async def parked(self, writing: Writing, topic: str, key: str) -> list[ParkedKey]:
        """See Inbox."""
        return [parked for parked in await self.all_parked(writing) if parked.place.key == key]

    async def all_parked(self, writing: Writing) -> list[ParkedKey]:
        """See Inbox."""
        return [
            ParkedKey(place, known.last_sequence, known.diverted_sequence, "")
            for place, known in sorted(writing.rows.keys.items(), key=lambda item: item[0])
            if known.parked
        ]

    async def count_parked(self, writing: Writing) -> int:
        """See Inbox."""
        return len(await self.all_parked(writing))

    async def purge(self, _: Any, _before_ms: int) -> int:
        """Nothing is that old."""
        return 0
