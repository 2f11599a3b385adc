"""The orders service in the simulation: the real desk, saga and driver in processes that are killed and frozen."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, TypeVar

from services.inventory.ports import SeatPlan
from services.orders.adapters.memory_payments import MemoryPayment
from services.orders.domain.order import Order
from services.orders.handlers.acting import act_on
from services.orders.ports import Unanswered
from services.runtime.clock import Clock
from services.runtime.ids import SeededIds
from tests.simulation.orders.auditor import orders_of
from tests.simulation.orders.faults import Call, Tap, tapped
from tests.simulation.stage.cluster_client import ClusterClient, ClusterSeatInventory
from tests.simulation.stage.history import History
from tests.simulation.stage.network import Network, NoAnswer
from tests.simulation.stage.processes import SimulatedProcess, outside
from tests.simulation.stage.weather import Weather
from tests.unit.orders.builders import HOUSE, a_plan, an_offer
from tests.unit.orders.rig import TIMING, Shop, World

T = TypeVar("T")

CALL_SECONDS = 4.0
FAIR_REPORT_SECONDS = 0.2


async def _nothing(_place: str) -> None:
    await asyncio.get_running_loop().create_future()


class ShopProcess:
    """One start of one process of the orders service."""

    def __init__(self, shops: Shops, place: str, start: int) -> None:
        self.process = SimulatedProcess(f"{place}.{start}")
        self.shop: Shop | None = None
        _ = self.process.start(self._run(shops, place), "run")

    async def _run(self, shops: Shops, place: str) -> None:
        seats = ClusterSeatInventory(shops.client(place), shops.plan, shops.history)
        shop = Shop(
            shops.world,
            inventory=lambda _: seats,
            payments=lambda port: tapped(port, shops.to_payments(place)),
            ticketing=lambda port: tapped(port, shops.to_ticketing(place)),
            store=lambda port: tapped(port, shops.to_record()),
            consumes=False,
        )
        async with shop:
            self.shop = shop
            await shops.also_run(place)


class Shops:
    """The processes, their record, the payments service, and the way of its reports to the orders."""

    def __init__(
        self,
        network: Network,
        clock: Clock,
        weather: Weather,
        history: History,
        plan: SeatPlan,
        client: Callable[[str], ClusterClient],
    ) -> None:
        self.plan = plan
        self.history = history
        self.client = client
        self.world = World(clock, ids=SeededIds(weather.random.randrange(1_000_000)))
        self.everyone: list[ShopProcess] = []
        self.now: dict[str, ShopProcess | None] = {}
        # What else runs in each process: the relay.
        self.also_run: Callable[[str], Awaitable[None]] = _nothing
        self._network = network
        self._clock = clock
        self._weather = weather
        self._storm: asyncio.Task[None] | None = None

    def open(self, performance_ids: tuple[str, ...], places: tuple[str, ...]) -> None:
        """Puts the performances on offer and starts the processes."""
        for performance_id in performance_ids:
            self.world.catalogue.put(
                HOUSE, replace(an_offer(), performance_id=performance_id), a_plan(rows=1, seats=10)
            )
        for place in places:
            self._start(place)
        _ = outside(self._reports(), "payment reports")

    def begin(self) -> None:
        """The storm, as far as these processes go."""
        if "shop_crash" in self._weather.events:
            self._storm = outside(self._crashes(), "shop crashes")

    def heal(self) -> None:
        """Everything runs again and stays so."""
        if self._storm is not None:
            self._storm.cancel()
        for place, one in self.now.items():
            if one is None:
                self._start(place)
            else:
                one.process.thaw()

    def _start(self, place: str) -> None:
        one = ShopProcess(self, place, len(self.everyone))
        self.everyone.append(one)
        self.now[place] = one

    async def _crashes(self) -> None:
        random = self._weather.random
        while True:
            await self._clock.sleep(random.expovariate(1 / self._weather.events["shop_crash"]))
            place = random.choice(sorted(self.now))
            one = self.now[place]
            if one is None:
                continue
            if random.random() < 0.4:
                self._weather.met["shop_freeze"] += 1
                one.process.freeze()
                await self._clock.sleep(random.uniform(1.0, 15.0))
                one.process.thaw()
                continue
            self._weather.met["shop_crash"] += 1
            one.process.kill()
            self.now[place] = None
            await self._clock.sleep(random.uniform(0.2, 5.0))
            self._start(place)

    def to_payments(self, place: str) -> Tap:
        """Calls of the payments service."""

        async def tap(name: str, call: Call) -> Any:
            return await self._network.to_store(place, "payments", name, call, lambda: Unanswered(name))

        return tap

    def to_ticketing(self, place: str) -> Tap:
        """Calls of ticketing."""

        async def tap(name: str, call: Call) -> Any:
            return await self._network.to_store(place, "ticketing", name, call, lambda: Unanswered(name))

        return tap

    def to_record(self) -> Tap:
        """The orders' own database: it answers, unless the process dies over it."""

        async def tap(name: str, call: Call) -> Any:
            answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

            async def serve() -> None:
                await self._clock.sleep(0.001)
                try:
                    result = await call()
                except Exception as error:  # noqa: BLE001 (the caller's to know)
                    if not answer.done():
                        answer.set_exception(error)
                    return
                await self._clock.sleep(0.001)
                if not answer.done():
                    answer.set_result(result)

            _ = outside(serve(), "orders record")
            return await answer

        return tap

    async def _reports(self) -> None:
        """What payments tells, at least once, late, each payment's reports in their order."""
        random, bus = self._weather.random, self.world.bus
        while True:
            await self._clock.sleep(FAIR_REPORT_SECONDS if self._weather.is_fair else random.uniform(0.05, 2.0))
            if not bus:
                continue
            payment = bus[random.randrange(len(bus))][0]
            first = next(index for index, (other, _) in enumerate(bus) if other is payment)
            await self.world.store.change(payment.ref, act_on(bus[first][1], self._clock, TIMING))
            if not self._weather.is_fair and random.random() < 0.2:
                self._weather.met["report_twice"] += 1
            else:
                bus.pop(first)

    async def ask(self, act: Callable[[Shop], Awaitable[T]]) -> T:
        """A buyer's call to some process, repeated with the same key until it is answered."""
        while True:
            one = self.now[self._weather.random.choice(sorted(self.now))]
            if one is not None and one.shop is not None:
                shop = one.shop

                async def answer(shop: Shop = shop) -> T:
                    return await act(shop)

                try:
                    return await self._network.to_process("buyer", one.process, answer, CALL_SECONDS)
                except NoAnswer:
                    self._weather.met["shop_unanswered"] += 1
            await self._clock.sleep(self._weather.random.uniform(0.1, 1.5))

    def orders(self) -> list[Order]:
        """Every order."""
        return orders_of(self.world.store)

    def payments(self) -> list[MemoryPayment]:
        """Every payment."""
        return self.world.payments.payments()
