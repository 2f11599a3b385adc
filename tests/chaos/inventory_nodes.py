"""Real inventory processes, each behind a proxy, with proxies of its own before Valkey, a sentinel and Postgres."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from bench.stack import InventoryStack
from services.runtime.call_context import act_as
from services.runtime.clock import Clock
from services.runtime.embedded.ports import free_port
from services.runtime.embedded.postgres import EmbeddedPostgres
from services.runtime.testing.access import TEST_SERVICE_KEY, own_token
from services.runtime.testing.servers import service_database
from tests.chaos.clustered_valkeys import ClusteredValkeys
from tests.chaos.tcp_proxy import Mode, TcpProxy
from tests.chaos.valkeys import SERVICE, Valkeys

FENCED, GAP, SEEN = b"FENCED", b"$3\r\nGAP", b"$4\r\nSEEN"
STOP_SECONDS = 120.0
# How the store of holds is run.
Stores = Literal["one", "sentinel", "cluster"]
# What a node says when it finds the bus gone.
_BUS_LOSSES = {"bus_lost", "bus_session_lost"}


@dataclass(frozen=True, slots=True)
class Leases:
    """How nodes believe in one another. A `ttl_seconds` of 0: everybody believes that it owns everything (RULE 4)."""

    ttl_seconds: float = 3.0
    renew_seconds: float = 1.0
    margin_seconds: float = 0.5


@dataclass(slots=True)
class Node:
    """One place in the cluster; its process comes and goes, its address stays.

    Others reach it at a loopback address of its own, behind a proxy; the process itself listens on 127.0.0.1.
    """

    number: int
    port: int
    peers: TcpProxy
    postgres: TcpProxy
    bus: TcpProxy
    sentinel: TcpProxy | None
    stores: Sequence[TcpProxy]
    environment: Mapping[str, str]
    log: Path
    process: subprocess.Popen[bytes] | None = None
    starts: int = 0

    @property
    def endpoint(self) -> str:
        """Where everybody else reaches it."""
        return f"127.0.0.{10 + self.number}:{self.port}"

    def launch(self) -> None:
        """Starts a new process: a new incarnation."""
        assert self.process is None
        self.starts += 1
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "services.inventory.main"],
                env=os.environ | self.environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def send(self, number: signal.Signals) -> None:
        """A signal to its process."""
        assert self.process is not None
        self.process.send_signal(number)

    def kill(self) -> None:
        """kill -9."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    async def terminate(self) -> None:
        """SIGTERM, and waits for the end."""
        assert self.process is not None
        process, self.process = self.process, None
        process.terminate()
        await asyncio.get_running_loop().run_in_executor(None, process.wait, STOP_SECONDS)

    async def wait_until_serving(self, timeout_seconds: float = 30.0) -> None:
        """Until its health says so."""
        async with grpc.aio.insecure_channel(f"127.0.0.1:{self.port}") as channel:
            check = health_pb2_grpc.HealthStub(channel).Check  # type: ignore[attr-defined]  # not in the published stubs
            await check(health_pb2.HealthCheckRequest(), timeout=timeout_seconds, wait_for_ready=True)

    def bus_losses(self) -> int:
        """How often its processes have found the bus gone."""
        return sum(line.get("event") in _BUS_LOSSES for line in self.said())

    def said(self) -> Iterator[dict[str, Any]]:
        """The lines of its log that are JSON."""
        for line in self.log.read_text(errors="replace").splitlines():
            if line.startswith("{"):
                yield json.loads(line)


@dataclass(slots=True)
class Cluster:
    """Nodes and their stores."""

    clock: Clock
    valkeys: Valkeys
    postgres: EmbeddedPostgres
    database_url: str
    leases: Leases
    nodes: list[Node] = field(default_factory=list)

    @property
    def endpoints(self) -> list[str]:
        """Where clients reach the nodes."""
        return [node.endpoint for node in self.nodes]

    @property
    def proxies(self) -> list[TcpProxy]:
        """Every proxy there is."""
        own = [
            proxy for node in self.nodes for proxy in (node.peers, node.postgres, node.bus, node.sentinel, *node.stores)
        ]
        return [*self.valkeys.public, *(proxy for proxy in own if proxy is not None)]

    def store_words(self) -> Counter[bytes]:
        """How often the stores of holds have said FENCED, GAP and SEEN."""
        counted: Counter[bytes] = Counter()
        for node in self.nodes:
            for proxy in node.stores:
                counted += proxy.seen
        return counted

    def stack(self) -> InventoryStack:
        """As the benchmarks see it."""
        return InventoryStack(self.endpoints, "", self.database_url, [])

    async def heal(self) -> None:
        """Every proxy passes, every process runs."""
        for proxy in self.proxies:
            await proxy.set_mode(Mode.PASS)
        for proxy in self.valkeys.public:
            # Replicas would wait for their master's silent connection for a minute.
            await proxy.reset_silent()
        for node in self.nodes:
            if node.process is None:
                node.launch()
            else:
                node.send(signal.SIGCONT)


async def _make_node(cluster: Cluster, number: int, folder: Path, stack: AsyncExitStack) -> Node:
    async def proxy(target: int, *, host: str = "127.0.0.1", port: int = 0, words: Sequence[bytes] = ()) -> TcpProxy:
        made = TcpProxy(cluster.clock, target, host=host, port=port, words=words)
        await made.start()
        stack.push_async_callback(made.close)
        return made

    port = free_port()
    peers = await proxy(port, host=f"127.0.0.{10 + number}", port=port)
    postgres = await proxy(cluster.postgres.port)
    bus = await proxy(cluster.postgres.port)
    stores = [await proxy(store, words=(FENCED, GAP, SEEN)) for store in cluster.valkeys.ports]
    sentinel = None
    redis_url = cluster.valkeys.url_for(stores)
    if cluster.valkeys.with_sentinels:
        sentinel = await proxy(cluster.valkeys.sentinels[number % 3].port)
        # To this node every store is where its own proxies are.
        sentinel.swaps = {
            str(public.port).encode(): str(own.port).encode()
            for public, own in zip(cluster.valkeys.public, stores, strict=True)
        }
        redis_url = f"redis+sentinel://127.0.0.1:{sentinel.port}/{SERVICE}"
    settings = {
        "GRPC_PORT": str(port),
        "ADVERTISED_HOST": f"127.0.0.{10 + number}",
        "DATABASE_URL": _at_port(cluster.database_url, postgres.port),
        "BUS_URL": _at_port(cluster.postgres.url_for("balcon_bus"), bus.port),
        "REDIS_URL": redis_url,
        "CATALOGUE_TARGET": "127.0.0.1:1",
        "SERVICE_KEY": TEST_SERVICE_KEY,
        "LEASE_TTL_SECONDS": str(cluster.leases.ttl_seconds),
        "LEASE_RENEW_SECONDS": str(cluster.leases.renew_seconds),
        "LEASE_MARGIN_SECONDS": str(cluster.leases.margin_seconds),
        "HOLD_GRACE_SECONDS": "1",
    }
    environment = {f"BALCON_INVENTORY_{name}": value for name, value in settings.items()}
    return Node(number, port, peers, postgres, bus, sentinel, stores, environment, folder / f"inventory{number}.log")


def _at_port(url: str, port: int) -> str:
    known = urlsplit(url).port
    return url.replace(f":{known}/", f":{port}/")


@asynccontextmanager
async def running_cluster(
    clock: Clock, folder: Path, *, nodes: int, stores: Stores, leases: Leases
) -> AsyncIterator[Cluster]:
    """Everything on loopback, in `folder` (which `nobody` must reach). Ends what it started.

    Whoever enters it calls as a service from then on.
    """
    act_as(own_token())
    async with AsyncExitStack() as stack:
        valkeys = (
            ClusteredValkeys(clock, folder)
            if stores == "cluster"
            else Valkeys(clock, folder, with_sentinels=stores == "sentinel")
        )
        stack.push_async_callback(valkeys.stop)
        await valkeys.start()
        postgres = EmbeddedPostgres(folder / "postgres")
        stack.callback(postgres.stop)
        await asyncio.get_running_loop().run_in_executor(None, postgres.start)
        postgres.create_database("balcon_bus")
        url = await service_database(postgres, "inventory", "balcon_inventory")
        cluster = Cluster(clock, valkeys, postgres, url, leases)
        for number in range(nodes):
            node = await _make_node(cluster, number, folder, stack)
            cluster.nodes.append(node)
            stack.callback(node.kill)
            node.launch()
        await asyncio.gather(*(node.wait_until_serving() for node in cluster.nodes))
        yield cluster
