"""One seed's world: phase 1 a storm in which nothing may be told wrong, phase 2 fair weather in which all must end."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
import structlog

from services.inventory.actors import seat_feed
from services.inventory.actors.performance_actor import PerformanceActor
from services.inventory.adapters.memory_stores import MemoryHoldStore, MemoryPerformances, MemoryRecord
from services.inventory.domain.commands import ReleaseHold
from services.inventory.domain.records import HoldRules
from services.inventory.domain.restoration import restore
from services.inventory.domain.seat_map import SeatMap
from services.inventory.ports import Performance, SeatPlan
from services.orders.domain.order import OrderState
from services.runtime.clock import LoopClock
from services.runtime.outbox import relay
from services.runtime.testing.virtual_time import VirtualDeadlock, VirtualTimeExceeded, run_virtual
from tests.simulation.orders.auditor import stories
from tests.simulation.stage.acknowledged import Acknowledged
from tests.simulation.stage.buyers import Hall, SeatBuyer
from tests.simulation.stage.cluster_client import ClusterClient
from tests.simulation.stage.contingents import Contingents, has_offices
from tests.simulation.stage.history import History
from tests.simulation.stage.money import double_tickets, unsettled
from tests.simulation.stage.network import Network
from tests.simulation.stage.node import Cluster
from tests.simulation.stage.outbox_twins import hold_memory_outbox
from tests.simulation.stage.processes import SimulatedProcess, gate_tasks, outside
from tests.simulation.stage.reporting import Reporting
from tests.simulation.stage.rpc_clients import PlainClient, RoutedClient
from tests.simulation.stage.servers import Servers
from tests.simulation.stage.shop_buyers import ShopBuyer
from tests.simulation.stage.shops import Shops
from tests.simulation.stage.storms import Storm
from tests.simulation.stage.viewers import SentMaps, Viewer, numbered_watchers
from tests.simulation.stage.weather import Weather
from tests.simulation.stage.wires import Wires
from tests.unit.orders.builders import HOUSE, PLAN, SHOW, a_plan

PERFORMANCES = (SHOW, "perf_2")
SHOPS = ("shop0", "shop1")
BOX_OFFICES, SHOP_BUYERS, VIEWERS = 6, 5, 4
STORM_SECONDS = 60.0
# What a watcher may be behind is as little as a minute of storm needs to reach it.
QUEUE_DELTAS = 4
MUST_NOT_BE_LOGGED = (
    "log_actor_broke",
    "log_step_broke",
    "log_step_refused",
    "log_report_refused",
    "log_call_broke",
    "log_call_failed",
)
LIMIT_SECONDS = 2_000.0
# After the storm: until the last hold must have ended, whatever the clock was set to.
LAST_HOLD_SECONDS = 300.0
# After the last hold has ended: until every viewer must show what the stores have.
SYNC_SECONDS = 60.0
# After the last buyer has gone: until every order must have ended.
SETTLE_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a seed."""

    seed: int
    findings: list[str]
    met: Counter[str]
    trace_hash: str


@dataclass(frozen=True, slots=True)
class Parts:
    """What a mutant may put in the place of the real thing."""

    hold_store: type[MemoryHoldStore] = MemoryHoldStore
    record: type[MemoryRecord] = MemoryRecord


class World:
    """Built and run on a virtual-time loop."""

    def __init__(self, seed: int, parts: Parts) -> None:
        gate_tasks()
        self.weather = Weather(seed)
        self.clock = LoopClock()
        self.network = Network(self.weather, self.clock)
        self.servers = Servers(self.clock, hold_store=parts.hold_store, record=parts.record)
        random = self.weather.random
        self.rules = HoldRules(
            on_sale=True, seats_per_holder=6, ttl_ms=12_000, cap_ms=40_000, grace_ms=4_000,
            refuses_orphans=random.random() < 0.3,
        )  # fmt: skip
        self.plan = SeatPlan.of(PLAN, tuple(a_plan(rows=1, seats=10)))
        self.wires = Wires(self.network, self.clock, self.weather)
        # Four worlds in ten have people who only watch: their owners are told every tick, which takes its time.
        self._is_watched = random.random() < 0.4
        self.truth = Acknowledged(len(self.plan.seat_ids), self.rules)
        self.servers.tell(self.truth)
        self.wires.audits = lambda call: SentMaps(call, self.truth, self.weather.met)
        performances = [Performance(name, HOUSE, self.plan, self.rules) for name in PERFORMANCES]
        catalogue = MemoryPerformances(*performances)
        cluster = Cluster(
            self.servers, self.network, catalogue, self.clock, HOUSE, self.wires,
            lease_ttl_seconds=random.choice([6.0, 6.0, 6.0, 0.0]), idle_seconds=random.choice([3.0, 300.0]),
            tells_watchers=self._is_watched or random.random() < 0.1, has_offices=has_offices(seed),
        )  # fmt: skip
        if not cluster.lease_ttl_seconds:
            self.weather.met["lease_ttl_zero"] += 1
        self.history = History(self.clock, self.rules, self.servers.clock)
        self.contingents = Contingents(seed, performances, catalogue, self.history, self.clock, self.weather.met)
        places = [f"node{number}" for number in range(random.choice([2, 3]))]
        self.storm = Storm(cluster, places, self.history, self.clock, self.weather)
        self.shops = Shops(self.network, self.clock, self.weather, self.history, self.plan, self.client)
        # A third of the worlds have the box office alone: more of them fit into a minute.
        self._shop_buyers = random.choice([0, SHOP_BUYERS, SHOP_BUYERS])
        self.reporting = Reporting(self.shops, self.network, self.clock, self.weather)
        if self._shop_buyers:
            self.shops.open(PERFORMANCES, SHOPS)
        self.viewers = [
            Viewer(f"viewer{number}", PERFORMANCES[number % 2], HOUSE, self.wires)
            for number in range(VIEWERS if self._is_watched else 0)
        ]

    async def run(self) -> None:
        """Both phases. Findings are in findings()."""
        if self._shop_buyers:
            await self.reporting.open()
            self.reporting.begin()
        watching = outside(self._watch_tickets(), "ticket auditor")
        self.contingents.begin()
        people = [outside(self._visits(buyer), buyer.name) for buyer in self._buyers()]
        people += [outside(work, "house desk") for work in self.contingents.work(self.client, STORM_SECONDS)]
        for viewer in self.viewers:
            viewer.begin()
        self.storm.begin()
        if self._shop_buyers:
            self.shops.begin()
        await self.clock.sleep(STORM_SECONDS)
        await self.storm.heal()
        self.shops.heal()
        if self._shop_buyers:
            self.reporting.heal()
        await asyncio.gather(*people)
        await self._orders_end()
        await self._last_holds_end()
        watching.cancel()

    def _buyers(self) -> list[SeatBuyer]:
        hall = Hall(PERFORMANCES, len(self.plan.seat_ids), self.rules.grace_ms / 1000)
        buyers = []
        for number in range(BOX_OFFICES + self._shop_buyers):
            kind = SeatBuyer if number < BOX_OFFICES else ShopBuyer
            client = self.client("buyer")
            over_grpc = self.weather.random.choices([None, PlainClient, RoutedClient], [5, 3, 2])[0]
            if over_grpc is not None:
                client = over_grpc(client, self.wires, HOUSE, self.plan)
            buyer = kind(f"buyer{number}", client, hall, self.history, self.clock, self.weather)
            if isinstance(buyer, ShopBuyer):
                buyer.shops = self.shops
            buyers.append(buyer)
        return buyers

    async def _watch_tickets(self) -> None:
        while not self.history.violations:
            await self.clock.sleep(1.0)
            self.history.violations += double_tickets(self.shops.orders(), self.shops.payments())

    async def _orders_end(self) -> None:
        until = self.clock.monotonic() + SETTLE_SECONDS
        while left := [*unsettled(self.shops.orders(), self.shops.payments()), *self.reporting.differs()]:
            if self.clock.monotonic() > until:
                self.history.violations += left
                return
            await self.clock.sleep(5.0)

    def client(self, name: str) -> ClusterClient:
        """Somebody else's way to the nodes."""
        return ClusterClient(name, self.storm.nodes, self.network, self.clock, self.weather)

    async def _visits(self, buyer: SeatBuyer) -> None:
        number = 0
        while not self.weather.is_fair:
            await self.clock.sleep(self.weather.random.expovariate(1.0))
            await buyer.visit(number)
            number += 1

    async def _last_holds_end(self) -> None:
        """INV-6, and every owner comes up once more and says the same as the stores."""
        until = self.clock.monotonic() + LAST_HOLD_SECONDS
        client = self.client("auditor")
        await self.contingents.days_are_over()
        for performance_id in PERFORMANCES:
            while True:
                # Changes nothing, and lets an owner notice that the store has lost writes since its last one.
                await client.decide(performance_id, ReleaseHold("nobody's", "auditor"), LAST_HOLD_SECONDS)
                if not await self._holds_left(performance_id):
                    break
                if self.clock.monotonic() > until:
                    self.history.violations.append(f"{performance_id} still has holds")
                    break
                await self.clock.sleep(2.0)
            await self._compare(performance_id)
        await self._viewers_agree()

    async def _viewers_agree(self) -> None:
        """Nothing happens any more: every page shows what the stores have."""
        until = self.clock.monotonic() + SYNC_SECONDS
        while left := [viewer for viewer in self.viewers if not await self._is_in_sync(viewer)]:
            if self.clock.monotonic() > until:
                self.history.violations += [
                    f"{one.name} shows {list(one.states)} of epoch {one.epoch} of {one.performance_id}" for one in left
                ]
                return
            await self.clock.sleep(0.5)
        self.weather.met["viewer_in_sync"] += len(self.viewers)
        self.weather.met.update(
            f"viewer_in_sync_shows_{state}" for viewer in self.viewers for state in {*viewer.states}
        )

    async def _is_in_sync(self, viewer: Viewer) -> bool:
        epoch = self.servers.record.epoch(viewer.performance_id)
        expected, _ = await self._restored(viewer.performance_id, epoch)
        return viewer.is_watching and viewer.epoch == epoch and viewer.states == expected.statuses

    async def _holds_left(self, performance_id: str) -> bool:
        epoch = self.servers.record.epoch(performance_id)
        in_memory = any(actor.seat_map.holds for actor in self._owners(performance_id, epoch))
        return in_memory or bool((await self.servers.holds.holds(performance_id, epoch)).holds)

    def _owners(self, performance_id: str, epoch: int) -> list[PerformanceActor]:
        actors = [actor for node in self.storm.nodes.values() if node is not None for actor in node.host.actors]
        return [
            a for a in actors if a.performance.performance_id == performance_id and a.epoch == epoch and a.is_active
        ]

    async def _compare(self, performance_id: str) -> None:
        """The record against what was told, and the owner against the record (RULE 7, INV-5)."""
        epoch = self.servers.record.epoch(performance_id)
        record = await self.servers.record.load(performance_id, epoch)
        expected, stale = await self._restored(performance_id, epoch)
        told = self.history.claims_of(performance_id) | self._seats_of_orders(performance_id)
        found = {claim.order_id: (set(claim.seats), claim.sold) for claim in record.claims}
        if found != told:
            self.history.violations.append(f"{performance_id}: the record has {found}, but {told} was told")
        self.history.violations += self.contingents.differs(performance_id, record)
        if stale:
            self.history.violations.append(f"{performance_id}: holds {stale} contradict the record")
        for actor in self._owners(performance_id, epoch):
            owner = actor.seat_map
            if owner.statuses != expected.statuses:
                states = f"owner {list(owner.statuses)}, stores {list(expected.statuses)}"
                self.history.violations.append(f"{performance_id}: {states}")
            counted = None if owner.quotas is None else owner.quotas.used
            self.history.violations += self.contingents.miscounted(performance_id, record, counted)
            if actor.feed.statuses != owner.statuses:
                states = f"shown {list(actor.feed.statuses)}, owner {list(owner.statuses)}"
                self.history.violations.append(f"{performance_id}: {states}")

    async def _restored(self, performance_id: str, epoch: int) -> tuple[SeatMap, list[str]]:
        record = await self.servers.record.load(performance_id, epoch)
        opened = await self.servers.holds.holds(performance_id, epoch)
        return restore(len(self.plan.seat_ids), self.rules, record, opened.holds)

    def _seats_of_orders(self, performance_id: str) -> dict[str, tuple[set[int], bool]]:
        return {
            order.order_id: ({self.plan.index_of[seat_id] for seat_id in part.seat_ids}, True)
            for order in self.shops.orders()
            for part in order.parts
            if part.performance_id == performance_id and order.state is OrderState.CONFIRMED
        }

    def findings(self) -> list[str]:
        """Everything that must not be."""
        found = [*self.history.audit(), *self.wires.violations, *self.truth.violations]
        found += [finding for viewer in self.viewers for finding in viewer.violations]
        for name, epochs in self.servers.record.minted.items():
            if epochs != list(range(1, len(epochs) + 1)):
                found.append(f"{name}: epochs {epochs} are not dense and rising")
        for process in self._processes():
            found += [f"{process.name} broke: {error!r}" for error in process.broken]
        return found

    def _processes(self) -> list[SimulatedProcess]:
        nodes, shops = self.storm.everyone, self.shops.everyone
        return [*(one.process for one in nodes), *(one.process for one in shops), *self.reporting.everyone]

    async def end(self) -> Counter[str]:
        """Lets go of everything; returns what was met."""
        self.wires.is_down = True
        for process in self._processes():
            process.kill()
        await self.clock.sleep(0.001)  # the cancelled tasks come to their end
        for process in self._processes():
            process.bury()
        for order in self.shops.orders():
            self.weather.met[f"ended_{order.state.value}"] += 1
        self.weather.met.update(stories(self.shops.world))
        self.weather.met.update(self.history.ceilings.met + self.history.house.met)
        self.weather.met["takeover"] += self.servers.record.takeovers
        return self.weather.met


@contextmanager
def _logs_counted(met: Counter[str]) -> Iterator[None]:
    """No line is written; each counts as log_<event>, with its cause."""

    def count(_logger: Any, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
        met[f"log_{event['event']}"] += 1
        if "cause" in event:
            met[f"log_{event['event']}_{event['cause']}"] += 1
        raise structlog.DropEvent

    before = structlog.get_config()
    structlog.configure(processors=[count], cache_logger_on_first_use=False)
    try:
        yield
    finally:
        structlog.configure(**before)


async def _nobody_to_ask(_engine: Any) -> None:
    return


def run_seed(seed: int, parts: Parts | None = None) -> Outcome:
    """Runs one world. Never raises for what the world does: that is a finding."""
    met: Counter[str] = Counter()
    findings: list[str] = []
    worlds: list[World] = []

    async def main() -> None:
        world = World(seed, parts or Parts())
        worlds.append(world)
        try:
            await world.run()
        finally:
            findings.extend(world.findings())
            met.update(await world.end())

    with _logs_counted(met), pytest.MonkeyPatch.context() as patch:
        # The relay's only way to SQL. Everything else of it is the real thing.
        patch.setattr(relay, "hold_outbox", hold_memory_outbox)
        patch.setattr(relay, "wake_outbox_holder", _nobody_to_ask)
        patch.setattr(seat_feed, "WATCHER_QUEUE_DELTAS", QUEUE_DELTAS)
        patch.setattr(seat_feed, "Watcher", numbered_watchers(met))
        try:
            run_virtual(main(), limit_seconds=LIMIT_SECONDS)
        except (VirtualDeadlock, VirtualTimeExceeded) as error:
            findings.append(f"never ended: {error}")
    findings += [f"{met[name]} lines {name}" for name in MUST_NOT_BE_LOGGED if met[name]]
    return Outcome(seed, findings, met, worlds[0].weather.trace_hash)
