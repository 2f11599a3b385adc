"""What only a cluster can show of the stores: many masters, slots that move, masters that die with or without loss."""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from redis.crc import key_slot

from services.inventory.adapters.redis_cluster import ClusterClient
from services.inventory.adapters.redis_connection import connect
from services.inventory.adapters.redis_hold_store import RedisHoldStore
from services.inventory.adapters.redis_lease_store import RedisLeaseStore
from services.inventory.ports import HoldWrites, NodeInfo, StoreUnavailable, WritesLost
from services.runtime.clock import SystemClock
from services.runtime.embedded.ports import LOOPBACK
from services.runtime.embedded.valkey_cluster import EmbeddedValkeyCluster
from services.runtime.testing import eventually
from tests.contract.inventory.shelves import hold, put

# Long enough for a loaded machine to answer what is answered at all, and to tell one call's time from two.
CALL_SECONDS = 4.0
FAILOVER_SECONDS = 120.0


def slot_of(performance: str) -> int:
    return key_slot(performance.encode())


def performance_on(cluster: EmbeddedValkeyCluster, number: int) -> str:
    """A performance whose keys are with that master."""
    first, last = cluster.slots()[number]
    return next(name for name in (f"perf_{count}" for count in range(1_000)) if first <= slot_of(name) <= last)


@pytest.fixture
def own_cluster(own_server_folder: Path) -> Iterator[EmbeddedValkeyCluster]:
    """Three masters with a replica each, to be crashed."""
    with EmbeddedValkeyCluster(own_server_folder / "cluster", replicas=3) as cluster:
        yield cluster


@pytest.fixture
async def own_store(own_cluster: EmbeddedValkeyCluster) -> AsyncIterator[RedisHoldStore]:
    client = connect(own_cluster.url, timeout_seconds=CALL_SECONDS)
    store = RedisHoldStore(client)
    await store.load_functions()
    yield store
    await client.aclose()


async def appended_at_last(store: RedisHoldStore, performance: str, batch: int) -> None:
    """As TurnLog does: the same batch again while nobody knows."""

    async def sent_again() -> None:
        try:
            await store.append(performance, 1, batch, put(hold(f"h{batch}", batch)))
        except StoreUnavailable as error:
            raise AssertionError from error

    await eventually(sent_again, FAILOVER_SECONDS)


async def test_the_first_thing_a_client_does_may_be_to_load_the_functions_and_every_master_has_them(
    valkey_cluster: EmbeddedValkeyCluster, cluster: ClusterClient
) -> None:
    await RedisHoldStore(cluster).load_functions()
    for number in range(len(valkey_cluster.servers)):
        with valkey_cluster.client(number) as server:
            assert len(server.function_list()) == 1


async def test_performances_are_spread_over_the_masters_and_each_has_all_its_keys_on_one(
    valkey_cluster: EmbeddedValkeyCluster, cluster: ClusterClient
) -> None:
    store = RedisHoldStore(cluster)
    names = [f"perf_{number}" for number in range(30)]
    for name in names:
        await store.open(name, 1)
        await store.append(name, 1, 1, HoldWrites([hold("h1", 1)], ["h0"]))
    found = []
    for number in range(len(valkey_cluster.servers)):
        with valkey_cluster.client(number) as server:
            keys = {bytes(key).decode() for key in server.scan_iter()}
        mine = [name for name in names if valkey_cluster.master_of(slot_of(name)) == number]
        assert keys == {key for name in mine for key in RedisHoldStore.keys(name)}
        found.append(len(mine))
    assert min(found) > 0
    assert sum(found) == 30


async def test_a_master_that_lost_its_functions_gets_them_again_in_the_middle(
    valkey_cluster: EmbeddedValkeyCluster, cluster: ClusterClient
) -> None:
    """RULE 18."""
    store = RedisHoldStore(cluster)
    name = performance_on(valkey_cluster, 1)
    await store.open(name, 1)
    with valkey_cluster.client(1) as server:
        server.function_flush()
    await store.append(name, 1, 1, put(hold("h1", 1)))
    assert len((await store.open(name, 2)).holds) == 1


async def test_a_slot_that_moves_to_another_master_is_followed_and_nothing_is_lost(
    own_cluster: EmbeddedValkeyCluster, own_store: RedisHoldStore
) -> None:
    """MOVED is a certain answer: nothing was done there. The map is older than the move."""
    name = performance_on(own_cluster, 0)
    await own_store.open(name, 1)
    await own_store.append(name, 1, 1, put(hold("h1", 1)))
    with own_cluster.client(3) as replica:
        replica.execute_command("CLUSTER FAILOVER")
    await eventually(lambda: 3 in own_cluster.slots(), FAILOVER_SECONDS)
    await own_store.append(name, 1, 2, put(hold("h2", 2)))
    assert len((await own_store.open(name, 2)).holds) == 2


async def test_a_dead_master_is_no_answer_and_its_replica_goes_on_with_the_same_batch(
    own_cluster: EmbeddedValkeyCluster, own_store: RedisHoldStore
) -> None:
    """INV-2, and for the other masters' performances too, whose way there leads through the same map."""
    names = [performance_on(own_cluster, number) for number in (0, 1)]
    for name in names:
        await own_store.open(name, 1)
        await own_store.append(name, 1, 1, put(hold("h1", 1)))
    await eventually(own_cluster.is_whole, FAILOVER_SECONDS)
    own_cluster.servers[0].kill()
    with pytest.raises(StoreUnavailable):
        await own_store.append(names[0], 1, 2, put(hold("h2", 2)))
    await appended_at_last(own_store, names[1], 2)
    await appended_at_last(own_store, names[0], 2)
    assert len((await own_store.open(names[0], 2)).holds) == 2


async def test_a_replica_that_was_behind_takes_over_and_the_loss_is_noticed(
    own_cluster: EmbeddedValkeyCluster, own_store: RedisHoldStore
) -> None:
    """RULE 13: what the dead master had acknowledged is gone, and the owner hears so before it writes."""
    name = performance_on(own_cluster, 0)
    await own_store.open(name, 1)
    await own_store.append(name, 1, 1, put(hold("h1", 1)))
    await eventually(own_cluster.is_whole, FAILOVER_SECONDS)
    replica = own_cluster.servers[3].pid
    os.kill(replica, signal.SIGSTOP)
    with own_cluster.client(0) as master:
        # Otherwise the next batch would wait for the replica in its socket.
        master.execute_command("CLIENT KILL TYPE replica")
    await own_store.append(name, 1, 2, put(hold("h2", 2)))
    own_cluster.servers[0].kill()
    os.kill(replica, signal.SIGCONT)
    with pytest.raises(WritesLost):
        await appended_at_last(own_store, name, 3)
    assert [found.hold_id for found in (await own_store.open(name, 2)).holds] == ["h1"]


async def test_a_silent_master_costs_a_calls_time_and_is_asked_once(
    own_cluster: EmbeddedValkeyCluster, own_store: RedisHoldStore
) -> None:
    name = performance_on(own_cluster, 0)
    await own_store.open(name, 1)
    pid = own_cluster.servers[0].pid
    os.kill(pid, signal.SIGSTOP)
    clock = SystemClock()
    started = clock.monotonic()
    with pytest.raises(StoreUnavailable):
        await own_store.append(name, 1, 1, put(hold("h1", 1)))
    assert clock.monotonic() - started < 2 * CALL_SECONDS
    os.kill(pid, signal.SIGCONT)
    with own_cluster.client(0) as master:
        assert master.info("commandstats")["cmdstat_fcall"]["calls"] == 2  # open, and one append


async def test_a_cluster_of_which_nobody_answers_is_no_answer(nobodys_port: int) -> None:
    """redis-py has exceptions of its own for that, which are no RedisError."""
    nobody = f"{LOOPBACK}:{nobodys_port}"
    client = connect(f"redis+cluster://{nobody},{nobody}", timeout_seconds=CALL_SECONDS)
    with pytest.raises(StoreUnavailable):
        await RedisHoldStore(client).open("perf_1", 1)
    with pytest.raises(StoreUnavailable):
        await RedisLeaseStore(client).put(NodeInfo("node_a", "127.0.0.1:1"), 1_000)
    with pytest.raises(StoreUnavailable):
        await RedisLeaseStore(client).live()
    await client.aclose()
