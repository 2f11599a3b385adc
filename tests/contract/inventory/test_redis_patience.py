"""How long a client of one server, or of a master that sentinels name, waits, and how often it sends."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis

from services.inventory.adapters.redis_connection import RedisUrlInvalid, connect
from services.inventory.adapters.redis_hold_store import RedisHoldStore
from services.inventory.ports import StoreUnavailable
from services.runtime.clock import SystemClock
from services.runtime.embedded.ports import LOOPBACK
from services.runtime.embedded.valkey import EmbeddedValkey
from services.runtime.testing import eventually_sync
from tests.chaos.valkeys import SERVICE, ValkeyServer
from tests.contract.inventory.shelves import NAME, hold, put

# Long enough for a loaded machine to answer what is answered at all, and to tell one call's time from two.
CALL_SECONDS = 4.0


@pytest.fixture
def server(own_server_folder: Path) -> Iterator[EmbeddedValkey]:
    server = EmbeddedValkey(own_server_folder / "valkey")
    server.start()
    yield server
    server.stop()


@pytest.fixture
def sentinel(own_server_folder: Path, server: EmbeddedValkey) -> Iterator[ValkeyServer]:
    """One, that will not call anybody dead for a minute."""
    watched = {
        f"sentinel monitor {SERVICE}": f"{LOOPBACK} {server.port} 1",
        f"sentinel down-after-milliseconds {SERVICE}": "60000",
    }
    sentinel = ValkeyServer("sentinel", own_server_folder, 0, watched)
    sentinel.start("--sentinel")
    yield sentinel
    sentinel.stop()


@pytest.fixture(params=["one server", "sentinel"])
def url(request: pytest.FixtureRequest, server: EmbeddedValkey) -> str:
    if request.param == "one server":
        return server.url
    sentinel: ValkeyServer = request.getfixturevalue("sentinel")
    return f"redis+sentinel://{LOOPBACK}:{sentinel.port}/{SERVICE}"


async def test_a_silent_server_costs_a_calls_time_and_is_asked_once(url: str, server: EmbeddedValkey) -> None:
    """RULE 13: an append is sent again by its number, by who numbered it, and by nobody else."""
    client = connect(url, timeout_seconds=CALL_SECONDS)
    store = RedisHoldStore(client)
    await store.load_functions()
    await store.open(NAME, 1)
    os.kill(server.pid, signal.SIGSTOP)
    clock = SystemClock()
    started = clock.monotonic()
    with pytest.raises(StoreUnavailable):
        await store.append(NAME, 1, 1, put(hold("h1", 1)))
    assert clock.monotonic() - started < 2 * CALL_SECONDS
    os.kill(server.pid, signal.SIGCONT)
    with Redis(port=server.port) as witness:

        def sent() -> int:
            calls: int = witness.info("commandstats")["cmdstat_fcall"]["calls"]
            assert calls >= 2
            return calls

        assert eventually_sync(sent) == 2  # open, and one append
    await client.aclose()


async def test_silent_sentinels_cost_no_more_than_a_calls_time(
    server: EmbeddedValkey, sentinel: ValkeyServer, nobodys_port: int
) -> None:
    sentinel.freeze()
    # The second one is down for good.
    url = f"redis+sentinel://{LOOPBACK}:{sentinel.port},{LOOPBACK}:{nobodys_port}/{SERVICE}"
    client = connect(url, timeout_seconds=CALL_SECONDS)
    clock = SystemClock()
    started = clock.monotonic()
    with pytest.raises(StoreUnavailable):
        await RedisHoldStore(client).open(NAME, 1)
    assert clock.monotonic() - started < 2 * CALL_SECONDS
    sentinel.thaw()
    await client.aclose()


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:1", "redis+sentinel://127.0.0.1:1", "redis+cluster://127.0.0.1", "redis+cluster://"]
)
def test_a_url_without_what_it_needs_is_refused(url: str) -> None:
    with pytest.raises(RedisUrlInvalid):
        connect(url)
