"""A held outbox and a consumer's inbox in memory: so the real relay and the real consumer run on virtual time.

What a transaction writes shows at commit, all or nothing; of two that meet on the same rows the later one fails.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from services.runtime.clock import Clock
from services.runtime.errors import Retryable
from services.runtime.outbox.event import IncomingEvent, OutgoingEvent
from services.runtime.outbox.held_outbox import NumberedEvent, Pending
from services.runtime.outbox.inbox import KeyPlace, KeyProgress
from tests.simulation.stage.processes import SimulatedProcess, current_process
from tests.simulation.stage.weather import Weather


class SessionEnded(Retryable):
    """The database server has ended this session."""


class SerializationFailure(Retryable):
    """Another transaction has written the same rows since this one began."""


@dataclass(slots=True)
class _Row:
    row_id: int
    event: OutgoingEvent
    occurred_at_ms: int
    shows_at: float
    sequence: int | None = None
    is_published: bool = False


class MemoryOutbox:
    """Rows get their ids when they are written and show when their transaction commits, which may be later."""

    def __init__(self, events: Callable[[], Sequence[OutgoingEvent]], clock: Clock, weather: Weather) -> None:
        self._events = events
        self._clock = clock
        self._weather = weather
        self._rows: list[_Row] = []
        self._last: Counter[tuple[str, str]] = Counter()
        self._holder: MemoryHeldOutbox | None = None

    def showing(self) -> list[_Row]:
        """What is committed by now."""
        random, now = self._weather.random, self._clock.monotonic()
        for event in self._events()[len(self._rows) :]:
            late = not self._weather.is_fair and random.random() < 0.2
            shows_at = now + (random.uniform(0.1, 2.0) if late else 0.0)
            self._weather.met["late_committer"] += late
            self._rows.append(_Row(len(self._rows) + 1, event, self._clock.now_ms(), shows_at))
        return [row for row in self._rows if row.shows_at <= now]

    def is_drained(self) -> bool:
        """Whether everything is published."""
        return len(self.showing()) == len(self._events()) and all(row.is_published for row in self._rows)

    def number(self, rows: Sequence[_Row]) -> None:
        """Dense per topic and key, for good."""
        for row in rows:
            place = (row.event.topic, row.event.key)
            self._last[place] += 1
            row.sequence = self._last[place]

    def take(self) -> MemoryHeldOutbox | None:
        """The outbox, unless a living session has it. The server ends the session of whoever is dead or frozen."""
        if self._holder is not None and self._holder.is_held:
            return None
        self._holder = MemoryHeldOutbox(self, current_process(), self._clock)
        return self._holder

    def has(self, held: MemoryHeldOutbox) -> bool:
        """Whether it still is this one's."""
        return self._holder is held

    def leave(self, held: MemoryHeldOutbox) -> None:
        """Gives it up."""
        if self._holder is held:
            self._holder = None


class MemoryHeldOutbox:
    """See services.runtime.outbox.held_outbox.HeldOutbox."""

    def __init__(self, outbox: MemoryOutbox, process: SimulatedProcess, clock: Clock) -> None:
        self._outbox = outbox
        self._process = process
        self._clock = clock

    @property
    def is_held(self) -> bool:
        """Whether its session lives."""
        return not (self._process.is_dead or self._process.is_frozen)

    async def _statement(self) -> None:
        await self._clock.sleep(0.001)
        if not self._outbox.has(self):
            raise SessionEnded

    async def listen(self, heard: Callable[[], None]) -> None:
        """Nobody notifies; the relay looks at its interval."""

    async def next_batch(self, limit: int) -> list[NumberedEvent]:
        """See HeldOutbox."""
        await self._statement()
        waiting = [row for row in self._outbox.showing() if not row.is_published]
        rows = sorted((row for row in waiting if row.sequence is not None), key=lambda row: (row.sequence, row.row_id))
        if not rows:
            rows = waiting[:limit]
            self._outbox.number(rows)
        return [
            NumberedEvent(row.row_id, f"evt_{row.row_id}", row.event, row.occurred_at_ms, row.sequence or 0)
            for row in rows[:limit]
        ]

    async def mark_published(self, events: Sequence[NumberedEvent], now_ms: int) -> None:
        """See HeldOutbox."""
        await self._statement()
        ids = {event.row_id for event in events}
        for row in self._outbox.showing():
            row.is_published |= row.row_id in ids

    async def pending(self) -> Pending:
        """See HeldOutbox."""
        await self._statement()
        waiting = [row.occurred_at_ms for row in self._outbox.showing() if not row.is_published]
        return Pending(len(waiting), min(waiting, default=None))

    async def purge(self, before_ms: int) -> int:
        """Nothing is that old."""
        return 0


@asynccontextmanager
async def hold_memory_outbox(outbox: MemoryOutbox, _name: str) -> AsyncIterator[MemoryHeldOutbox | None]:
    """In the place of services.runtime.outbox.held_outbox.hold_outbox."""
    held = outbox.take()
    try:
        yield held
    finally:
        if held is not None:
            outbox.leave(held)


@dataclass(slots=True)
class _State:
    received: set[tuple[str, str]] = field(default_factory=set)
    last: Counter[KeyPlace] = field(default_factory=Counter)
    totals: Counter[str] = field(default_factory=Counter)


class Transaction:
    """Reads at once, writes at commit. Stands for the connection of runtime.sql.connections.connected."""

    def __init__(self, begun_at: int, commit: Callable[[Transaction], Awaitable[None]]) -> None:
        self.begun_at = begun_at
        self.received: set[tuple[str, str]] = set()
        self.last: dict[KeyPlace, int] = {}
        self.totals: Counter[str] = Counter()
        self._commit = commit

    def in_transaction(self) -> bool:
        """As AsyncConnection.in_transaction."""
        return True

    async def commit(self) -> None:
        """As AsyncConnection.commit."""
        await self._commit(self)


class MemoryDatabase:
    """One consumer's tables: its inbox and its effect. Stands for the engine and for the Inbox."""

    def __init__(self, clock: Clock, weather: Weather) -> None:
        self._clock = clock
        self._weather = weather
        self._commits = 0
        self.state = _State()

    async def _statement(self) -> None:
        """Now and then somebody else's lock is in the way."""
        waits = not self._weather.is_fair and self._weather.random.random() < 0.1
        await self._clock.sleep(self._weather.random.uniform(0.1, 3.0) if waits else 0.001)

    def get_execution_options(self) -> dict[str, object]:
        """As AsyncEngine.get_execution_options."""
        return {}

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[Transaction]:
        """As AsyncEngine.connect: nothing is written that was not committed."""
        yield Transaction(self._commits, self._committed)

    async def _committed(self, transaction: Transaction) -> None:
        await self._statement()
        if transaction.begun_at != self._commits:
            raise SerializationFailure
        self._commits += 1
        self.state.received |= transaction.received
        for place, sequence in transaction.last.items():
            self.state.last[place] = max(self.state.last[place], sequence)
        self.state.totals.update(transaction.totals)

    async def progress(self, _: Transaction, events: Sequence[IncomingEvent]) -> dict[KeyPlace, KeyProgress]:
        """See Inbox."""
        await self._statement()
        places = [KeyPlace.of(event) for event in events]
        return {place: KeyProgress("house", self.state.last[place]) for place in places}

    async def receive(
        self, transaction: Transaction, events: Sequence[IncomingEvent], _now_ms: int
    ) -> set[tuple[str, str]]:
        """See Inbox."""
        await self._statement()
        fresh = {(event.source, event.id) for event in events} - self.state.received
        transaction.received |= fresh
        return fresh

    async def advance(self, transaction: Transaction, progress: dict[KeyPlace, KeyProgress]) -> None:
        """See Inbox."""
        transaction.last = {place: known.last_sequence for place, known in progress.items()}

    async def park(self, _: Any, event: IncomingEvent, *, error: str, now_ms: int) -> None:
        """No event of the simulation is poisoned; one that is parked was lost on its way."""
        raise AssertionError(f"{event.id} of {event.key} was parked: {error}")

    async def count_parked(self, _: Any) -> int:
        """See Inbox: parking ends the run, so there are none."""
        return 0

    async def since_ms(self) -> int | None:
        """See Pauses: operators pause nobody here."""
        return None

    async def purge(self, _: Any, _before_ms: int) -> int:
        """Nothing is that old."""
        return 0
