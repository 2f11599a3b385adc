"""The faults, when they come (from a seed), and how each is done to real processes, sockets and stores."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from random import Random  # noqa: TID251 (a type; the generator comes from runtime.ids)

import msgspec
from sqlalchemy import select

from services.inventory.adapters.redis_lease_store import REGISTER, RedisLeaseStore
from services.inventory.adapters.tables import performance_owner
from services.runtime.embedded.server_process import ServerNotReady
from services.runtime.ids import seeded_random
from services.runtime.rpc.routing import OwnerRouting
from services.runtime.testing import eventually
from services.runtime.testing.servers import as_owner
from tests.chaos.buyers import Buyer, Desk, House
from tests.chaos.clustered_valkeys import ClusteredValkeys
from tests.chaos.failover import Witness, fail_over
from tests.chaos.history import FaultRecord
from tests.chaos.inventory_nodes import Cluster, Node, Stores
from tests.chaos.tcp_proxy import Mode, TcpProxy

_PROXY_MODES = {
    "freeze": Mode.FREEZE,
    "half_open": Mode.HALF_OPEN,
    "mute": Mode.MUTE,
    "cut": Mode.CUT,
    "delay": Mode.DELAY,
}
NODE_KINDS = ("kill", "stop", "lease_loss")
STORE_KINDS = ("flushall", "function_flush", "postgres_restart")
PROXY_KINDS = (
    "redis_freeze",
    "redis_half_open",
    "redis_mute",
    "redis_cut",
    "redis_delay",
    "postgres_freeze",
    "postgres_half_open",
    "postgres_mute",
    "postgres_cut",
    "peers_freeze",
    "peers_half_open",
    "peers_mute",
    "peers_cut",
    "bus_freeze",
    "bus_half_open",
    "bus_mute",
    "bus_cut",
)
_ALL_KINDS = (*NODE_KINDS, *STORE_KINDS, *PROXY_KINDS)
KINDS: Mapping[Stores, Sequence[str]] = {
    "one": _ALL_KINDS,
    "sentinel": (*_ALL_KINDS, "failover"),
    "cluster": (*_ALL_KINDS, "master_loss"),
}

PROXY_SECONDS = (1.5, 4.5)
# Short enough that what was lost is sent again to somebody who answers.
MUTE_SECONDS = (0.3, 2.0)
DELAY_SECONDS = (0.05, 0.4)
DOWN_SECONDS = (0.0, 5.0)
STOPPED_LEASES = (0.5, 3.0)
POSTGRES_RETRIES = 20
BUS_LOSS_SECONDS = 60.0
# A call's, whose hold a fault waits for.
WITNESS_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Planned:
    """One fault to come: after `calm_seconds` of peace, on a node, for so long."""

    kind: str
    calm_seconds: float
    node: int
    seconds: float
    delay_seconds: float


def schedule(
    seed: int, kinds: Sequence[str], *, nodes: int, lease_seconds: float, calm_seconds: tuple[float, float]
) -> Iterator[Planned]:
    """Endless: every kind once in some order, then again in another. The same for the same seed."""
    random = seeded_random(seed)
    while True:
        for kind in random.sample(list(kinds), len(kinds)):
            yield Planned(
                kind,
                random.uniform(*calm_seconds),
                random.randrange(nodes),
                _seconds(random, kind, lease_seconds),
                random.uniform(*DELAY_SECONDS),
            )


def _seconds(random: Random, kind: str, lease_seconds: float) -> float:
    if kind == "stop":
        return lease_seconds * random.uniform(*STOPPED_LEASES)
    if kind.endswith("_mute"):
        return random.uniform(*MUTE_SECONDS)
    return random.uniform(*(DOWN_SECONDS if kind == "kill" else PROXY_SECONDS))


class Injector:
    """Does to the cluster what is planned, heals it, and writes it down."""

    def __init__(self, cluster: Cluster, house: House, jitter: Random) -> None:
        self._cluster = cluster
        self._house = house
        self._jitter = jitter
        self.lost_in_failover = 0
        self.bus_losses = 0
        self._acts: Mapping[str, Callable[[Planned, Node], Awaitable[str]]] = {
            "kill": self._kill,
            "stop": self._stop,
            "lease_loss": self._lose_lease,
            "flushall": self._flush_all,
            "function_flush": self._flush_functions,
            "postgres_restart": self._restart_postgres,
            "failover": self._fail_over,
            "master_loss": self._lose_master,
            **dict.fromkeys(PROXY_KINDS, self._misbehave),
        }

    async def inject(self, planned: Planned) -> None:
        """One fault from start to healing; the time of peace before it is the caller's."""
        node = self._cluster.nodes[planned.node]
        record = FaultRecord(
            kind=planned.kind,
            started=self._house.history.now(),
            may_lose=planned.kind in {"flushall", "failover", "master_loss"},
            may_mislead=planned.kind == "lease_loss",
        )
        self._house.history.faults.append(record)
        try:
            record.detail = await self._acts[planned.kind](planned, node)
        finally:
            record.healed = self._house.history.now()

    async def _kill(self, planned: Planned, node: Node) -> str:
        """The planned one, or who owns most where that one owns nothing: nobody would miss it."""
        owned = await owners_by_endpoint(self._cluster.database_url)
        if not owned.get(node.endpoint):
            node = max(self._cluster.nodes, key=lambda node: len(owned.get(node.endpoint, ())))
        node.kill()
        await self._cluster.clock.sleep(planned.seconds)
        node.launch()
        await node.wait_until_serving()
        return f"node {node.number}, down for {planned.seconds:.1f} s"

    async def _stop(self, planned: Planned, node: Node) -> str:
        node.send(signal.SIGSTOP)
        await self._cluster.clock.sleep(planned.seconds)
        node.send(signal.SIGCONT)
        return f"node {node.number} for {planned.seconds:.1f} s"

    async def _lose_lease(self, _: Planned, node: Node) -> str:
        """Its lease ends early, as after a step of the store's clock: others take over while it still believes."""
        valkeys = self._cluster.valkeys
        async with valkeys.client(await valkeys.master_of(REGISTER)) as client:
            names = [bytes(name).decode() for name in await client.smembers(REGISTER)]  # type: ignore[arg-type]
        for key in map(RedisLeaseStore.key, names):
            async with valkeys.client(await valkeys.master_of(key)) as client:
                stored = await client.get(key)
                if stored is not None and msgspec.json.decode(stored)[0] == node.endpoint:
                    await client.delete(key)
        owned = (await owners_by_endpoint(self._cluster.database_url)).get(node.endpoint, [])
        await self._ask_others(node, owned)
        return f"node {node.number}, which owned {len(owned)}"

    async def _ask_others(self, node: Node, performances: Sequence[str]) -> None:
        """A newcomer who knows no owner: whoever is asked finds the lease gone and takes over."""
        others = [other.endpoint for other in self._cluster.nodes if other is not node]
        routing = OwnerRouting(others, self._cluster.clock, self._jitter.random)
        newcomer = Buyer(f"newcomer{len(self._house.history.faults)}", Desk(self._house, routing), self._jitter)
        try:
            for performance in performances:
                await newcomer.look(performance, self._house.crowd(performance))
        finally:
            await routing.close()

    async def _flush_all(self, _: Planned, __: Node) -> str:
        for number in await self._cluster.valkeys.masters():
            async with self._cluster.valkeys.client(number) as client:
                await client.flushall()
        return ""

    async def _flush_functions(self, _: Planned, __: Node) -> str:
        for number in await self._cluster.valkeys.masters():
            async with self._cluster.valkeys.client(number) as client:
                await client.function_flush()
        return ""

    async def _restart_postgres(self, planned: Planned, _: Node) -> str:
        postgres = self._cluster.postgres
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(None, postgres.kill)
        for _attempt in range(POSTGRES_RETRIES):
            try:
                await loop.run_in_executor(None, postgres.start)
            except ServerNotReady:
                # Its old workers have not noticed yet.
                await self._cluster.clock.sleep(0.3)
            else:
                return "SIGKILL"
        raise AssertionError("postgres did not start again")

    async def _misbehave(self, planned: Planned, node: Node) -> str:
        where, _, how = planned.kind.partition("_")
        ways = {"redis": node.stores, "postgres": [node.postgres], "peers": [node.peers], "bus": [node.bus]}
        proxies: Sequence[TcpProxy] = ways[where]
        known = node.bus_losses()
        for proxy in proxies:
            await proxy.set_mode(_PROXY_MODES[how], delay_seconds=planned.delay_seconds)
        await self._cluster.clock.sleep(planned.seconds)
        for proxy in proxies:
            await proxy.set_mode(Mode.PASS)
        if planned.kind == "bus_cut":
            with suppress(AssertionError):
                # Without one the run is void.
                await eventually(lambda: node.bus_losses() > known, BUS_LOSS_SECONDS)
            self.bus_losses += node.bus_losses() - known
        return f"node {node.number} for {planned.seconds:.1f} s"

    async def _lose_master(self, _: Planned, __: Node) -> str:
        valkeys = self._cluster.valkeys
        assert isinstance(valkeys, ClusteredValkeys)
        before = valkeys.faults.lost
        routing = OwnerRouting(self._cluster.endpoints, self._cluster.clock, self._jitter.random)
        desk = Desk(self._house, routing, call_seconds=WITNESS_SECONDS)
        witness = Witness(Buyer(f"witness{len(self._house.history.faults)}", desk, self._jitter), desk, ())
        try:
            detail = await valkeys.faults.lose_master(self._house.performances, witness.hold_one)
        finally:
            await routing.close()
        self.lost_in_failover += valkeys.faults.lost - before
        return detail

    async def _fail_over(self, _: Planned, __: Node) -> str:
        owned = await owners_by_endpoint(self._cluster.database_url)
        node = max(self._cluster.nodes, key=lambda node: len(owned.get(node.endpoint, ())))
        performances = owned.get(node.endpoint, [])
        routing = OwnerRouting([node.endpoint], self._cluster.clock, self._jitter.random)
        desk = Desk(self._house, routing)
        witness = Witness(Buyer(f"witness{len(self._house.history.faults)}", desk, self._jitter), desk, performances)
        try:
            lost = await fail_over(self._cluster, node, witness)
        finally:
            await routing.close()
        self.lost_in_failover += lost
        return f"node {node.number} cut off with the master; {lost} acknowledged holds of the witness lost"


async def owners_by_endpoint(database_url: str) -> dict[str, list[str]]:
    """Performances by the endpoint of their owner, from the directory."""
    engine = as_owner(database_url)
    owned: dict[str, list[str]] = {}
    async with engine.connect() as connection:
        query = select(performance_owner.c.performance_id, performance_owner.c.endpoint)
        for performance, endpoint in await connection.execute(query):
            owned.setdefault(endpoint, []).append(performance)
    await engine.dispose()
    return owned
