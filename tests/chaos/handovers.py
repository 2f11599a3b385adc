"""How long buyers wait when a node goes: killed (takeover), asked to leave (handoff), each in turn (rolling)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from statistics import median

from services.runtime.clock import Clock
from services.runtime.ids import seeded_random
from services.runtime.testing import eventually
from tests.chaos.buyers import Buyer, Desk, House
from tests.chaos.faults import owners_by_endpoint
from tests.chaos.history import OK, History
from tests.chaos.inventory_nodes import Cluster, Leases, Node, running_cluster
from tests.chaos.judgement import Tell
from tests.chaos.storm import open_desks

ROUNDS = 5
SLOW_SECONDS = 1.0
PERFORMANCES = 12
CAPACITY = 2_000
# The deadline of a buyer's call: longer than any takeover, so that whatever fails has failed for good.
PATIENCE_SECONDS = 15.0
PAUSE_SECONDS = 0.01
WARM_SECONDS = 2.0
AFTER_SECONDS = 2.0
ALL_SERVED_SECONDS = 30.0


@dataclass(slots=True)
class Waits:
    """Seconds without an answered buyer, one number per performance that lost its owner and round."""

    gaps: list[float] = field(default_factory=list)
    failed: int = 0
    calls: int = 0
    slowest_seconds: float = 0.0

    def figures(self) -> dict[str, float | int]:
        """For people and machines."""
        gaps = sorted(self.gaps) or [0.0]
        return {
            "performances_moved": len(self.gaps),
            "gap_min_ms": round(gaps[0] * 1000, 1),
            "gap_median_ms": round(median(gaps) * 1000, 1),
            "gap_max_ms": round(gaps[-1] * 1000, 1),
            "calls": self.calls,
            "failed_calls": self.failed,
            "slowest_call_ms": round(self.slowest_seconds * 1000, 1),
        }


class Probe:
    """One buyer per performance who holds and releases one seat after another, and when each was granted."""

    def __init__(self, house: House, desks: Sequence[Desk]) -> None:
        self._house = house
        self._buyers = {
            name: Buyer(f"probe{number}", desks[number % len(desks)], seeded_random(number))
            for number, name in enumerate(house.performances)
        }
        self.granted: dict[str, list[float]] = {name: [] for name in house.performances}
        self._stopping = asyncio.Event()

    async def run(self) -> None:
        """Until stopped."""
        await asyncio.gather(*(self._visit(name, buyer) for name, buyer in self._buyers.items()))

    def stop(self) -> None:
        """After the calls under way."""
        self._stopping.set()

    async def _visit(self, performance: str, buyer: Buyer) -> None:
        seat = 0
        while not self._stopping.is_set():
            held = await buyer.hold(performance, (seat % CAPACITY,), 2)
            seat += 1
            if held is not None and held.outcome == OK:
                self.granted[performance].append(held.returned)
                await buyer.release(performance, held.hold, held.seats)
            await self._house.clock.sleep(PAUSE_SECONDS)

    def served_since(self, performances: Sequence[str], moment: float) -> bool:
        """Whether each has had a hold granted that was answered after it."""
        return all(self.granted[name] and self.granted[name][-1] > moment for name in performances)

    def gap(self, performance: str, start: float, end: float) -> float:
        """The longest time without a grant that touches the stretch."""
        times = [start, *(time for time in self.granted[performance] if start - 1 <= time <= end)]
        ordered = sorted(times)
        return max((after - before for before, after in pairwise(ordered)), default=end - start)


@dataclass(slots=True)
class Stage:
    """A running cluster under the probe's load."""

    cluster: Cluster
    house: House
    probe: Probe

    async def owned(self, node: Node) -> list[str]:
        """The performances of a node."""
        return (await owners_by_endpoint(self.cluster.database_url)).get(node.endpoint, [])

    async def busiest(self) -> tuple[Node, list[str]]:
        """The node with most performances."""
        owned = await owners_by_endpoint(self.cluster.database_url)
        node = max(self.cluster.nodes, key=lambda node: len(owned.get(node.endpoint, ())))
        return node, owned.get(node.endpoint, [])

    async def back(self, node: Node) -> None:
        """Starts it again and lets the cluster settle."""
        node.launch()
        await node.wait_until_serving()
        await self.house.clock.sleep(self.cluster.leases.renew_seconds + AFTER_SECONDS)

    async def lose(self, node: Node, owned: Sequence[str], go: Callable[[], Awaitable[None]], waits: Waits) -> None:
        """Lets the node go and notes how long each of its performances waited."""
        history = self.house.history
        start = history.now()
        await go()
        went = history.now()
        await eventually(lambda: self.probe.served_since(owned, went), ALL_SERVED_SECONDS)
        await self.house.clock.sleep(AFTER_SECONDS)
        waits.gaps += [self.probe.gap(name, start, history.now()) for name in owned]


async def _takeover(stage: Stage, waits: Waits, tell: Tell) -> None:
    for number in range(ROUNDS):
        node, owned = await stage.busiest()

        async def kill(node: Node = node) -> None:
            node.kill()

        await stage.lose(node, owned, kill, waits)
        tell(f"round {number + 1}: node {node.number} killed, {len(owned)} performances, {_shown(waits, len(owned))}")
        await stage.back(node)


async def _handoff(stage: Stage, waits: Waits, tell: Tell) -> None:
    for number in range(ROUNDS):
        node, owned = await stage.busiest()
        await stage.lose(node, owned, node.terminate, waits)
        tell(f"round {number + 1}: node {node.number} left, {len(owned)} performances, {_shown(waits, len(owned))}")
        await stage.back(node)


async def _rolling(stage: Stage, waits: Waits, tell: Tell) -> None:
    for node in stage.cluster.nodes:
        owned = await stage.owned(node)
        await stage.lose(node, owned, node.terminate, waits)
        tell(f"node {node.number} restarted, {len(owned)} performances, {_shown(waits, len(owned))}")
        await stage.back(node)


def _shown(waits: Waits, count: int) -> str:
    return "gaps " + ", ".join(f"{gap * 1000:.0f}" for gap in sorted(waits.gaps[-count:] if count else [])) + " ms"


SCENARIOS: Mapping[str, Callable[[Stage, Waits, Tell], Awaitable[None]]] = {
    "takeover": _takeover,
    "handoff": _handoff,
    "rolling": _rolling,
}


async def measure(scenario: str, clock: Clock, folder: Path, tell: Tell) -> Waits:
    """Three nodes with the default leases, one Valkey, one Postgres."""
    waits = Waits()
    async with running_cluster(clock, folder, nodes=3, stores="one", leases=Leases(6.0, 2.0, 1.0)) as cluster:
        names = await cluster.stack().put_performances(CAPACITY, PERFORMANCES, prefix="perf")
        house = House(names, CAPACITY, History(clock), clock)
        async with open_desks(house, cluster.endpoints, 4, 1) as desks:
            for desk in desks:
                desk.call_seconds = PATIENCE_SECONDS
            probe = Probe(house, desks)
            probing = asyncio.create_task(probe.run())
            await clock.sleep(WARM_SECONDS)
            await SCENARIOS[scenario](Stage(cluster, house, probe), waits, tell)
            probe.stop()
            await probing
        operations = house.history.operations
        waits.calls = len(operations)
        waits.failed = sum(1 for record in operations if record.outcome != OK)
        waits.slowest_seconds = max(record.returned - record.first_sent for record in operations)
        for record in operations:
            took = record.returned - record.first_sent
            if record.outcome != OK or (took > SLOW_SECONDS and scenario != "takeover"):
                told = f"{record.act} {record.performance} at {record.first_sent:.1f} s took {took:.2f} s"
                tell(f"{record.outcome}: {told}, {record.attempts} attempts, last fault {record.last_fault}")
    return waits
