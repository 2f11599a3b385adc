"""What only a real server can show of the hold store: digests, lost functions, crashes, silence."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any, cast

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis.asyncio import Redis

from services.inventory.adapters.redis_connection import connect
from services.inventory.adapters.redis_hold_store import RECORD_VERSION, RedisHoldStore, decode_hold, encode_hold
from services.inventory.domain.records import ASKED_UNTOLD, Hold
from services.inventory.ports import Fenced, HoldStore, HoldWrites, StoreUnavailable, WritesLost
from services.runtime.embedded.valkey import EmbeddedValkey
from services.runtime.testing import eventually
from tests.contract.inventory.shelves import NAME, ended, hold, put

TEXT = st.text("abcdefXYZ0189_-", min_size=1, max_size=64)
HOLDS = st.builds(
    Hold,
    TEXT,
    TEXT,
    st.lists(st.integers(0, 2**31), min_size=1, max_size=100).map(tuple),
    st.integers(1, 3),
    st.integers(0, 2**48),
    st.integers(0, 2**48),
    st.integers(0, 2**32),
    st.sampled_from(["", ASKED_UNTOLD, "0123456789abcdef01234567"]),
)


async def digest(redis: Redis) -> dict[bytes, tuple[bytes | None, int]]:
    """Every key's serialised value and end: equal digests are equal keyspaces."""
    return {key: (await redis.dump(key), await redis.pexpiretime(key)) async for key in redis.scan_iter()}


@pytest.fixture
def store(redis: Redis) -> RedisHoldStore:
    return RedisHoldStore(redis)


@pytest.fixture
def server(own_server_folder: Path) -> Iterator[EmbeddedValkey]:
    """A server of this test's own, to be crashed."""
    server = EmbeddedValkey(own_server_folder / "valkey")
    server.start()
    yield server
    server.stop()


@pytest.fixture
async def own_store(server: EmbeddedValkey) -> AsyncIterator[RedisHoldStore]:
    client = connect(server.url, timeout_seconds=1.0)
    yield RedisHoldStore(client)
    await client.aclose()


@given(HOLDS)
def test_a_hold_reads_back_as_it_was_written(written: Hold) -> None:
    assert decode_hold(written.hold_id, encode_hold(written).encode()) == written


def test_a_hold_of_the_version_before_reads_as_one_of_whose_beginning_nothing_is_known() -> None:
    stored = b'["anna",[3,4],2,1800000000000,1800000060000]'
    read = Hold("h1", "anna", (3, 4), 2, 1_800_000_000_000, 1_800_000_060_000, 0, ASKED_UNTOLD)
    assert decode_hold("h1", stored) == read


def test_a_hold_of_the_version_without_a_number_reads_with_what_it_asked_for() -> None:
    stored = b'["anna",[3,4],2,1800000000000,1800000060000,60000,"0123"]'
    read = Hold("h1", "anna", (3, 4), 2, 1_800_000_000_000, 1_800_000_060_000, 60_000, "0123")
    assert decode_hold("h1", stored) == read


def test_a_record_tells_its_version_where_nodes_of_the_release_before_ignore_it() -> None:
    told = msgspec.json.decode(encode_hold(hold("h1", 3, 4)))
    assert told[7] == RECORD_VERSION == 4
    assert len(told) == 8
    # Their layout.
    assert list(map(type, told[:7])) == [str, list, int, int, int, int, str]


def test_a_record_of_a_later_version_is_read_for_what_is_known_here() -> None:
    written = hold("h1", 3, 4)
    later = [*msgspec.json.decode(encode_hold(written))[:7], RECORD_VERSION + 1, [], {"price_cents": [1]}]
    assert decode_hold("h1", msgspec.json.encode(later)) == written


Refused = Callable[[HoldStore], Awaitable[Any]]


@pytest.mark.parametrize(
    ("refused", "fault"),
    [
        (lambda store: store.append(NAME, 4, 3, put(hold("h9", 9))), Fenced),
        (lambda store: store.append(NAME, 4, 1, ended("h1")), Fenced),
        (lambda store: store.append(NAME, 0, 1, ended("h1")), Fenced),
        (lambda store: store.open(NAME, 4), Fenced),
        (lambda store: store.append(NAME, 5, 4, ended("h1")), WritesLost),
        (lambda store: store.append(NAME, 6, 1, ended("h1")), WritesLost),
    ],
)
async def test_a_refused_call_leaves_the_keyspace_as_it_was(
    redis: Redis, store: RedisHoldStore, refused: Refused, fault: type[Exception]
) -> None:
    """RULE 2."""
    await store.open(NAME, 5)
    await store.append(NAME, 5, 1, put(hold("h1", 1), hold("h2", 2)))
    await store.append(NAME, 5, 2, ended("h2"))
    before = await digest(redis)
    with pytest.raises(fault):
        await refused(store)
    assert await digest(redis) == before


async def test_a_batch_sent_again_leaves_the_keyspace_as_it_was(redis: Redis, store: RedisHoldStore) -> None:
    """RULE 13."""
    await store.open(NAME, 1)
    await store.append(NAME, 1, 1, put(hold("h1", 1)))
    before = await digest(redis)
    await store.append(NAME, 1, 1, put(hold("h1", 1)))
    await store.append(NAME, 1, 1, put(hold("another", 7)))
    assert await digest(redis) == before


async def test_functions_flushed_in_the_middle_are_loaded_again(redis: Redis, store: RedisHoldStore) -> None:
    """RULE 18."""
    await store.open(NAME, 1)
    await store.append(NAME, 1, 1, put(hold("h1", 1)))
    await cast("Awaitable[Any]", redis.function_flush())
    await store.append(NAME, 1, 2, put(hold("h2", 2)))
    await cast("Awaitable[Any]", redis.function_flush())
    assert {found.hold_id for found in (await store.open(NAME, 2)).holds} == {"h1", "h2"}


async def test_every_key_of_a_performance_is_in_one_slot_and_is_rubbish_one_day(
    redis: Redis, store: RedisHoldStore
) -> None:
    await store.open(NAME, 1)
    await store.append(NAME, 1, 1, HoldWrites([hold("h1", 1)], ["h0"]))
    keys = [key async for key in redis.scan_iter()]
    assert len(keys) == 3
    for key in keys:
        assert key.startswith(b"{perf_1}:")
        assert await redis.ttl(key) > (3600 if key.endswith(b":ended") else 10 * 24 * 3600)


async def test_a_hold_that_cannot_be_read_does_not_keep_the_others_from_the_next_owner(
    redis: Redis, store: RedisHoldStore
) -> None:
    """RULE 7: whatever somebody did to Redis, an owner can come up."""
    await store.open(NAME, 1)
    await store.append(NAME, 1, 1, put(hold("h1", 1)))
    _, holds_key, _ = RedisHoldStore.keys(NAME)
    for name, rubbish in (("h2", "no json"), ("h3", "[1,2]"), ("h4", '["anna",["x"],2,0,0]'), ("h5", "")):
        await redis.hset(holds_key, name, rubbish)
    opened = await store.open(NAME, 2)
    assert [found.hold_id for found in opened.holds] == ["h1"]
    assert sorted(opened.unreadable) == ["h2", "h3", "h4", "h5"]


async def test_a_killed_server_keeps_what_it_acknowledged_and_the_fence(
    server: EmbeddedValkey, own_store: RedisHoldStore
) -> None:
    """INV-2, and the same batch goes on where it was: the number outlives the crash too."""
    await own_store.open(NAME, 3)
    for batch in range(1, 51):
        await own_store.append(NAME, 3, batch, put(hold(f"h{batch}", batch)))
    server.kill()
    with pytest.raises(StoreUnavailable):
        await own_store.append(NAME, 3, 51, put(hold("h51", 51)))
    server.start()

    async def sent_again() -> None:
        try:
            await own_store.append(NAME, 3, 51, put(hold("h51", 51)))
        except StoreUnavailable as error:  # a connection of the pool that has not noticed yet
            raise AssertionError from error

    await eventually(sent_again)
    with pytest.raises(Fenced):
        await own_store.open(NAME, 2)
    assert len((await own_store.open(NAME, 4)).holds) == 51


async def test_a_server_without_its_data_and_functions_is_noticed(
    server: EmbeddedValkey, own_store: RedisHoldStore
) -> None:
    """RULE 18: a restart with an empty append-only file."""
    await own_store.open(NAME, 1)
    await own_store.append(NAME, 1, 1, put(hold("h1", 1)))
    server.kill()
    for file in sorted((server.data_dir / "appendonlydir").iterdir()):
        file.unlink()
    server.start()

    async def lost() -> None:
        try:
            await own_store.append(NAME, 1, 2, put(hold("h2", 2)))
        except StoreUnavailable as error:
            raise AssertionError from error
        except WritesLost:
            return
        raise AssertionError("it went on as if nothing had happened")

    await eventually(lost)
    assert (await own_store.open(NAME, 2)).holds == []
