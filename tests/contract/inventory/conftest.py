"""Runs each contract on the real store, alone and as a cluster, and on its twin in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from redis.asyncio import Redis
from sqlalchemy.ext.asyncio import AsyncEngine

from services.inventory.adapters.memory_stores import MemoryHoldStore, MemoryLeaseStore, MemoryRecord
from services.inventory.adapters.redis_cluster import ClusterClient
from services.inventory.adapters.redis_connection import AnyRedis, connect
from services.inventory.adapters.redis_hold_store import RedisHoldStore
from services.inventory.adapters.redis_lease_store import RedisLeaseStore
from services.inventory.ports import LeaseStore
from services.runtime.clock import SystemClock
from services.runtime.embedded.valkey_cluster import EmbeddedValkeyCluster
from services.runtime.sql.engine import create_engine
from tests.contract.inventory.shelves import HoldShelf, Record, postgres_record


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    """A client of an empty Valkey with no functions."""
    client = connect(redis_url)
    assert isinstance(client, Redis)
    yield client
    await client.aclose()


@pytest.fixture(scope="session")
def valkey_cluster(server_folder: Path) -> Iterator[EmbeddedValkeyCluster]:
    """Three masters that nobody crashes."""
    with EmbeddedValkeyCluster(server_folder / "valkey_cluster") as cluster:
        yield cluster


@pytest.fixture
async def cluster(valkey_cluster: EmbeddedValkeyCluster) -> AsyncIterator[ClusterClient]:
    """A client of an empty cluster with no functions."""
    for number in range(len(valkey_cluster.servers)):
        with valkey_cluster.client(number) as server:
            server.flushall()
            server.function_flush()
    client = connect(valkey_cluster.url)
    assert isinstance(client, ClusterClient)
    yield client
    await client.aclose()


@pytest.fixture
async def engine(emptied_database_url: Callable[[str], str]) -> AsyncIterator[AsyncEngine]:
    """An empty inventory database."""
    engine = create_engine(emptied_database_url("inventory"), application="test", pool_size=16)
    yield engine
    await engine.dispose()


@pytest.fixture(params=["memory", "redis", "cluster"])
def shelf(request: pytest.FixtureRequest) -> HoldShelf:
    """A hold store with nothing in it."""
    if request.param == "memory":
        memory = MemoryHoldStore(SystemClock())

        async def lose_memory() -> None:
            memory.lose_everything()

        return HoldShelf(memory, lose_memory)
    client: AnyRedis = request.getfixturevalue(request.param)

    async def flush_all() -> None:
        await cast("Awaitable[Any]", client.flushall())

    return HoldShelf(RedisHoldStore(client), flush_all)


@pytest.fixture(params=["memory", "postgres"])
def record(request: pytest.FixtureRequest) -> Record:
    """A directory and a claim store with nothing in them."""
    if request.param == "memory":
        memory = MemoryRecord()
        return Record(memory, memory, memory)
    engine: AsyncEngine = request.getfixturevalue("engine")
    return postgres_record(engine)


@pytest.fixture(params=["memory", "redis", "cluster"])
def leases(request: pytest.FixtureRequest) -> LeaseStore:
    """A lease store with no leases."""
    if request.param == "memory":
        return MemoryLeaseStore(SystemClock())
    return RedisLeaseStore(request.getfixturevalue(request.param))
