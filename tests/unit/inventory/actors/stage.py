"""A cluster on one virtual-time loop: one hold store, one record, any number of nodes on top, faults on request."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from services.inventory.actors.activation import Activation
from services.inventory.actors.host import PerformanceHost
from services.inventory.actors.performance_actor import PerformanceActor
from services.inventory.actors.plan_change import PlanChanger
from services.inventory.adapters.memory_stores import (
    MemoryAvailabilityFeed,
    MemoryHoldStore,
    MemoryMembership,
    MemoryPerformances,
    MemoryPlans,
    MemoryRecord,
)
from services.inventory.domain import commands as c
from services.inventory.domain.decisions import Accepted, Decision
from services.inventory.domain.records import HoldRules
from services.inventory.ports import Directory, Membership, Performance, Performances, SeatPlan
from services.runtime.clock import Clock, LoopClock
from services.runtime.errors import Refusal
from services.runtime.testing import run_virtual
from tests.unit.inventory.actors.faulty_stores import FaultyClaimStore, FaultyHoldStore, Script

NAME = "perf_1"
HOUSE = "house_1"
RULES = HoldRules(on_sale=True, seats_per_holder=10, ttl_ms=60_000, cap_ms=300_000, grace_ms=15_000)


def virtual(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Runs the test on a virtual-time loop: its minutes cost nothing."""

    @functools.wraps(test)
    def run(*args: Any, **kwargs: Any) -> None:
        run_virtual(test(*args, **kwargs))

    return run


class Stage:
    """Stores that outlive nodes. Make it inside the loop."""

    def __init__(self, *, capacity: int = 2_000, rules: HoldRules = RULES, store_clock: Clock | None = None) -> None:
        self.clock = LoopClock()
        self.hold_store = MemoryHoldStore(store_clock or self.clock)
        self.record = MemoryRecord()
        self.holds = Script()
        self.claims = Script()
        self.alive: set[str] = set()
        self.performance = Performance(NAME, HOUSE, SeatPlan.of(1, [f"s{number}" for number in range(capacity)]), rules)
        self.performances = MemoryPerformances(self.performance)
        self.feed = MemoryAvailabilityFeed()

    def node(
        self,
        name: str = "node_a",
        *,
        membership: Membership | None = None,
        directory: Directory | None = None,
        performances: Performances | None = None,
        idle_seconds: float = 300.0,
    ) -> PerformanceHost:
        """A node that is alive until leave() or until the test takes it out of `alive`."""
        member = membership or MemoryMembership(name, self.alive, f"{name}:1")
        activation = Activation(
            member,
            directory or self.record,
            FaultyHoldStore(self.hold_store, self.holds),
            lambda _: FaultyClaimStore(self.record, self.claims),
            self.clock,
        )
        return PerformanceHost(
            member, performances or self.performances, activation, self.feed, self.clock, idle_seconds=idle_seconds
        )

    def changer(self, node: PerformanceHost, *plans: SeatPlan) -> PlanChanger:
        """Changes the performance's plan at the node; the hall has these versions of it."""
        known = MemoryPlans(self.record, self.performances, *plans)
        return PlanChanger(node, known, known, self.clock)

    async def owner(self, node: PerformanceHost) -> PerformanceActor:
        """The node's actor of the performance."""
        actor = await node.owner(HOUSE, NAME)
        assert isinstance(actor, PerformanceActor), actor
        return actor

    async def holds_in_store(self) -> set[str]:
        """Ids of the holds in the hold store, fence untouched."""
        owner = await self.record.owner_of(NAME)
        assert owner is not None
        return {hold.hold_id for hold in (await self.hold_store.open(NAME, owner.epoch)).holds}

    async def orders_in_record(self) -> set[str]:
        """Orders with an active claim or sale."""
        owner = await self.record.owner_of(NAME)
        assert owner is not None
        return {claim.order_id for claim in (await self.record.load(NAME, owner.epoch)).claims}


async def ask(node: PerformanceHost, *commands: c.Command, deadline: float | None = None) -> Sequence[Decision]:
    """Decisions on the commands; a refusal of all of them fails the test."""
    decided = await node.execute(HOUSE, NAME, commands, deadline=deadline)
    assert not isinstance(decided, Refusal), decided
    return decided.decisions


async def done(node: PerformanceHost, *commands: c.Command) -> None:
    """Commands that must all be accepted."""
    for decision in await ask(node, *commands):
        assert isinstance(decision, Accepted), decision


def crash(node: PerformanceHost) -> None:
    """The process is gone in the middle of whatever it did: nothing is released, nobody is told."""
    for task in asyncio.all_tasks():
        if task.get_name() == f"actor {NAME}" and task in node._runs.values():  # as kill -9
            task.cancel()
