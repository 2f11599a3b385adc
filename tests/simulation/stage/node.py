"""An inventory node of the simulation: the real lease, host, activation and actors over tapped stores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

from services.inventory.actors.activation import Activation
from services.inventory.actors.host import PerformanceHost
from services.inventory.actors.plan_change import PlanChanger
from services.inventory.actors.return_day import ReturnDay
from services.inventory.adapters.memory_stores import (
    MemoryAvailabilityFeed,
    MemoryDueReturns,
    MemoryPerformances,
    MemoryPlans,
    MemoryRecord,
)
from services.inventory.cluster.membership import NodeLease
from services.inventory.domain.commands import Command
from services.inventory.domain.decisions import Decision
from services.inventory.domain.records import Hold
from services.inventory.domain.refusals import DeadlinePassed
from services.inventory.ports import StoreUnavailable
from services.runtime.clock import Clock
from services.runtime.errors import Refusal
from services.runtime.ids import SeededIds
from tests.simulation.orders.faults import tapped
from tests.simulation.stage.network import Network
from tests.simulation.stage.node_rpc import NodeRpc
from tests.simulation.stage.processes import SimulatedProcess
from tests.simulation.stage.servers import POSTGRES, REDIS, Servers, link
from tests.simulation.stage.wires import SimulatedForwarding, Wires


@dataclass(frozen=True, slots=True)
class Cluster:
    """What every node of a world is built from. `lease_ttl_seconds` 0: nobody's lease ever stands (RULE 4)."""

    servers: Servers
    network: Network
    performances: MemoryPerformances
    clock: Clock
    house_id: str
    wires: Wires
    lease_ttl_seconds: float = 6.0
    idle_seconds: float = 20.0
    tells_watchers: bool = False
    # Without, there is nothing to return.
    has_offices: bool = False


@dataclass(frozen=True, slots=True)
class Decided:
    """A node's answer: one decision or refusal, and the epoch that its owner had (0: it was none)."""

    decision: Decision | Refusal
    epoch: int


class InventoryNode:
    """One process start of one node: `name` is the place and the number of the start."""

    def __init__(self, cluster: Cluster, place: str, start: int) -> None:
        self.place = place
        self.process = SimulatedProcess(f"{place}.{start}")
        self._house_id = cluster.house_id
        self._met = cluster.network.met
        clock, network, servers = cluster.clock, cluster.network, cluster.servers
        to_redis = link(network, place, REDIS, servers.clock)
        record: Any = tapped(servers.record, link(network, place, POSTGRES, servers.clock))
        ttl = cluster.lease_ttl_seconds
        self.lease = NodeLease(
            tapped(servers.leases, to_redis),
            record,
            clock,
            SeededIds(start * 1_000 + sum(place.encode())),
            ttl_seconds=ttl,
            margin_seconds=1.0 if ttl else -6.0,
        )
        self.lease.endpoint = place
        holds = tapped(servers.holds.of(place), to_redis)
        activation = Activation(self.lease, record, holds, lambda _: record, clock)
        self.host = PerformanceHost(
            self.lease,
            cluster.performances,
            activation,
            MemoryAvailabilityFeed(),
            clock,
            idle_seconds=cluster.idle_seconds,
        )
        self.lease.load = self.host.load
        forwarding = SimulatedForwarding(cluster.wires, place, self.process)
        stored = cast("MemoryRecord", servers.record)
        plans = MemoryPlans(stored, cluster.performances)
        changer = PlanChanger(self.host, plans, plans, clock)
        self.rpc = NodeRpc(self.host, changer, stored, forwarding, clock, SeededIds(start * 1_000))
        due = MemoryDueReturns(stored, cluster.performances, clock)
        self._day = ReturnDay(self.host, tapped(due, link(network, place, POSTGRES, servers.clock)), clock)
        self._clock = clock
        loops = [
            self.lease.run,
            self.lease.keep_pins_fresh,
            self.host.keep_time,
            self.host.keep_rules_fresh,
            self.host.keep_balanced,
        ]
        if cluster.tells_watchers:
            loops.append(self.host.keep_watchers_told)
        if cluster.has_offices:
            loops.append(self._keep_returning)
        for loop in loops:
            _ = self.process.start(loop(), loop.__name__)

    async def _keep_returning(self) -> None:
        """As Service.background keeps a loop running."""
        while True:
            try:
                await self._day.run()
            except StoreUnavailable:
                await self._clock.sleep(1.0)

    async def stop(self) -> None:
        """SIGTERM, as far as it gets."""
        await self.host.hand_over()
        await self.lease.resign()

    async def execute(
        self, performance_id: str, commands: Sequence[Command], epoch: int, deadline: float, *, was_sent_here: bool
    ) -> Decided:
        """What the gRPC servicer does with one command. Raises Retryable faults."""
        decided = await self.host.execute(
            self._house_id, performance_id, commands, epoch=epoch, deadline=deadline, was_sent_here=was_sent_here
        )
        if isinstance(decided, Refusal):
            return Decided(decided, 0)
        if isinstance(decided.decisions[0], DeadlinePassed):
            self._met["dropped_DEADLINE_PASSED"] += 1
        return Decided(decided.decisions[0], decided.owner.epoch)

    async def look(self, performance_id: str, hold_id: str, *, was_sent_here: bool) -> Hold | Refusal | None:
        """GetHold: the acknowledged hold; None: there is none."""
        actor = await self.host.owner(self._house_id, performance_id, was_sent_here=was_sent_here)
        return actor if isinstance(actor, Refusal) else actor.seat_map.hold(hold_id)
