"""The relay: numbers that never change, one holder of the outbox, outages of the bus and the database, retention."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import text

from services.runtime.bus.faults import BusUnreachable
from services.runtime.bus.port import Bus, Message
from services.runtime.outbox import relay
from services.runtime.outbox.event import OutgoingEvent
from services.runtime.outbox.faults import EventRefused
from services.runtime.outbox.held_outbox import hold_outbox
from services.runtime.outbox.writer import ENQUEUE_MAX_EVENTS, enqueue
from services.runtime.testing import eventually
from tests.integration.outbox.stage import (
    SOURCE,
    TOPIC,
    DeafBus,
    LostReplyBus,
    Stage,
    effects,
    events,
    running,
    sequences,
)


async def test_a_published_event_says_what_cloudevents_wants(stage: Stage) -> None:
    await stage.write("1")
    await stage.relay().drain_once()
    (message,) = await stage.published()
    headers = dict(message.headers)
    assert headers.pop("ce_id").startswith("evt_")
    assert headers.pop("ce_time").endswith("Z")
    assert headers == {
        "ce_specversion": "1.0",
        "ce_source": SOURCE,
        "ce_type": "balcon.test.Noted",
        "ce_subject": "a",
        "ce_partitionkey": "a",
        "ce_sequence": "000000000000000001",
        "ce_houseid": "house_1",
        "content-type": "application/protobuf",
    }
    assert (message.key, message.payload) == ("a", b"1")


async def test_an_event_published_twice_has_one_id_and_one_number(stage: Stage) -> None:
    """RULE 31: the relay died between publishing and noting it."""
    await stage.write("1", "2")
    with pytest.raises(BusUnreachable):
        await stage.relay(LostReplyBus(stage.bus, 1)).drain_once()
    await stage.write("3")
    relay = stage.relay()
    while await relay.drain_once():
        pass
    published = await stage.published()
    assert sequences(published) == [("1", 1), ("2", 2), ("1", 1), ("2", 2), ("3", 3)]
    assert len({message.headers["ce_id"] for message in published}) == 3


async def test_the_inbox_absorbs_what_is_published_twice(stage: Stage) -> None:
    relay, consumer = stage.relay(LostReplyBus(stage.bus, 3)), stage.consumer()
    async with running(relay.run(), consumer.run()):
        await stage.write("1", "2")
        await eventually(lambda: _is_drained(stage))
        await stage.write("3")
        await eventually(lambda: _has_effects(stage, "1", "2", "3"))
    assert len(await stage.published()) > 3
    assert stage.ledger.calls == 3


async def test_numbers_are_dense_for_each_key_and_topic(stage: Stage) -> None:
    other = "test.other.v1"
    await stage.bus.create_topics({other: 1})
    async with stage.outbox.begin() as connection:
        mixed = [OutgoingEvent(t, k, "balcon.test.Noted", b"", "house_1") for t in (TOPIC, other) for k in "abab"]
        await enqueue(connection, mixed, now_ms=1, ids=stage.ids)
    relay = stage.relay(batch=3)
    while await relay.drain_once():
        pass
    for topic in (TOPIC, other):
        published = await stage.published(topic)
        for key in "ab":
            assert [int(m.headers["ce_sequence"]) for m in published if m.key == key] == [1, 2]


async def test_one_relay_holds_the_outbox_and_another_takes_over(stage: Stage) -> None:
    first, second = stage.relay(), stage.relay()
    async with running(second.run()):
        async with running(first.run()):
            await stage.write("1")
            await eventually(lambda: _is_drained(stage))
            assert await stage.relay().drain_once() == 0  # somebody else holds the outbox
        await stage.write("2")
        await eventually(lambda: _is_drained(stage))
    assert sequences(await stage.published()) == [("1", 1), ("2", 2)]


async def test_an_outbox_has_one_holder(stage: Stage) -> None:
    async with hold_outbox(stage.outbox, "one") as held:
        assert held is not None
        async with hold_outbox(stage.outbox, "one") as refused, hold_outbox(stage.outbox, "two") as other:
            assert refused is None
            assert other is not None
    async with hold_outbox(stage.outbox, "one") as again:
        assert again is not None


async def test_a_relay_whose_session_was_ended_goes_on(stage: Stage) -> None:
    async with running(stage.relay().run()):
        await stage.write("1")
        await eventually(lambda: _is_drained(stage))
        await _end_holders_sessions(stage)
        await stage.write("2")
        await eventually(lambda: _is_drained(stage))
    assert sequences(await stage.published()) == [("1", 1), ("2", 2)]


async def test_waking_a_stand_by_wakes_the_holder(stage: Stage) -> None:
    holder, stand_by = stage.relay(interval_seconds=60.0), stage.relay(interval_seconds=60.0)
    async with running(holder.run()):
        await eventually(lambda: _outbox_is_held(stage))
        async with running(stand_by.run()):
            await stage.write("1")
            stand_by.wake()
            await eventually(lambda: _is_drained(stage))


async def test_events_wait_out_an_outage_of_the_bus(stage: Stage) -> None:
    bus = DeafBus(stage.bus)
    async with running(stage.relay(bus).run()):
        await stage.write("1", "2")
        await eventually(lambda: bus.refusals > 2)
        await stage.write("3")
        bus.down = False
        await eventually(lambda: _is_drained(stage))
    assert sequences(await stage.published()) == [("1", 1), ("2", 2), ("3", 3)]


async def test_the_age_of_the_oldest_event_grows_while_one_alone_waits(stage: Stage) -> None:
    bus = DeafBus(stage.bus)
    async with running(stage.relay(bus).run()):
        await stage.write("1")
        await eventually(lambda: _oldest_seconds() > 0.2)
        before = _oldest_seconds()
        await eventually(lambda: _oldest_seconds() > before)
        bus.down = False
        await eventually(lambda: _oldest_seconds() == 0)


def _oldest_seconds() -> float:
    return REGISTRY.get_sample_value("balcon_outbox_oldest_seconds", {"source": SOURCE}) or 0.0


async def test_a_backlog_larger_than_a_batch_is_published_whole_and_in_order(stage: Stage) -> None:
    names = [str(n) for n in range(130)]
    await stage.write(*names)
    async with running(stage.relay(batch=50, interval_seconds=60.0).run()):
        await eventually(lambda: _is_drained(stage))
    assert sequences(await stage.published()) == [(name, place) for place, name in enumerate(names, 1)]


async def test_published_rows_are_deleted_after_their_retention_and_waiting_ones_never(stage: Stage) -> None:
    await stage.write("old")
    await stage.relay().drain_once()
    await stage.write("waiting")
    async with hold_outbox(stage.outbox, SOURCE) as held:
        assert held is not None
        assert await held.purge(stage.clock.now_ms() - 60_000) == 0
        assert await held.purge(stage.clock.now_ms() + 60_000) == 1
        assert (await held.pending()).events == 1


@pytest.mark.parametrize(
    ("event", "field"),
    [
        (OutgoingEvent(TOPIC, "a", "t", b"x" * 1_000_001, "house_1"), "payload"),
        (OutgoingEvent(TOPIC, "", "t", b"", "house_1"), "key"),
        (OutgoingEvent(TOPIC, "a", "", b"", "house_1"), "type"),
        (OutgoingEvent(TOPIC, "a", "t", b"", ""), "house_id"),
        (OutgoingEvent("t" * 101, "a", "t", b"", "house_1"), "topic"),
    ],
)
async def test_an_event_that_no_bus_could_carry_is_refused_before_it_is_stored(
    stage: Stage, event: OutgoingEvent, field: str
) -> None:
    async with stage.outbox.begin() as connection:
        with pytest.raises(EventRefused, match=field):
            await enqueue(connection, [*events("1"), event], now_ms=1, ids=stage.ids)
    assert await stage.unpublished() == 0


async def test_too_many_events_in_one_call_are_refused(stage: Stage) -> None:
    async with stage.outbox.begin() as connection:
        with pytest.raises(EventRefused, match=str(ENQUEUE_MAX_EVENTS)):
            await enqueue(connection, events("1") * (ENQUEUE_MAX_EVENTS + 1), now_ms=1, ids=stage.ids)


async def test_concurrent_relays_never_give_one_number_twice(stage: Stage) -> None:
    """Many drains at once, on many sessions: the outbox lock lets one through at a time."""
    for n in range(30):
        await stage.write(str(n), key=f"k{n % 2}")

    async def drain_all() -> None:
        relay = stage.relay(batch=4)
        while await stage.unpublished():
            await relay.drain_once()

    await asyncio.gather(*(drain_all() for _ in range(3)))
    published = await stage.published()
    for key in ("k0", "k1"):
        assert [int(m.headers["ce_sequence"]) for m in published if m.key == key] == list(range(1, 16))


async def _is_drained(stage: Stage) -> bool:
    return await stage.unpublished() == 0


async def _has_effects(stage: Stage, *payloads: str) -> bool:
    return await stage.effects("a") == effects("a", *payloads)


async def _outbox_is_held(stage: Stage) -> bool:
    """Looks without taking: a probe that takes the outbox for a moment turns the relay into a stand-by."""
    query = """SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 1 AND granted
                 AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"""
    async with stage.outbox.connect() as connection:
        return bool(await connection.scalar(text(query)))


async def _end_holders_sessions(stage: Stage) -> None:
    query = """SELECT pg_terminate_backend(pid) FROM pg_locks
               WHERE locktype = 'advisory' AND objsubid = 1
                 AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"""
    async with stage.outbox.connect() as connection:
        await connection.execute(text(query))


class SilentBus(LostReplyBus):
    """A bus that says nothing until it is told to."""

    def __init__(self, bus: Bus) -> None:
        super().__init__(bus, 0)
        self.asked, self.answers = asyncio.Event(), asyncio.Event()

    async def publish(self, messages: Sequence[Message]) -> None:
        """Waits first."""
        self.asked.set()
        await self.answers.wait()
        await super().publish(messages)


async def test_a_bus_that_neither_takes_nor_refuses_is_seen_in_the_age_of_what_waits(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A Kafka client tries again by itself for as long as the broker is gone."""
    monkeypatch.setattr(relay, "LONG_PUBLISH_SECONDS", 0.05)
    bus = SilentBus(stage.bus)
    async with running(stage.relay(bus).run()):
        await stage.write("1")
        await eventually(bus.asked.wait)
        await stage.write("2", "3")

        async def seen() -> None:
            assert REGISTRY.get_sample_value("balcon_outbox_pending", {"source": SOURCE}) == 3
            assert (REGISTRY.get_sample_value("balcon_outbox_oldest_seconds", {"source": SOURCE}) or 0) > 0

        await eventually(seen)
        bus.answers.set()
        await eventually(lambda: _none_waits(stage))
    assert sequences(await stage.published()) == [("1", 1), ("2", 2), ("3", 3)]


async def _none_waits(stage: Stage) -> bool:
    return await stage.unpublished() == 0
