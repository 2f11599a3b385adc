"""Every service of a house on one machine, its holds in a Valkey Cluster, and a crowd that buys tickets for money."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from services.console.commands.demo import NORMAL, Tempo, misbehaving_provider
from services.console.sale.crowd_process import Assignment
from services.console.sale.demo_house import DemoHouse, OnSale, SaleTerms
from services.console.sale.hall import Place
from services.console.sale.script import Pace
from services.console.stack.data_folder import DataFolder
from services.console.stack.local_stack import LocalStack, StackOptions
from services.runtime.clock import Clock
from services.runtime.embedded.ports import free_port, is_free
from services.runtime.embedded.valkey_cluster import EmbeddedValkeyCluster
from services.runtime.ids import Ids
from services.runtime.rpc.client import open_channel
from tests.chaos.bus_front import BusFront, KafkaBusFront, PostgresBusFront

SMALL_PLAN = Path(__file__).parents[2] / "services/catalogue/plans/schouwburg-grote-zaal.json"
INVENTORY_NODES = 2
# At the seat map, and at the check-out, at a time.
CHOOSING, ORDERING, CONNECTIONS = 12, 8, 2


@dataclass(frozen=True, slots=True)
class WholeStack:
    """The pieces of a running stack."""

    services: LocalStack
    cluster: EmbeddedValkeyCluster
    bus: BusFront
    on_sale: Sequence[OnSale]
    ledger: Path

    @property
    def performances(self) -> list[str]:
        """What is on sale."""
        return [sale.performance.performance_id for sale in self.on_sale]

    @property
    def seats(self) -> int:
        """How many there are to sell."""
        return sum(len(sale.plan.seats) for sale in self.on_sale)

    def assignments(self, seed: int, buyers: int, pace: Pace) -> list[Assignment]:
        """The buyers, dealt to one load process per performance."""
        targets = self.services.record.targets
        return [
            Assignment(
                seed=seed,
                buyers=buyers,
                first=number,
                step=len(self.on_sale),
                pace=pace,
                choosing=CHOOSING,
                ordering=ORDERING,
                connections=CONNECTIONS,
                inventory_target=targets["inventory"],
                orders_target=targets["orders"],
                house_id=sale.house_id,
                performance_id=sale.performance.performance_id,
                plan_version=sale.performance.plan_version,
                places=[Place(seat.seat_id, seat.zone, seat.row, seat.x, seat.y) for seat in sale.plan.seats],
                service_key=self.services.service_key,
            )
            for number, sale in enumerate(self.on_sale)
        ]


@asynccontextmanager
async def running_whole_stack(
    clock: Clock,
    ids: Ids,
    path: Path,
    *,
    with_kafka: bool,
    plans: Sequence[bytes],
    tempo: Tempo = NORMAL,
    seed: int = 0,
    tell: Callable[[str], None] = lambda _: None,
) -> AsyncIterator[WholeStack]:
    """Everything on loopback, in `path` (which `nobody` must reach), one performance per plan. Ends what it started.

    The provider misbehaves all the time, by the seed.
    """
    async with AsyncExitStack() as stack:
        folder = stack.enter_context(DataFolder(path))
        cluster = EmbeddedValkeyCluster(path / "valkey_cluster", replicas=3)
        stack.callback(cluster.stop)
        await asyncio.to_thread(cluster.start)
        bus: BusFront
        if with_kafka:
            bus = KafkaBusFront(path / "kafka")
        else:
            bus = PostgresBusFront(clock, folder.ports(["postgres"], free_port, is_free)["postgres"])
        stack.push_async_callback(bus.stop)
        await bus.start()
        # The stack's own Valkey stands idle: these settings come last.
        tuning = tempo.tuning() | misbehaving_provider(seed) | {"BALCON_INVENTORY_REDIS_URL": cluster.url}
        options = StackOptions(bus.url, tuning, INVENTORY_NODES, integrations=())
        services = await stack.enter_async_context(LocalStack(folder, options, clock=clock, ids=ids, progress=tell))
        targets = services.record.targets
        async with (
            open_channel(targets["catalogue"], clock) as catalogue,
            open_channel(targets["accounts"], clock) as accounts,
        ):
            terms = SaleTerms(hold_ttl_seconds=tempo.hold_ttl_seconds)
            on_sale = [
                await DemoHouse(catalogue, accounts, clock=clock, ids=ids, label="chaos").open_sale(plan, terms)
                for plan in plans
            ]
        yield WholeStack(services, cluster, bus, on_sale, path / "sandbox.sqlite")
