"""One chaos run: calm, faults by the schedule, healing, quiet, judgement."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from services.runtime.clock import Clock
from services.runtime.ids import seeded_random
from services.runtime.rpc.routing import OwnerRouting
from services.runtime.testing import eventually
from tests.chaos import judgement
from tests.chaos.buyers import CALL_SECONDS, Buyer, Desk, House
from tests.chaos.coverage import Coverage, cover
from tests.chaos.faults import Injector, schedule
from tests.chaos.history import OK, History
from tests.chaos.inventory_nodes import Cluster, Leases, Stores, running_cluster
from tests.chaos.linearizability import NEVER
from tests.chaos.offices import Office
from tests.chaos.projection import Window, windows_of

WARM_SECONDS = 5.0
# Beyond the lease: how long healing may take (RULE 6), and owners may be mistaken after a loss.
SERVING_AGAIN_SECONDS = 6.0
SETTLE_SECONDS = 3.0
GIVE_UP_SECONDS = 240.0


@dataclass(frozen=True, slots=True)
class Storm:
    """What kind of run."""

    seed: int
    seconds: float
    kinds: Sequence[str]
    nodes: int = 3
    stores: Stores = "sentinel"
    leases: Leases = field(default_factory=Leases)
    performances: int = 8
    capacity: int = 500
    buyers: int = 30
    offices: int = 2
    desks: int = 6
    calm_seconds: tuple[float, float] = (2.0, 4.0)
    # Goes on until every kind of fault has come once, however long that takes.
    is_complete: bool = False
    # No fault before so many operations have succeeded.
    warm_operations: int = 0
    # These three are claims about the machine too: short storms beside other tests leave more time.
    call_seconds: float = CALL_SECONDS
    serving_again_seconds: float = SERVING_AGAIN_SECONDS
    settle_seconds: float = SETTLE_SECONDS


@dataclass(slots=True)
class Outcome:
    """What came of it."""

    coverage: Coverage
    findings: judgement.Findings
    serving_again_seconds: float
    history: History


@asynccontextmanager
async def open_desks(
    house: House, endpoints: Sequence[str], count: int, seed: int, call_seconds: float = CALL_SECONDS
) -> AsyncIterator[list[Desk]]:
    """Client processes, so to speak: each with routing of its own."""
    async with AsyncExitStack() as stack:
        desks = []
        for number in range(count):
            routing = OwnerRouting(endpoints, house.clock, seeded_random(seed + number).random)
            stack.push_async_callback(routing.close)
            desks.append(Desk(house, routing, call_seconds))
        yield desks


async def run_storm(storm: Storm, clock: Clock, folder: Path, tell: judgement.Tell) -> Outcome:
    """The whole run. `tell` hears what happens."""
    cluster_running = running_cluster(clock, folder, nodes=storm.nodes, stores=storm.stores, leases=storm.leases)
    async with cluster_running as cluster:
        names = await cluster.stack().put_performances(storm.capacity, storm.performances, prefix="perf")
        house = House(names, storm.capacity, History(clock), clock)
        async with open_desks(house, cluster.endpoints, storm.desks, storm.seed, storm.call_seconds) as desks:
            outcome = await _run(storm, cluster, house, desks, tell)
    # Only now: it keeps this process from passing bytes on, and sentinels would take that for a fault of their own.
    _judge_history(storm, outcome, tell)
    return outcome


async def _run(storm: Storm, cluster: Cluster, house: House, desks: Sequence[Desk], tell: judgement.Tell) -> Outcome:
    history = house.history
    buyers = [
        Buyer(f"b{number}", desks[number % len(desks)], seeded_random(storm.seed * 1_000 + number))
        for number in range(storm.buyers)
    ]
    buyers += [
        Office(f"f{number}", desks[number % len(desks)], seeded_random(storm.seed * 1_000 + 900 + number))
        for number in range(storm.offices)
    ]
    injector = Injector(cluster, house, seeded_random(storm.seed))
    carts = [asyncio.create_task(buyer.run(), name=buyer.name) for buyer in buyers]
    try:
        await house.clock.sleep(WARM_SECONDS)
        await eventually(lambda: sum(record.outcome == OK for record in history.operations) >= storm.warm_operations)
        plan = schedule(
            storm.seed,
            storm.kinds,
            nodes=storm.nodes,
            lease_seconds=storm.leases.ttl_seconds,
            calm_seconds=storm.calm_seconds,
        )
        while history.now() < storm.seconds or (storm.is_complete and len(history.faults) < len(storm.kinds)):
            planned = next(plan)
            await house.clock.sleep(planned.calm_seconds)
            await injector.inject(planned)
            fault = history.faults[-1]
            tell(f"{fault.started:6.1f} s  {fault.kind:20} {fault.detail}")
        await cluster.heal()
        healed = history.now()
        serving_again = await _until_serving(buyers[0], house.performances, house, healed)
        for buyer in buyers:
            buyer.stopping.set()
        await asyncio.gather(*carts)
        tell(f"{history.now():6.1f} s  buyers gone")
    finally:
        for cart in carts:
            cart.cancel()
        await asyncio.gather(*carts, return_exceptions=True)
    tell(f"{history.now():6.1f} s  healed; every performance served again after {serving_again:.1f} s")
    return await _judge(storm, cluster, house, buyers[0], injector, serving_again, tell)


async def _until_serving(buyer: Buyer, performances: Sequence[str], house: House, healed: float) -> float:
    """Seconds from healing until a hold was granted or properly refused at every performance."""
    last = healed
    for performance in performances:
        while True:
            seat = house.capacity - 1 - house.history.next_number() % 50
            held = await buyer.hold(performance, (seat,), 1)
            last = house.history.now()
            if held is not None and held.outcome == OK:
                await buyer.release(performance, held.hold, held.seats)
                break
            if last - healed > GIVE_UP_SECONDS:
                return last - healed
    return last - healed


async def _judge(
    storm: Storm,
    cluster: Cluster,
    house: House,
    buyer: Buyer,
    injector: Injector,
    serving_again: float,
    tell: judgement.Tell,
) -> Outcome:
    findings = judgement.Findings()
    limit = storm.leases.ttl_seconds + storm.serving_again_seconds
    if serving_again > limit:
        findings.wrong.append(f"served again only {serving_again:.1f} s after healing (limit {limit:.0f} s)")
    await judgement.judge_record(cluster, house.history, findings)
    await judgement.judge_allotments(cluster, house.history, findings)
    tell(f"{house.history.now():6.1f} s  the record judged")
    await judgement.judge_maps(cluster, buyer, house, findings, tell)
    coverage = cover(cluster, house.history, injector.lost_in_failover, injector.bus_losses)
    return Outcome(coverage, findings, serving_again, house.history)


def _judge_history(storm: Storm, outcome: Outcome, tell: judgement.Tell) -> None:
    history, findings = outcome.history, outcome.findings
    windows = windows_of(history, storm.leases.ttl_seconds + storm.settle_seconds)
    if storm.leases.ttl_seconds == 0:
        windows.append(Window("no leases", 0.0, NEVER, loses=False, splits=False))
    judgement.judge_seats(history, windows, findings)
    judgement.judge_pairs(history, windows, findings)
    if storm.leases.ttl_seconds > 0:
        judgement.judge_epochs(history, windows, findings)
    tell(f"{history.now():6.1f} s  {findings.seats} seats' and {findings.pairs} pairs' histories judged")
