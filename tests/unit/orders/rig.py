"""The orders service without wires: desk, saga and driver over a store, with twins of the other services."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import Self

from services.contracts.order_code_refusals import OrderCodeWrong
from services.orders.adapters.memory_catalogue import MemoryCatalogue
from services.orders.adapters.memory_customers import MemoryCustomers
from services.orders.adapters.memory_order_store import MemoryOrderStore
from services.orders.adapters.memory_payments import MemoryPayment, MemoryPayments
from services.orders.adapters.memory_seat_inventory import MemorySeatInventory
from services.orders.adapters.memory_ticketing import MemoryTicketing
from services.orders.adapters.memory_ways_to_pay import MemoryWaysToPay
from services.orders.adapters.signed_quotes import SignedQuotes
from services.orders.domain.buyer_policy import BuyerPolicy, ExchangeRules
from services.orders.domain.commands import PaymentReport
from services.orders.domain.order import Order
from services.orders.domain.refunds import LineRef
from services.orders.domain.steps import Timing
from services.orders.handlers.acting import act_on
from services.orders.handlers.cached_catalogue import CachedCatalogue
from services.orders.handlers.exchanges import Exchanges
from services.orders.handlers.form_desk import FormDesk
from services.orders.handlers.order_desk import CheckOutWish, DeskParts, OrderDesk
from services.orders.handlers.order_hold import OrderHold
from services.orders.handlers.order_making import OrderMaker
from services.orders.handlers.order_notifier import OrderNotifier
from services.orders.handlers.order_request import ExchangeRequest
from services.orders.handlers.paying import PayingDesk
from services.orders.handlers.quoting import Quoter
from services.orders.handlers.saga import Saga, SagaParts
from services.orders.handlers.saga_driver import DriverLimits, SagaDriver
from services.orders.ports import Operation, OrderRef, OrderStore, Payments, SeatInventory, Ticketing
from services.orders.ports.order_door import ShownCode
from services.runtime.clock import Clock, LoopClock
from services.runtime.errors import Refusal
from services.runtime.ids import Ids, SeededIds
from tests.unit.orders.builders import HOUSE, SHOW, a_hold, a_key, a_plan, a_request, an_offer

WINDOW_MS = 60_000
LEASE_MS = 10_000
QUOTE_MS = 600_000
TIMING = Timing(payment_poll_ms=5_000, longest_retry_ms=5_000)


class WhatBuyersMay:
    """The part of BuyerPolicies that orders read: nothing, but for what a test says of a performance."""

    def __init__(self) -> None:
        self.exchanges: dict[str, ExchangeRules] = {}

    async def in_force(
        self, house_id: str, performance_ids: Collection[str], at_ms: int | None = None
    ) -> Mapping[str, BuyerPolicy]:
        assert house_id == HOUSE
        return {one: BuyerPolicy(exchanges=self.exchanges.get(one, ExchangeRules())) for one in performance_ids}


class Door:
    """An OrderDoor to the tickets that were made. `passed_on`: by the ticket's id, who has it instead of its buyer."""

    def __init__(self, ticketing: MemoryTicketing) -> None:
        self._tickets = ticketing.tickets
        self.passed_on: dict[str, str] = {}

    async def shown(self, house_id: str, order_id: str, code: str) -> ShownCode | Refusal:
        """See OrderDoor.shown."""
        mine = {
            LineRef(performance_id, seat_id): ticket
            for (of_order, performance_id, seat_id), ticket in self._tickets.items()
            if (house_id, of_order) == (HOUSE, order_id)
        }
        holders = {line: self.passed_on.get(ticket.ticket_id, "") for line, ticket in mine.items()}
        shown = next((line for line, ticket in mine.items() if ticket.barcode == code), None)
        if shown is None:
            return OrderCodeWrong()
        return ShownCode(holders[shown], tuple(line for line in mine if holders[line] == holders[shown]), shown)


class World:
    """What outlives a crash of the orders service: the other services, the bus, the store."""

    def __init__(self, clock: Clock | None = None, store: OrderStore | None = None, ids: Ids | None = None) -> None:
        self.clock = clock or LoopClock()
        self.ids = ids or SeededIds(1)
        self.store: OrderStore = store or MemoryOrderStore(self.clock)
        self.inventory = MemorySeatInventory(self.clock)
        self.payments = MemoryPayments(self._tell, self.clock)
        self.ways = MemoryWaysToPay()
        self.ticketing = MemoryTicketing(self.ids)
        self.catalogue = MemoryCatalogue()
        self.customers = MemoryCustomers()
        self.policies = WhatBuyersMay()
        self.door = Door(self.ticketing)
        self.catalogue.put(HOUSE, an_offer(), a_plan())
        self.bus: list[tuple[MemoryPayment, PaymentReport]] = []
        self.told = asyncio.Event()

    def _tell(self, payment: MemoryPayment, report: PaymentReport) -> None:
        self.bus.append((payment, report))
        self.told.set()

    async def deliver(self) -> None:
        """What the consumer does: applies every event on the bus, in order."""
        while self.bus:
            payment, report = self.bus.pop(0)
            await self.store.change(payment.ref, act_on(report, self.clock, TIMING))


class Shop:
    """One process of the orders service. `async with` runs its loops; leaving it is a crash."""

    def __init__(
        self,
        world: World,
        *,
        inventory: Callable[[SeatInventory], SeatInventory] = lambda port: port,
        payments: Callable[[Payments], Payments] = lambda port: port,
        ticketing: Callable[[Ticketing], Ticketing] = lambda port: port,
        store: Callable[[OrderStore], OrderStore] = lambda port: port,
        limits: DriverLimits | None = None,
        consumes: bool = True,
    ) -> None:
        self.world = world
        self._consumes = consumes
        clock, ids = world.clock, world.ids
        record = store(world.store)
        seats = inventory(world.inventory)
        self.notifier = OrderNotifier(record, clock)
        money, tickets = payments(world.payments), ticketing(world.ticketing)
        saga = Saga(SagaParts(record, seats, money, tickets, self.notifier, clock, TIMING, LEASE_MS))
        self.driver = SagaDriver(saga, record, clock, ids, limits or DriverLimits())
        catalogue = CachedCatalogue(world.catalogue, clock, ttl_seconds=1.0)
        self.quoter = Quoter(catalogue, SignedQuotes(["a-secret-of-the-tests"]), clock, lives_ms=QUOTE_MS)
        maker = OrderMaker(seats, catalogue, self.quoter, clock, ids, hold_grace_ms=TIMING.hold_grace_ms)
        hold = OrderHold(seats)
        buyers, notifier = world.customers, self.notifier
        vouchers, form = world.payments.vouchers, FormDesk(catalogue, buyers, clock)
        paying = PayingDesk(world.ways, clock)
        self.exchanges = Exchanges(record, maker, world.policies, catalogue, world.door, clock, TIMING)
        self.desk = OrderDesk(
            DeskParts(
                record,
                maker,
                buyers,
                vouchers,
                hold,
                self.driver,
                notifier,
                clock,
                TIMING,
                WINDOW_MS,
                form,
                paying,
                self.exchanges,
            )
        )
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        loops = [self.driver.run, self.notifier.run]
        if self._consumes:
            loops.append(self._consume)
        self._tasks = [asyncio.create_task(loop(), name=loop.__qualname__) for loop in loops]
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _consume(self) -> None:
        while True:
            await self.world.told.wait()
            self.world.told.clear()
            await self.world.deliver()
            self.driver.wake()

    async def ordered(self, *seats: str, name: str = "1", ticket_type: str = "normal") -> Order:
        """An open order out of a fresh hold."""
        return answered(await self.try_ordered(*seats, name=name, ticket_type=ticket_type))

    async def try_ordered(
        self, *seats: str, name: str = "1", ticket_type: str = "normal", exchange: ExchangeRequest | None = None
    ) -> Order | Refusal:
        """The same, or why not; lines of another order may be given for it."""
        hold_id, holder_id = f"hold_{name}", f"holder_{name}"
        until_ms = self.world.clock.now_ms() + 600_000
        self.world.inventory.hold(SHOW, a_hold(*seats, hold_id=hold_id, holder_id=holder_id, until_ms=until_ms))
        request = a_request(*seats, hold_id=hold_id, holder_id=holder_id, ticket_type=ticket_type)
        return await self.desk.create(replace(request, exchange=exchange), a_key(f"create_{name}"))

    async def checked_out(self, order: Order, *, key: str = "", seconds: float = 2.0) -> Order:
        """The answer to CheckOut."""
        return answered(await self.try_check_out(order, key=key, seconds=seconds))

    async def try_check_out(
        self, order: Order, *codes: str, key: str = "", seconds: float = 2.0, url: str = "https://shop.example/done"
    ) -> Order | Refusal:
        """CheckOut with the right total."""
        wish = CheckOutWish(order.total, url, codes)
        request_key = a_key(key or f"out_{order.order_id}", Operation.CHECK_OUT)
        return await self.desk.check_out(ref_of(order), wish, request_key, seconds)

    async def read(self, order: Order) -> Order:
        """The order as it stands."""
        return answered(await self.desk.get(ref_of(order), 0))

    async def ended(self, order: Order, seconds: float = 300.0) -> Order:
        """The order once it is in a final state."""
        return answered(await self.desk.get(ref_of(order), seconds))

    def payment(self, order: Order) -> MemoryPayment:
        """The order's payment at the provider."""
        payment = self.world.payments.of_order(order.order_id)
        assert payment is not None
        return payment


def ref_of(order: Order) -> OrderRef:
    """Names it."""
    return OrderRef(order.house_id, order.order_id)


def answered(answer: Order | Refusal) -> Order:
    """The order, where a refusal would be a failure."""
    assert not isinstance(answer, Refusal), answer
    return answer
