"""Orders' events on their way: the real relay in each shop, the bus, and a real consumer that adds up what was sold."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any, cast

from balcon.orders.v1 import orders_events_pb2 as events

from services.orders.adapters.memory_order_store import MemoryOrderStore
from services.orders.domain.order import OrderState
from services.runtime.bus.memory_bus import MemoryBus
from services.runtime.bus.port import Subscription
from services.runtime.bus.topics import ORDERS
from services.runtime.clock import Clock
from services.runtime.errors import Retryable
from services.runtime.outbox.consumer import EventConsumer
from services.runtime.outbox.event import IncomingEvent
from services.runtime.outbox.relay import OutboxRelay
from tests.simulation.orders.faults import Call, tapped
from tests.simulation.stage.network import Network
from tests.simulation.stage.outbox_twins import MemoryDatabase, MemoryOutbox, Transaction
from tests.simulation.stage.processes import SimulatedProcess, outside
from tests.simulation.stage.shops import Shops
from tests.simulation.stage.weather import Weather

# The broker notices that a member is gone.
SESSION_SECONDS = 2.0


class BusUnanswered(Retryable):
    """The bus did not say whether it has the messages."""


class Reporting:
    """The outbox, the bus and one consuming process after the other."""

    def __init__(self, shops: Shops, network: Network, clock: Clock, weather: Weather) -> None:
        store = shops.world.store
        assert isinstance(store, MemoryOrderStore)
        self._shops = shops
        self._network = network
        self._clock = clock
        self._weather = weather
        self._bus = MemoryBus()
        self.outbox = MemoryOutbox(lambda: store.events, clock, weather)
        self._database = MemoryDatabase(clock, weather)
        self.everyone: list[SimulatedProcess] = []
        self._storm: asyncio.Task[None] | None = None
        shops.also_run = self._relay

    async def open(self) -> None:
        """Makes the topic and starts the consumer."""
        await self._bus.create_topics({ORDERS: 2})
        self._start()

    def begin(self) -> None:
        """The storm, as far as the consumer goes."""
        self._storm = outside(self._crashes(), "reporting crashes")

    def heal(self) -> None:
        """The consumer runs and stays so."""
        if self._storm is not None:
            self._storm.cancel()
        if self.everyone[-1].is_dead:
            self._start()
        for process in self.everyone:
            process.thaw()

    def _tapped_bus(self, place: str) -> Any:
        async def tap(name: str, call: Call) -> Any:
            if name != "publish":
                return await call()
            return await self._network.to_store(place, "bus", name, call, BusUnanswered)

        return tapped(self._bus, tap)

    async def _relay(self, place: str) -> None:
        engine = cast("Any", self.outbox)
        relay = OutboxRelay(
            engine, self._tapped_bus(place), source="balcon.orders", clock=self._clock, interval_seconds=0.5
        )
        await relay.run()

    def _start(self) -> None:
        process = SimulatedProcess(f"reporting.{len(self.everyone)}")
        self.everyone.append(process)
        _ = process.start(self._consume(process), "consumer")

    async def _consume(self, process: SimulatedProcess) -> None:
        database = cast("Any", self._database)
        bus = self._tapped_bus("reporting")
        consumer = EventConsumer(bus, database, group="report", topics=[ORDERS], handler=self._add, clock=self._clock)
        consumer._inbox = consumer._application._inbox = database
        consumer._membership._pauses = database
        subscribe = self._bus.subscribe

        async def watched(group: str, topics: list[str], *, unhurried: bool = False) -> Subscription:
            subscription = await subscribe(group, topics, unhurried=unhurried)
            _ = outside(self._ends_with(process, subscription), "broker session")
            return subscription

        bus.__dict__["subscribe"] = watched
        await consumer.run()

    async def _ends_with(self, process: SimulatedProcess, subscription: Subscription) -> None:
        """A member that is dead or frozen sends no heartbeats."""
        silent_seconds = 0.0
        while silent_seconds < SESSION_SECONDS:
            await self._clock.sleep(0.5)
            silent_seconds = silent_seconds + 0.5 if process.is_dead or process.is_frozen else 0.0
        await subscription.close()

    async def _crashes(self) -> None:
        random = self._weather.random
        while True:
            await self._clock.sleep(random.expovariate(1 / 15.0))
            self._weather.met["reporting_crash"] += 1
            old = self.everyone[-1]
            if random.random() < 0.5:
                # A member that the broker has given up, and that goes on with its window later.
                old.freeze()
                self._start()
                await self._clock.sleep(random.uniform(1.0, 8.0))
                old.thaw()
                await self._clock.sleep(5.0)
            old.kill()
            if self.everyone[-1].is_dead:
                await self._clock.sleep(random.uniform(0.1, 4.0))
                self._start()

    async def _add(self, connection: Any, event: IncomingEvent) -> None:
        """The effect: what a reader of the events alone comes to."""
        transaction = cast("Transaction", connection)
        message = getattr(events, event.type.rsplit(".", 1)[1]).FromString(event.payload)
        if isinstance(message, events.OrderConfirmed):
            transaction.totals["seats"] += len(message.lines)
            transaction.totals["revenue"] += message.total.amount_minor
        elif isinstance(message, events.OrderRefunded) and message.lines:
            transaction.totals["seats"] -= len(message.lines)
            transaction.totals["revenue"] -= message.amount.amount_minor
        self._weather.met["event_applied"] += 1

    def differs(self) -> list[str]:
        """INV-7: what the reader has, against a recompute from the record; empty once it has caught up."""
        confirmed = [order for order in self._shops.orders() if order.state is OrderState.CONFIRMED]
        wanted = Counter(
            seats=sum(len(order.seat_ids) for order in confirmed),
            revenue=sum(order.total.amount_minor for order in confirmed),
        )
        found = [] if self.outbox.is_drained() else ["the outbox is not empty"]
        totals = Counter({name: self._database.state.totals[name] for name in wanted})
        return found if totals == wanted else [*found, f"events add up to {dict(totals)}, orders to {dict(wanted)}"]
