"""A handler of whole batches does what a handler of single events does, whatever comes; a bad event is found by halves.

The real consumer over the bus and the tables in memory, on virtual time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.runtime.bus.assignment import partition_of
from services.runtime.bus.limits import BATCH_MAX_MESSAGES
from services.runtime.bus.memory_bus import MemoryBus
from services.runtime.bus.port import Message
from services.runtime.bus.topics import dead_letter_topic
from services.runtime.clock import LoopClock
from services.runtime.errors import Retryable
from services.runtime.outbox.consumer import EventConsumer, Patience
from services.runtime.outbox.event import IncomingEvent, OutgoingEvent
from services.runtime.outbox.faults import ReplayIncomplete
from services.runtime.outbox.headers import to_message
from services.runtime.outbox.inbox import KeyPlace, KeyProgress
from services.runtime.testing.virtual_time import run_virtual
from tests.unit.runtime.consuming_twins import MemoryTables, Writing

TOPIC, GROUP = "test.orders.v1", "ledger"

Step = tuple[str, int]  # a key and which of its events


@dataclass(slots=True)
class Outcome:
    """Everything that a run leaves behind."""

    effects: list[tuple[str, int, str]]
    keys: dict[KeyPlace, KeyProgress]
    letters: dict[str, list[str]]
    replayed: dict[str, int | str]
    batch_sizes: list[int] = field(compare=False)


class Handlers:
    """The same effect, once event by event and once batch by batch."""

    def __init__(self, poisoned: set[Step], *, passing: int = 0) -> None:
        self.poisoned = set(poisoned)
        self.passing = passing  # so many calls fail in a way that passes
        self.sizes: list[int] = []

    async def one(self, connection: Any, event: IncomingEvent) -> None:
        """An EventHandler."""
        self._note(connection, event)

    async def many(self, connection: Any, events: Sequence[IncomingEvent]) -> None:
        """A BatchHandler: it does not say which event it was."""
        self.sizes.append(len(events))
        for event in events:
            self._note(connection, event)

    def _note(self, connection: Any, event: IncomingEvent) -> None:
        if self.passing:
            self.passing -= 1
            raise Retryable
        if (event.key, event.sequence) in self.poisoned:
            raise ValueError(event.key)
        cast("Writing", connection).rows.effects.append((event.key, event.sequence, event.payload.decode()))


def message(step: Step) -> Message:
    """One key's event of this number."""
    key, n = step
    event = OutgoingEvent(TOPIC, key, "balcon.test.Noted", f"{key}{n}".encode(), "house_1")
    return to_message(event, event_id=f"evt_{key}_{n}", source="balcon.test", time_ms=n, sequence=n)


async def outcome(steps: Sequence[Step], handlers: Handlers, handler: dict[str, Any]) -> Outcome:
    """Consumes everything, then replays what is parked with a handler that fails no more."""
    bus, tables, clock = MemoryBus(), MemoryTables(), LoopClock()
    await bus.create_topics({TOPIC: 2})
    await bus.publish([message(step) for step in steps])
    engine = cast("Any", tables)
    consumer = EventConsumer(
        bus, engine, group=GROUP, topics=[TOPIC], clock=clock, patience=Patience(attempts=2), **handler
    )
    consumer._inbox = consumer._application._inbox = consumer._membership._pauses = engine
    consuming = asyncio.create_task(consumer.run())
    ends = {(state.topic, state.partition): state.end_offset for state in await bus.partitions() if state.end_offset}
    while await bus.committed(GROUP) != ends:
        assert not consuming.done()
        await clock.sleep(1.0)
    letters: dict[str, list[str]] = {}
    dead = dead_letter_topic(TOPIC, GROUP)
    for _, partition in bus.places([dead]):
        for delivered in bus.log(dead, partition):
            letters.setdefault(delivered.message.key, []).append(delivered.message.payload.decode())
    handlers.poisoned.clear()
    handlers.passing = 0
    replayed: dict[str, int | str] = {}
    for parked in await consumer.parked():
        try:
            replayed[parked.place.key] = await consumer.replay(TOPIC, parked.place.key)
        except ReplayIncomplete:
            replayed[parked.place.key] = "incomplete"
    await bus.close()
    await consuming
    return Outcome(tables.rows.effects, tables.rows.keys, letters, replayed, handlers.sizes)


def both(steps: Sequence[Step], poisoned: set[Step], passing: int = 0) -> tuple[Outcome, Outcome]:
    """What the two kinds of handlers leave behind."""
    ones, many = Handlers(poisoned, passing=passing), Handlers(poisoned, passing=passing)
    return (
        run_virtual(outcome(steps, ones, {"handler": ones.one})),
        run_virtual(outcome(steps, many, {"batch_handler": many.many})),
    )


STEPS = st.lists(st.tuples(st.sampled_from("abc"), st.integers(1, 6)), min_size=1, max_size=40)
DENSE = st.lists(st.sampled_from("abc"), min_size=1, max_size=40)


@settings(max_examples=40, deadline=None)
@given(STEPS, st.sets(st.tuples(st.sampled_from("abc"), st.integers(1, 6)), max_size=3), st.integers(0, 2))
def test_batches_and_single_events_come_to_the_same_over_duplicates_gaps_and_poison(
    steps: list[Step], poisoned: set[Step], passing: int
) -> None:
    ones, many = both(steps, poisoned, passing)
    assert many == ones


@settings(max_examples=60, deadline=None)
@given(DENSE, st.sets(st.tuples(st.sampled_from("abc"), st.integers(1, 15)), max_size=3))
def test_without_gaps_every_event_is_applied_once_in_its_keys_order_after_the_replay(
    keys: list[str], poisoned: set[Step]
) -> None:
    steps = [(key, keys[: at + 1].count(key)) for at, key in enumerate(keys)]
    ones, many = both(steps, poisoned)
    assert many == ones
    for key in "abc":
        assert [n for of, n, _ in many.effects if of == key] == list(range(1, keys.count(key) + 1))


@pytest.mark.parametrize("at", [1, 2, 250, 499, 500])
def test_of_a_full_batch_the_bad_event_is_parked_alone_after_few_tries(at: int) -> None:
    steps = [(f"k{n}", 1) for n in range(2000) if partition_of(f"k{n}", 2) == 0][:BATCH_MAX_MESSAGES]
    handlers = Handlers({steps[at - 1]})
    found = run_virtual(outcome(steps, handlers, {"batch_handler": handlers.many}))
    assert found.letters == {steps[at - 1][0]: [message(steps[at - 1]).payload.decode()]}
    assert len(found.effects) == BATCH_MAX_MESSAGES  # the bad one with the replay
    assert found.batch_sizes[0] == BATCH_MAX_MESSAGES
    # Halving 500 takes 9 failed tries, each perhaps followed by one that works; then the second try, rest and replay.
    assert len(found.batch_sizes) <= 2 * 9 + 5


def test_an_event_that_is_there_twice_under_two_numbers_is_applied_once() -> None:
    """RULE 31: the event's id decides, within a batch as between two."""

    async def run() -> list[tuple[str, int, str]]:
        handlers = Handlers(set())
        tables = MemoryTables()
        consumer = EventConsumer(
            MemoryBus(),
            cast("Any", tables),
            group=GROUP,
            topics=[TOPIC],
            clock=LoopClock(),
            batch_handler=handlers.many,
        )
        consumer._application._inbox = cast("Any", tables)
        first = IncomingEvent("evt", "balcon.test", TOPIC, "a", "balcon.test.Noted", b"a1", 1, 1, "house_1")
        again = IncomingEvent("evt", "balcon.test", TOPIC, "a", "balcon.test.Noted", b"a1", 2, 1, "house_1")
        await consumer._application.apply([first, again])
        return tables.rows.effects

    assert run_virtual(run()) == [("a", 1, "a1")]
