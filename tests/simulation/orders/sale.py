"""A sale in virtual time: buyers, processes that die and come back, neighbours that stutter. One seed decides all."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import TypeVar

from services.orders.adapters.memory_order_store import MemoryOrderStore
from services.orders.adapters.memory_payments import MemoryPayment
from services.orders.adapters.order_turns import AskedChange
from services.orders.domain.commands import ActOnLines, RefundTerms
from services.orders.domain.order import Order, OrderState
from services.orders.domain.refunds import LineRef
from services.orders.handlers.acting import act_on
from services.orders.handlers.order_desk import CheckOutWish
from services.orders.ports import Operation, OrderStore, PaymentState, Unanswered
from services.runtime.clock import LoopClock
from services.runtime.errors import Refusal
from services.runtime.ids import seeded_random
from services.runtime.work.gathering import ItemBroke
from tests.simulation.orders.auditor import (
    is_in_the_record,
    is_safe,
    is_settled,
    nothing_goes_back_unasked,
    orders_of,
    stories,
    vouchers_add_up,
)
from tests.simulation.orders.faults import Rates, Weather, tapped
from tests.simulation.orders.grouped_store import GroupedOrderStore, committed
from tests.unit.orders.builders import SHOW, a_hold, a_key, a_plan, a_request
from tests.unit.orders.rig import TIMING, Shop, World, ref_of

T = TypeVar("T")

SEATS = [seat_id for seat_id, seat in a_plan(rows=3, seats=8).items() if seat.category == "stalls"]
BUYERS = 25
STORM_SECONDS = 240.0
CALM_SECONDS = 3_600.0
RESTART_SECONDS = 1.5
# Why the house gives money back.
RAIN = "rain"


class Sale:
    """Phase 1: safety in bad weather. Phase 2: fair weather, and everything must end."""

    def __init__(self, seed: int, processes: int = 2) -> None:
        self._random = seeded_random(seed)
        self._seed = seed
        self.clock = LoopClock()
        self.world = World(self.clock)
        self.seen: Counter[str] = Counter()
        # What was on each voucher, and how often the house asked for money of an order to go back.
        self._vouchers: dict[str, int] = {}
        self._asked_back: Counter[str] = Counter()
        self._weather = [Weather(seed * 31 + number, self.clock, Rates(), self.seen) for number in range(processes)]
        self._shops: list[Shop | None] = [None] * processes
        self._crashed = [asyncio.Event() for _ in range(processes)]
        self._calls: list[set[asyncio.Task[object]]] = [set() for _ in range(processes)]
        self._stores: list[GroupedOrderStore] = []
        self._is_calm = False

    async def run(self) -> None:
        """Raises AssertionError where the auditor is not content."""
        hosts = [asyncio.create_task(self._host(number), name=f"host {number}") for number in range(len(self._shops))]
        others = [asyncio.create_task(self._bus(), name="bus"), asyncio.create_task(self._audit(), name="auditor")]
        buyers = [asyncio.create_task(self._buyer(number), name=f"buyer {number}") for number in range(BUYERS)]
        await self.clock.sleep(STORM_SECONDS)
        self._is_calm = True
        for weather in self._weather:
            weather.is_fair = True
        await asyncio.gather(*buyers)
        await self._until_settled()
        for task in (*hosts, *others):
            task.cancel()
        for result in await asyncio.gather(*hosts, *others, return_exceptions=True):
            assert isinstance(result, asyncio.CancelledError), result
        is_settled(self.world)
        vouchers_add_up(self.world, self._vouchers)
        nothing_goes_back_unasked(self.world, self._asked_back, RAIN)
        self.seen.update(f"ended_{order.state.value}" for order in orders_of(self.world.store))
        self.seen.update(stories(self.world))
        self.seen["orders_together"] += sum(size > 1 for store in self._stores for size in store.groups)

    async def _until_settled(self) -> None:
        until = self.clock.monotonic() + CALM_SECONDS
        while True:
            try:
                is_settled(self.world)
            except AssertionError:
                if self.clock.monotonic() > until:
                    raise
                await self.clock.sleep(5.0)
            else:
                return

    async def _host(self, number: int) -> None:
        """Keeps one process running, again and again."""
        weather = self._weather[number]
        crashed = self._crashed[number]
        weather.crash = crashed.set
        while True:
            crashed.clear()
            shop = Shop(
                self.world,
                inventory=lambda port: tapped(port, weather.outside),
                payments=lambda port: tapped(port, weather.outside),
                store=lambda port: self._grouped(port, weather),
                consumes=False,
            )
            async with shop:
                self._shops[number] = shop
                await crashed.wait()
                self._shops[number] = None
            for call in self._calls[number]:
                call.cancel()
            await self.clock.sleep(RESTART_SECONDS)

    def _grouped(self, record: OrderStore, weather: Weather) -> OrderStore:
        """As each process has it: what is asked for while a group is under way is the next."""
        assert isinstance(record, MemoryOrderStore)
        store = GroupedOrderStore(record, weather.record)
        self._stores.append(store)
        return store

    async def _bus(self) -> None:
        """At least once, late, in batches, each payment's reports in their order; processes come and go meanwhile."""
        while True:
            await self.clock.sleep(0.02 if self._is_calm else self._random.uniform(0.01, 3.0))
            if not self.world.bus:
                continue
            place = self._random.randrange(len(self.world.bus))
            payment = self.world.bus[place][0]
            theirs = [index for index, (other, _) in enumerate(self.world.bus) if other is payment]
            batch = theirs[: self._random.randint(1, 4)]
            told = [self.world.bus[index] for index in batch]
            assert isinstance(self.world.store, MemoryOrderStore)
            asked = [AskedChange(one.ref, act_on(report, self.clock, TIMING)) for one, report in told]
            for answer in committed(self.world.store, asked):
                if isinstance(answer, ItemBroke):
                    raise answer.cause
            self.seen["events_together"] += len(batch) > 1
            if not self._is_calm and self._random.random() < 0.2:
                self.seen["event_twice"] += 1
            else:
                for index in reversed(batch):
                    self.world.bus.pop(index)

    async def _audit(self) -> None:
        while True:
            await self.clock.sleep(0.5)
            is_safe(self.world)

    async def _ask(self, act: Callable[[Shop], Awaitable[T]]) -> T:
        """One call to some process, repeated with the same key until it is answered."""
        while True:
            number = self._random.randrange(len(self._shops))
            shop = self._shops[number]
            if shop is not None:

                async def answer(shop: Shop = shop) -> T:
                    return await act(shop)

                call = asyncio.create_task(answer())
                self._calls[number].add(call)
                try:
                    told = await call
                    is_in_the_record(self.world, told)
                    return told
                except Unanswered:
                    self.seen["buyer_unanswered"] += 1
                except asyncio.CancelledError:
                    if not call.cancelled():
                        raise
                    self.seen["buyer_disconnected"] += 1
                finally:
                    self._calls[number].discard(call)
            await self.clock.sleep(self._random.uniform(0.1, 2.0))

    async def _buyer(self, number: int) -> None:
        await self.clock.sleep(self._random.uniform(0, STORM_SECONDS * 0.7))
        for attempt in range(8):
            if await self._tries(f"{number}-{attempt}"):
                return

    async def _tries(self, name: str) -> bool:
        """One try to get seats; whether the buyer is done with it."""
        order = await self._ordered(name)
        if order is None:
            return False
        behaviour = self._random.choices(
            [
                "pays",
                "declines",
                "abandons",
                "leaves",
                "pays late",
                "races",
                "cancels",
                "refunds",
                "given back there",
                "acts on lines",
            ],
            [8, 2, 1, 2, 3, 4, 1, 2, 4, 5],
        )[0]
        self.seen[behaviour] += 1
        if behaviour == "leaves":
            return True
        key = a_key(f"out_{name}", Operation.CHECK_OUT)
        url = "https://shop.example/done"
        wish = CheckOutWish(order.total, url, self._codes(name, behaviour))
        out = await self._ask(lambda shop: shop.desk.check_out(ref_of(order), wish, key, 3.0))
        if isinstance(out, Refusal):
            self.seen[f"refused_{out.reason()}"] += 1
            return True
        await self._behaves(behaviour, order)
        return True

    def _codes(self, name: str, behaviour: str) -> tuple[str, ...]:
        """One's own voucher, or one that several buyers have. Who pays what is cancelled pays all of it by card."""
        if behaviour in {"races", "pays late"} or self._random.random() < 0.6:
            return ()
        code = self._random.choice([f"V{name}", "SHARED"])
        if code not in self._vouchers:
            self._vouchers[code] = self._random.choice([800, 2_500, 20_000])
            self.world.payments.vouchers.balances[code] = self._vouchers[code]
        self.seen["voucher"] += 1
        return (code,)

    async def _ordered(self, name: str) -> Order | None:
        count = self._random.randint(1, 3)
        start = self._random.randrange(len(SEATS) - count)
        seats = SEATS[start : start + count]
        if not all(self.world.inventory.is_free(SHOW, seat) for seat in seats):
            self.seen["seats_taken"] += 1
            await self.clock.sleep(self._random.uniform(0.5, 5.0))
            return None
        hold_id, holder_id = f"hold_{name}", f"holder_{name}"
        until_ms = self.clock.now_ms() + self._random.randint(-17_000, 60_000)
        held = a_hold(*seats, hold_id=hold_id, holder_id=holder_id, until_ms=until_ms)
        self.world.inventory.hold(SHOW, held)
        ticket_type = self._random.choices(["normal", "student", "free"], [6, 2, 1])[0]
        request = a_request(*seats, hold_id=hold_id, holder_id=holder_id, ticket_type=ticket_type)
        order = await self._ask(lambda shop: shop.desk.create(request, a_key(f"create_{name}")))
        if isinstance(order, Refusal):
            self.seen[f"refused_{order.reason()}"] += 1
            return None
        return order

    async def _behaves(self, behaviour: str, order: Order) -> None:
        payments = self.world.payments
        if behaviour == "cancels":
            await self._ask(lambda shop: shop.desk.cancel(ref_of(order), 2.0))
            return
        payment = await self._payment(order)
        if payment is None or behaviour == "abandons":
            return
        await self.clock.sleep(self._random.uniform(0.1, 20.0))
        if behaviour == "declines":
            payments.decline(payment)
            return
        if behaviour == "races":
            await self._cancelled_at_the_provider(payment)
        if behaviour == "pays late":
            await self._ask(lambda shop: shop.desk.get(ref_of(order), 30.0))
            await self.clock.sleep(self._random.uniform(40.0, 90.0))
        payments.pay(payment)
        if behaviour == "refunds":
            await self._refunds(order)
        if behaviour == "acts on lines":
            await self._acts_on_lines(payment, order)
        if behaviour == "given back there":
            await self._given_back_there(payment, order)

    async def _cancelled_at_the_provider(self, payment: MemoryPayment) -> None:
        """The buyer pays in the moment in which the provider confirms our cancel."""
        for _ in range(10_000):
            if payment.status is PaymentState.CANCELLED:
                await self.clock.sleep(self._random.uniform(0, 0.1))
                return
            await self.clock.sleep(0.02)

    async def _given_back_there(self, payment: MemoryPayment, order: Order) -> None:
        """At the provider, without us: at once, while the sale is being confirmed, or later; a part, parts, the whole.

        Sometimes the house gives the rest back in Balcon.
        """
        for _ in range(self._random.randint(1, 3)):
            await self.clock.sleep(self._random.choice([0.0, 0.3, 5.0, 30.0]))
            share = self._random.choice([0.3, 0.5, 1.0])
            self.world.payments.give_back(payment, max(1, int(payment.amount_minor * share)))
        if self._random.random() < 0.3:
            await self._refunds(order)

    async def _acts_on_lines(self, payment: MemoryPayment, order: Order) -> None:
        """The house cancels tickets, gives money back and puts seats on sale, one by one or all; sometimes money goes
        back at the provider meanwhile, or the rest of the order is refunded."""
        ended = await self._ask(lambda shop: shop.desk.get(ref_of(order), 30.0))
        if not isinstance(ended, Order) or ended.state is not OrderState.CONFIRMED:
            return
        for number in range(self._random.randint(1, 3)):
            part = order.first
            lines = self._random.choice([(LineRef(part.performance_id, self._random.choice(part.seat_ids)),), ()])
            terms = RefundTerms(fee_minor=self._random.choice([0, 0, 150]))
            cancel, refund = self._random.choice([(True, terms), (True, None), (False, terms), (True, terms)])
            release = cancel and self._random.random() < 0.7
            self._asked_back[order.order_id] += refund is not None
            act = ActOnLines(lines, cancel=cancel, release=release, refund=refund, reason=RAIN)
            key = a_key(f"act_{order.order_id}_{number}", Operation.REFUND_LINES)
            await self._ask(lambda shop, act=act, key=key: shop.desk.act(ref_of(order), act, key, 2.0))  # type: ignore[misc]
            if self._random.random() < 0.2:
                self.world.payments.give_back(payment, self._random.randint(1, 400))
            await self.clock.sleep(self._random.choice([0.0, 0.3, 5.0]))
        if self._random.random() < 0.2:
            await self._refunds(order)

    async def _refunds(self, order: Order) -> None:
        ended = await self._ask(lambda shop: shop.desk.get(ref_of(order), 30.0))
        if isinstance(ended, Order) and ended.state is OrderState.CONFIRMED:
            self._asked_back[order.order_id] += 1
            key = a_key(f"refund_{order.order_id}", Operation.REFUND)
            await self._ask(lambda shop: shop.desk.refund(ref_of(order), RAIN, key, 2.0))

    async def _payment(self, order: Order) -> MemoryPayment | None:
        """The provider's page opens for the buyer, sooner or later, unless the order ended before."""
        for _ in range(50):
            payment = self.world.payments.of_order(order.order_id)
            if payment is not None:
                return payment
            await self.clock.sleep(0.5)
        return None
