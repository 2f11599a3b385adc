"""Whose performance it is when a node is asked: the live owner's, a dead one's, or that of our own earlier process."""

from __future__ import annotations

from typing import Any

from services.inventory.actors.activation import Activation
from services.inventory.adapters.memory_stores import MemoryLeaseStore, MemoryRecord
from services.inventory.cluster.membership import NodeLease
from services.inventory.domain.refusals import NotOwner
from services.runtime.clock import LoopClock
from services.runtime.ids import SeededIds

PLAY = "prf_1"
UNUSED: Any = None


class Cluster:
    """Nodes on shared stores; no time passes, so no lease ends."""

    def __init__(self) -> None:
        self._clock = LoopClock()
        self._ids = SeededIds(1)
        self._leases = MemoryLeaseStore(self._clock)
        self._directory = MemoryRecord()

    async def start(self, endpoint: str) -> Activation:
        """A node with a lease and a view of the others."""
        lease = NodeLease(self._leases, self._directory, self._clock, self._ids)
        lease.endpoint = endpoint
        await lease.renew()
        await lease.look_around()
        return Activation(lease, self._directory, UNUSED, UNUSED, self._clock)


async def test_a_live_nodes_performance_stays_its_own() -> None:
    cluster = Cluster()
    first = await cluster.start("10.0.0.1:50051")
    assert await first.take(PLAY, was_sent_here=True) == 1
    other = await cluster.start("10.0.0.2:50051")
    assert await other.take(PLAY, was_sent_here=True) == NotOwner("10.0.0.1:50051", 1)


async def test_a_restarted_node_takes_over_from_its_earlier_process_at_once() -> None:
    cluster = Cluster()
    killed = await cluster.start("10.0.0.1:50051")
    assert await killed.take(PLAY, was_sent_here=False) == 1
    restarted = await cluster.start("10.0.0.1:50051")
    assert await restarted.take(PLAY, was_sent_here=False) == 2
