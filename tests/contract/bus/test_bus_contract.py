"""What every bus adapter promises (services.runtime.bus.port), except how members of a group share: test_groups.py."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest

from services.runtime.bus.faults import BusClosed, MessageRefused, TopicMissing
from services.runtime.bus.limits import (
    BATCH_MAX_MESSAGES,
    HEADERS_MAX,
    KEY_MAX_BYTES,
    PARTITIONS_MAX,
    PAYLOAD_MAX_BYTES,
    PUBLISH_MAX_MESSAGES,
)
from services.runtime.bus.port import Bus, Message
from tests.contract.bus.reading import PATIENCE_SECONDS, Desk, first_times, payloads

KEYS = [f"performance_{n}" for n in range(7)]


async def test_messages_of_a_key_come_in_the_order_they_were_published(desk: Desk) -> None:
    await desk.bus.publish([desk.message(f"{n}", key) for n in range(20) for key in KEYS])
    for n in range(20, 30):
        await desk.bus.publish([desk.message(f"{n}", key) for key in KEYS])
    delivered = await desk.read(30 * len(KEYS))
    for key in KEYS:
        assert payloads(delivered, key) == [f"{n}" for n in range(30)]


async def test_a_call_longer_than_one_store_operation_keeps_its_order(desk: Desk) -> None:
    count = PUBLISH_MAX_MESSAGES + 7
    await desk.publish(*(str(n) for n in range(count)))
    assert payloads(await desk.read(count)) == [str(n) for n in range(count)]


async def test_every_group_gets_every_message(desk: Desk) -> None:
    await desk.publish("1", "2", "3")
    assert payloads(await desk.read(3, f"{desk.group}.one")) == ["1", "2", "3"]
    assert payloads(await desk.read(3, f"{desk.group}.two")) == ["1", "2", "3"]


async def test_a_waiting_reader_gets_what_is_published_afterwards(desk: Desk) -> None:
    reading = asyncio.create_task(desk.read(2))
    await desk.publish("1")
    await desk.publish("2")
    assert payloads(await reading) == ["1", "2"]


async def test_a_group_resumes_after_what_it_committed(desk: Desk) -> None:
    await desk.publish("1", "2")
    await desk.read(2)
    await desk.publish("3")
    assert payloads(await desk.read(1)) == ["3"]


async def test_uncommitted_messages_come_again(desk: Desk) -> None:
    await desk.publish("1", "2")
    assert payloads(await desk.read(2, commit=False)) == ["1", "2"]
    assert payloads(await desk.read(2, commit=False)) == ["1", "2"]


async def test_a_commit_in_the_middle_of_a_batch_resumes_there(desk: Desk) -> None:
    await desk.publish("1", "2", "3")
    subscription = await desk.subscribe()
    async with asyncio.timeout(PATIENCE_SECONDS):
        batch = await anext(aiter(subscription.batches()))
    await subscription.commit(batch[0])
    await subscription.close()
    assert payloads(await desk.read(2)) == ["2", "3"]


async def test_a_commit_of_something_earlier_takes_nothing_back(desk: Desk) -> None:
    await desk.publish("1", "2")
    subscription = await desk.subscribe()
    async with asyncio.timeout(PATIENCE_SECONDS):
        batch = await anext(aiter(subscription.batches()))
    await subscription.commit(batch[1])
    await subscription.commit(batch[0])
    await subscription.close()
    await desk.publish("3")
    assert payloads(await desk.read(1)) == ["3"]


async def test_bytes_key_and_headers_come_back_untouched(desk: Desk) -> None:
    headers = {"ce_id": "evt_1", "empty": "", "text": "Größe \u0000 \U0001f3ad", "content-type": "application/protobuf"}
    sent = [
        Message(desk.topic, "ключ", bytes(range(256)), headers),
        Message(desk.topic, "ключ", b"", {}),
        Message(desk.topic, "ключ", b"x" * PAYLOAD_MAX_BYTES, headers),
    ]
    await desk.bus.publish(sent)
    assert [delivered.message for delivered in await desk.read(3)] == sent


async def test_a_batch_is_of_one_partition_and_within_its_bound(desk: Desk) -> None:
    count = BATCH_MAX_MESSAGES * 2 + 1
    await desk.bus.publish([desk.message(str(n), KEYS[n % len(KEYS)]) for n in range(count)])
    subscription = await desk.subscribe()
    left = count
    async with asyncio.timeout(PATIENCE_SECONDS):
        async for batch in subscription.batches():
            assert 1 <= len(batch) <= BATCH_MAX_MESSAGES
            assert len({delivered.partition for delivered in batch}) == 1
            offsets = [delivered.offset for delivered in batch]
            assert offsets == list(range(offsets[0], offsets[0] + len(batch)))
            left -= len(batch)
            if not left:
                break
    await subscription.close()


async def test_publishing_again_after_an_exception_keeps_the_order(desk: Desk) -> None:
    messages = [desk.message(str(n), KEYS[n % 3]) for n in range(90)]
    for turns in range(6):  # broken off a little later each time
        publishing = asyncio.create_task(desk.bus.publish(messages))
        for _ in range(turns * 3):
            await asyncio.wait((publishing,), timeout=0)
        publishing.cancel()
        with suppress(asyncio.CancelledError):
            await publishing
    await desk.bus.publish(messages)
    await desk.publish("end", key=KEYS[0])
    await desk.publish("end", key=KEYS[1])
    await desk.publish("end", key=KEYS[2])
    subscription = await desk.subscribe()
    seen: dict[str, list[str]] = {}
    async with asyncio.timeout(PATIENCE_SECONDS):
        async for batch in subscription.batches():
            for delivered in batch:
                seen.setdefault(delivered.message.key, []).append(delivered.message.payload.decode())
            if sum("end" in names for names in seen.values()) == 3:
                break
    await subscription.close()
    for index in range(3):
        assert first_times(seen[KEYS[index]]) == [str(n) for n in range(index, 90, 3)] + ["end"]


async def test_an_oversized_payload_is_refused_and_nothing_is_published(desk: Desk) -> None:
    with pytest.raises(MessageRefused, match=f"payload.*{PAYLOAD_MAX_BYTES} bytes"):
        await desk.bus.publish([desk.message("1"), Message(desk.topic, "a", b"x" * (PAYLOAD_MAX_BYTES + 1))])
    await desk.publish("2")
    assert payloads(await desk.read(1)) == ["2"]


@pytest.mark.parametrize(
    ("key", "headers", "named"),
    [
        ("", {}, "key"),
        ("k" * (KEY_MAX_BYTES + 1), {}, "key"),
        ("a\0b", {}, "key"),
        ("a", {f"h{n}": "" for n in range(HEADERS_MAX + 1)}, "headers"),
        ("a", {"h": "x" * 10_000}, "headers"),
    ],
)
async def test_a_message_out_of_bounds_is_refused(desk: Desk, key: str, headers: dict[str, str], named: str) -> None:
    with pytest.raises(MessageRefused, match=named):
        await desk.bus.publish([Message(desk.topic, key, b"", headers)])


@pytest.mark.parametrize("topics", [{"": 1}, {"no spaces": 1}, {"t": 0}, {"t": PARTITIONS_MAX + 1}, {"t" * 201: 1}])
async def test_a_topic_out_of_bounds_is_refused(bus: Bus, topics: dict[str, int]) -> None:
    with pytest.raises(MessageRefused):
        await bus.create_topics(topics)


async def test_creating_a_topic_again_leaves_it_as_it_is(desk: Desk) -> None:
    await desk.publish("1")
    await desk.bus.create_topics({desk.topic: 1})
    await desk.bus.publish([desk.message("2", key) for key in KEYS])
    delivered = await desk.read(1 + len(KEYS))
    assert "1" in payloads(delivered)
    assert len({d.partition for d in delivered}) > 1


@pytest.mark.kafka  # the mock makes topics when they are first named
async def test_publishing_to_a_missing_topic_says_so(desk: Desk) -> None:
    with pytest.raises(TopicMissing):
        await desk.bus.publish([Message(f"{desk.topic}.missing", "a", b"")])
    await desk.publish("1")
    assert payloads(await desk.read(1)) == ["1"]


async def test_closing_a_subscription_ends_its_batches(desk: Desk) -> None:
    subscription = await desk.subscribe()

    async def read_all() -> None:
        async for _ in subscription.batches():
            pass

    reading = asyncio.create_task(read_all())
    await desk.publish("1")
    await subscription.close()
    await subscription.close()
    async with asyncio.timeout(PATIENCE_SECONDS):
        await reading


async def test_a_closed_bus_refuses_work(desk: Desk) -> None:
    await desk.bus.close()
    with pytest.raises(BusClosed):
        await desk.publish("1")
    with pytest.raises(BusClosed):
        await desk.subscribe()
