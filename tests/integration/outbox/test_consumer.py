"""The consumer: effect once, gaps seen, a poisoned key parked in order, replay (RULE 30, 31, 32)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

import asyncpg
import pytest
from prometheus_client import REGISTRY
from sqlalchemy import text
from sqlalchemy.event import listen
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from services.runtime.bus.port import Message
from services.runtime.bus.topics import dead_letter_topic
from services.runtime.errors import Retryable
from services.runtime.outbox.application import EventApplication, one_by_one
from services.runtime.outbox.event import IncomingEvent
from services.runtime.outbox.headers import to_event, to_message
from services.runtime.outbox.inbox import Inbox
from services.runtime.testing import eventually
from tests.integration.outbox.stage import GROUP, SOURCE, TOPIC, Effect, Stage, effects, events, running

DEAD_LETTERS = dead_letter_topic(TOPIC, GROUP)
NAMES = [str(n) for n in range(1, 9)]


async def test_a_poisoned_key_is_parked_in_order_while_other_keys_progress(stage: Stage) -> None:
    stage.ledger.poisoned = {("bad", "3")}
    for name in NAMES:
        await stage.write(name, key="bad")
        await stage.write(name, key="good")
    async with running(stage.relay().run(), stage.consumer(attempts=2).run()):
        await eventually(lambda: _holds(stage, "good", effects("good", *NAMES)))
        letters = await _letters(stage, 6)
    assert await stage.effects("bad") == effects("bad", "1", "2")
    assert [letter.payload.decode() for letter in letters] == NAMES[2:]


async def test_a_dead_letter_keeps_its_bytes_and_names_its_origin(stage: Stage) -> None:
    stage.ledger.poisoned = {("a", "1")}
    await stage.write("1", "2")
    async with running(stage.relay().run(), stage.consumer(attempts=2).run()):
        parked, behind = await _letters(stage, 2)
    sent, _ = await stage.published()
    assert (parked.key, parked.payload) == (sent.key, sent.payload)
    assert sent.headers.items() <= parked.headers.items()
    assert parked.headers["dlq_origin_topic"] == TOPIC
    assert parked.headers["dlq_origin_offset"] == "0"
    assert parked.headers["dlq_error"] == "ValueError"
    assert parked.headers["dlq_attempts"] == "2"
    assert 0 < int(parked.headers["dlq_first_failed_at_ms"]) <= int(parked.headers["dlq_last_failed_at_ms"])
    assert behind.headers["dlq_error"] == "KeyParked"


async def test_replay_restores_what_the_key_would_have_been(stage: Stage) -> None:
    stage.ledger.poisoned = {("a", "3")}
    consumer = stage.consumer(attempts=1)
    async with running(stage.relay().run(), consumer.run()):
        for name in NAMES:
            await stage.write(name)
            await stage.write(name, key="other")
        await eventually(lambda: _parked_up_to(stage, "a", 8))
        await eventually(lambda: _gauge("balcon_event_keys_parked") == 1)
        stage.ledger.poisoned = set()
        assert await consumer.replay(TOPIC, "a") == 6
        assert _gauge("balcon_event_keys_parked") == 0
        await stage.write("9")
        await eventually(lambda: _holds(stage, "a", effects("a", *NAMES, "9")))
    assert await stage.effects("other") == effects("other", *NAMES)
    assert await consumer.replay(TOPIC, "a") == 0


async def test_an_event_that_is_held_up_grows_old_in_the_metrics(stage: Stage) -> None:
    held_up = asyncio.Event()

    async def wait(connection: AsyncConnection, event: IncomingEvent) -> None:
        await held_up.wait()

    async with running(stage.relay().run(), stage.consumer(handler=wait).run()):
        await stage.write("1")
        await eventually(lambda: _gauge("balcon_event_oldest_seconds") > 0.2)
        held_up.set()
        await eventually(lambda: _gauge("balcon_event_oldest_seconds") == 0)


def _gauge(name: str) -> float:
    return REGISTRY.get_sample_value(name, {"group": GROUP}) or 0.0


async def test_replay_beside_a_stream_of_new_events_loses_and_doubles_none(stage: Stage) -> None:
    stage.ledger.poisoned = {("a", "0")}
    consumer = stage.consumer(attempts=1)
    async with running(stage.relay().run(), consumer.run()):
        await stage.write("0", "1")
        await eventually(lambda: _parked_up_to(stage, "a", 2))
        stage.ledger.poisoned = set()

        async def keep_writing() -> None:
            for n in range(2, 60):
                await stage.write(str(n))

        async with running(keep_writing()):
            await consumer.replay(TOPIC, "a")
            await eventually(lambda: _holds(stage, "a", effects("a", *(str(n) for n in range(60)))))


async def test_a_replay_that_fails_again_leaves_the_key_parked_where_it_was(stage: Stage) -> None:
    stage.ledger.poisoned = {("a", "2")}
    consumer = stage.consumer(attempts=1)
    async with running(stage.relay().run(), consumer.run()):
        await stage.write("1", "2", "3")
        await eventually(lambda: _parked_up_to(stage, "a", 3))
        with pytest.raises(ValueError, match="2"):
            await consumer.replay(TOPIC, "a")
        assert await stage.effects() == effects("a", "1")
        stage.ledger.poisoned = set()
        assert await consumer.replay(TOPIC, "a") == 2
    assert await stage.effects() == effects("a", "1", "2", "3")


async def test_a_gap_parks_the_key_and_replay_closes_it_when_the_missing_event_came(stage: Stage) -> None:
    """RULE 30: nothing behind a gap is applied."""
    numbered = [_message(n) for n in range(1, 6)]
    consumer = stage.consumer(gap_rereads=1)
    async with running(consumer.run()):
        await stage.bus.publish([numbered[0], numbered[2], numbered[3], _message(1, key="other")])
        await eventually(lambda: _parked_up_to(stage, "a", 4))
        assert await stage.effects("a") == effects("a", "1")
        await stage.bus.publish([numbered[1], numbered[4]])
        await eventually(lambda: _parked_up_to(stage, "a", 5))
        await consumer.replay(TOPIC, "a")
    assert await stage.effects("a") == effects("a", "1", "2", "3", "4", "5")
    assert await stage.effects("other") == effects("other", "1")


async def test_repeated_and_old_events_have_no_effect(stage: Stage) -> None:
    first, second, third = (_message(n) for n in range(1, 4))
    async with running(stage.consumer().run()):
        await stage.bus.publish([first, first, second, first])
        await stage.bus.publish([second, first, third, second])
        await eventually(lambda: _holds(stage, "a", effects("a", "1", "2", "3")))
    assert stage.ledger.calls == 3


async def test_a_consumer_that_skips_the_inbox_applies_repeated_events_again(stage: Stage) -> None:
    """The negative control: the ledger itself does not notice a repetition."""
    event = IncomingEvent("evt_1", SOURCE, TOPIC, "a", "balcon.test.Noted", b"1", 1, 1, "house_1")
    async with stage.inbox.begin() as connection:
        await stage.ledger.apply(connection, event)
        await stage.ledger.apply(connection, event)
    assert await stage.effects() == effects("a", "1") * 2


async def test_two_sources_on_one_topic_and_key_have_sequences_of_their_own(stage: Stage) -> None:
    async with running(stage.consumer().run()):
        await stage.bus.publish([_message(1), _message(1, source="balcon.other"), _message(2)])
        await eventually(lambda: _holds(stage, "a", [("a", 1, "1"), ("a", 1, "1"), ("a", 2, "2")]))


async def test_a_fault_that_passes_is_waited_out_and_parks_nothing(stage: Stage) -> None:
    failures = 5

    async def sometimes(connection: AsyncConnection, event: IncomingEvent) -> None:
        nonlocal failures
        if event.sequence == 2 and failures:
            failures -= 1
            raise Retryable
        await stage.ledger.apply(connection, event)

    stage_consumer = stage.consumer(attempts=2, handler=sometimes)
    async with running(stage.relay().run(), stage_consumer.run()):
        await stage.write("1", "2", "3")
        await eventually(lambda: _holds(stage, "a", effects("a", "1", "2", "3")))
    assert failures == 0


async def test_who_waits_for_applied_events_is_told_after_each_commit_and_never_before(stage: Stage) -> None:
    order: list[str] = []

    async def noted(connection: AsyncConnection, event: IncomingEvent) -> None:
        await stage.ledger.apply(connection, event)
        order.append("handled")

    consumer = stage.consumer(handler=noted)
    consumer.when_applied(lambda: order.append("told"))
    # The engine says this right before it sends COMMIT.
    listen(stage.inbox.sync_engine, "commit", lambda _connection: order.append("commit"))
    async with running(stage.relay().run(), consumer.run()):
        await stage.write("1")
        await eventually(lambda: _holds(stage, "a", effects("a", "1")))
        await eventually(lambda: "told" in order)
    handled = order.index("handled")
    assert order[handled : handled + 3] == ["handled", "commit", "told"]


async def test_nobody_is_told_of_events_that_were_not_applied(stage: Stage) -> None:
    told: list[str] = []
    stage.ledger.poisoned = {("a", "1")}
    consumer = stage.consumer(attempts=1)
    consumer.when_applied(lambda: told.append("told"))
    async with running(stage.relay().run(), consumer.run()):
        await stage.write("1", "2")
        await _letters(stage, 2)
    assert not told
    stage.ledger.poisoned = set()
    assert await consumer.replay(TOPIC, "a") == 2
    assert len(told) >= 2


async def test_a_failed_sql_statement_of_one_event_takes_nothing_of_the_others_back(stage: Stage) -> None:
    async def bad_sql(connection: AsyncConnection, event: IncomingEvent) -> None:
        await stage.ledger.apply(connection, event)
        if event.key == "k2":
            await connection.execute(text("SELECT 1 / 0"))

    async with running(stage.relay().run(), stage.consumer(attempts=1, handler=bad_sql).run()):
        for name in NAMES:
            for key in ("k1", "k2", "k3"):
                await stage.write(name, key=key)
        await eventually(lambda: _holds(stage, "k1", effects("k1", *NAMES)))
        await eventually(lambda: _holds(stage, "k3", effects("k3", *NAMES)))
        await eventually(lambda: _parked_up_to(stage, "k2", 8))
    assert await stage.effects("k2") == []


async def test_a_message_that_is_no_event_goes_to_the_dead_letters_and_stops_nobody(stage: Stage) -> None:
    stranger = Message(TOPIC, "a", b"\xff", {"ce_specversion": "1.0", "ce_id": "x"})
    without_number = to_message(events("0")[0], event_id="evt_0", source=SOURCE, time_ms=1)
    async with running(stage.consumer().run()):
        await stage.bus.publish([stranger, _message(1), without_number, _message(2)])
        await eventually(lambda: _holds(stage, "a", effects("a", "1", "2")))

        assert {letter.payload for letter in await _letters(stage, 2)} == {b"\xff", b"0"}


async def test_a_consumer_that_ended_before_its_commit_applies_nothing_twice(stage: Stage) -> None:
    """RULE 31: the effect is committed, the offset is not; the next member gets the batch again."""
    await stage.bus.publish([_message(n) for n in range(1, 6)])
    application = EventApplication(stage.inbox, Inbox(GROUP), one_by_one(stage.ledger.apply), stage.clock)
    for _ in range(3):
        subscription = await stage.bus.subscribe(GROUP, [TOPIC])
        batch = await anext(aiter(subscription.batches()))
        assert len(batch) == 5  # never committed
        await application.apply([to_event(delivered.message) for delivered in batch])
        await subscription.close()
    assert await stage.effects() == effects("a", "1", "2", "3", "4", "5")


async def test_a_consumer_broken_off_at_any_moment_applies_each_event_once(stage: Stage) -> None:
    """RULE 31: ended again and again, a little later each time, somewhere between two steps of its work."""
    names = [str(n) for n in range(40)]
    reached = 0  # how many were broken off after they had called the handler
    async with running(stage.relay().run()):
        await stage.write(names[0])
        started = stage.clock.monotonic()
        async with running(stage.consumer().run()):
            await eventually(lambda: stage.ledger.calls == 1)
        whole_seconds = stage.clock.monotonic() - started
        for moment, name in enumerate(names[1:]):
            calls = stage.ledger.calls
            await stage.write(name)
            task = asyncio.create_task(stage.consumer().run())
            await asyncio.wait((task,), timeout=moment / 20 * whole_seconds)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            reached += stage.ledger.calls > calls
        async with running(stage.consumer().run()):
            await eventually(lambda: _holds(stage, "a", effects("a", *names)))
    assert reached


@pytest.mark.slow
async def test_sessions_that_the_server_ends_park_nothing(stage: Stage) -> None:
    """The database restarts under a busy consumer: it waits and goes on."""
    names = [str(n) for n in range(1, 31)]
    async with running(stage.relay().run(), stage.consumer(attempts=1).run()):
        for name in names:
            await _through(partial(stage.write, name))
            if name in {"10", "20"}:
                await _through(partial(_end_other_sessions, stage))
        await eventually(lambda: _holds_at_last(stage, effects("a", *names)))


async def _through(act: Callable[[], Awaitable[None]]) -> None:
    """Until it works: the test's own sessions are ended too."""
    while True:
        try:
            await act()
        except (SQLAlchemyError, OSError, asyncpg.InternalClientError):
            continue
        return


async def _end_other_sessions(stage: Stage) -> None:
    query = """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
               WHERE datname = current_database() AND pid <> pg_backend_pid()"""
    async with stage.outbox.connect() as connection:
        await connection.execute(text(query))


async def _holds_at_last(stage: Stage, expected: list[Effect]) -> bool:
    try:
        return await stage.effects() == expected
    except (SQLAlchemyError, OSError, asyncpg.InternalClientError):
        return False


def _message(n: int, *, key: str = "a", source: str = SOURCE) -> Message:
    event_id = f"evt_{source}_{key}_{n}"
    return to_message(events(str(n), key=key)[0], event_id=event_id, source=source, time_ms=n, sequence=n)


async def _holds(stage: Stage, key: str, expected: list[Effect]) -> bool:
    return await stage.effects(key) == expected


async def _letters(stage: Stage, count: int) -> list[Message]:
    """The dead letters, once there are so many: they are published after the key's row says so."""
    letters: list[Message] = []

    async def enough() -> bool:
        letters[:] = await stage.published(DEAD_LETTERS)
        return len(letters) >= count

    await eventually(enough)
    return letters


async def _parked_up_to(stage: Stage, key: str, sequence: int) -> bool:
    async with stage.inbox.connect() as connection:
        query = text("SELECT diverted_sequence FROM inbox_sequence WHERE parked AND key = :key")
        return (await connection.execute(query, {"key": key})).scalar_one_or_none() == sequence
