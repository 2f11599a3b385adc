"""People who buy through the shop: they hold seats, order, pay or do not, too late or while we cancel."""

from __future__ import annotations

from collections.abc import Mapping

from services.inventory.domain.records import Hold
from services.orders.adapters.memory_payments import MemoryPayment
from services.orders.domain.order import Order, OrderState
from services.orders.domain.pricing import SeatChoice
from services.orders.handlers.order_desk import CheckOutWish
from services.orders.handlers.order_request import OrderRequest, PartRequest
from services.orders.ports import Operation, PaymentState
from services.runtime.errors import Refusal
from tests.simulation.stage.buyers import SeatBuyer
from tests.simulation.stage.cluster_client import CHANNELS
from tests.simulation.stage.network import NoAnswer
from tests.simulation.stage.shops import Shops
from tests.unit.orders.builders import CUSTOMER, HOUSE, a_key
from tests.unit.orders.rig import ref_of

WAYS = {
    "pays": 8, "declines": 2, "abandons": 1, "leaves": 1, "pays late": 2, "races": 2, "cancels": 2, "refunds": 3,
    "cancels and pays": 5,
}  # fmt: skip
DESK_SECONDS = 3.0


class ShopBuyer(SeatBuyer):
    """A SeatBuyer who goes to the shop with the hold."""

    shops: Shops

    async def visit(self, number: int) -> None:
        """From choosing seats to the end of the order, as far as the buyer stays for it."""
        name = f"{self.name}-{number}"
        # Some want an evening more, in the same order.
        evenings = min(self._random.choices([1, 2], [3, 1])[0], len(self._hall.performance_ids))
        holds: dict[str, Hold] = {}
        for performance_id in self._random.sample(self._hall.performance_ids, evenings):
            try:
                hold = await self._holds(performance_id, f"{name}-{len(holds)}" if holds else name)
            except NoAnswer:
                return
            if hold is not None and all(hold.channel == other.channel for other in holds.values()):
                holds[performance_id] = hold
        if not holds:
            return
        # From the moment that the shop has it, the buyer lets the shop speak for the seats.
        await self._clock.sleep(self._random.choice([0.1, 1.0, 5.0, 12.0]))
        order = await self._orders(holds, name)
        if order is not None:
            await self._checks_out(order, name)

    async def _orders(self, holds: Mapping[str, Hold], name: str) -> Order | None:
        free = self._random.random() < 0.1
        parts = tuple(
            PartRequest(performance_id, hold.hold_id, self._choices(hold, free=free))
            for performance_id, hold in holds.items()
        )
        one = next(iter(holds.values()))
        request = OrderRequest(
            house_id=HOUSE, holder_id=one.holder_id, parts=parts, buyer=CUSTOMER, channel=CHANNELS[one.channel]
        )
        order = await self.shops.ask(lambda shop: shop.desk.create(request, a_key(f"create_{name}")))
        if isinstance(order, Refusal):
            self._met[f"order_{order.reason()}"] += 1
            return None
        self._met[f"order_of_{len(order.parts)}"] += 1
        return order

    def _choices(self, hold: Hold, *, free: bool) -> tuple[SeatChoice, ...]:
        seat_ids = [self.shops.plan.seat_ids[seat] for seat in hold.seats]
        return tuple(
            SeatChoice(seat_id, "free" if free and not seat_id.startswith("Z") else "normal") for seat_id in seat_ids
        )

    async def _checks_out(self, order: Order, name: str) -> None:
        way = self._random.choices(list(WAYS), list(WAYS.values()))[0]
        self._met[f"buyer_{way}"] += 1
        if way == "leaves":
            return
        key, wish = a_key(f"out_{name}", Operation.CHECK_OUT), CheckOutWish(order.total, "https://shop.example/done")
        out = await self.shops.ask(lambda shop: shop.desk.check_out(ref_of(order), wish, key, DESK_SECONDS))
        if isinstance(out, Refusal):
            self._met[f"check_out_{out.reason()}"] += 1
            return
        if way == "cancels":
            await self.shops.ask(lambda shop: shop.desk.cancel(ref_of(order), 2.0))
            return
        payment = await self._page(order)
        if payment is not None and way != "abandons":
            await self._behaves(way, order, payment)

    async def _cancels_and_pays(self, order: Order, payment: MemoryPayment) -> None:
        """The page was still open in another window, and somebody else has found the seats free."""
        await self.shops.ask(lambda shop: shop.desk.cancel(ref_of(order), 2.0))
        await self._cancelled_at_the_provider(payment)
        await self._clock.sleep(self._random.uniform(0.0, 15.0))
        self.shops.world.payments.pay(payment)

    async def _page(self, order: Order) -> MemoryPayment | None:
        """The provider's page opens for the buyer, sooner or later, unless the order ended before."""
        for _ in range(60):
            payment = self.shops.world.payments.of_order(order.order_id)
            if payment is not None:
                return payment
            await self._clock.sleep(0.5)
        return None

    async def _behaves(self, way: str, order: Order, payment: MemoryPayment) -> None:
        payments = self.shops.world.payments
        await self._clock.sleep(self._random.uniform(0.1, 8.0))
        if way == "declines":
            payments.decline(payment)
            return
        if way == "cancels and pays":
            await self._cancels_and_pays(order, payment)
            return
        if way in {"races", "pays late"}:
            await self._cancelled_at_the_provider(payment)
        if way == "pays late":
            await self._clock.sleep(self._random.uniform(0.5, 60.0))
        payments.pay(payment)
        if way == "refunds":
            await self._refunds(order)

    async def _cancelled_at_the_provider(self, payment: MemoryPayment) -> None:
        """Until the provider has confirmed our cancel: money that comes then comes in spite of it."""
        for _ in range(1_000):
            if payment.status is not PaymentState.PENDING:
                await self._clock.sleep(self._random.uniform(0, 0.1))
                return
            await self._clock.sleep(0.1)

    async def _refunds(self, order: Order) -> None:
        ended = await self.shops.ask(lambda shop: shop.desk.get(ref_of(order), DESK_SECONDS))
        if isinstance(ended, Order) and ended.state is OrderState.CONFIRMED:
            key = a_key(f"refund_{order.order_id}", Operation.REFUND)
            await self.shops.ask(lambda shop: shop.desk.refund(ref_of(order), "rain", key, 2.0))
