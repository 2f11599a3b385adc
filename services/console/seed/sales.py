"""Sales of what is seeded: real orders of buyers, paid at the sandbox, some of them given back, and some open holds."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from balcon.inventory.v1 import inventory_service_pb2 as inventory_pb
from balcon.orders.v1 import orders_service_pb2 as pb
from balcon.types.v1 import seating_pb2

from services.console.sale.cards import PayPage
from services.console.sale.script import Ending
from services.console.seed.programme import STUDENT, SeededEvening
from services.console.seed.season import SeededHouse
from services.runtime.call_context import CallContext, enter_call
from services.runtime.errors import Fatal
from services.runtime.ids import RandomIds, seeded_random
from services.runtime.principal import Principal, PrincipalKind

if TYPE_CHECKING:  # the generated stubs have an async face for type checkers only
    from balcon.inventory.v1.inventory_service_pb2_grpc import InventoryServiceAsyncStub
    from balcon.orders.v1.orders_service_pb2_grpc import OrdersServiceAsyncStub

_CALL_SECONDS = 60.0
_WAIT_MS = 20_000
_WAITS = 6
_AT_ONCE = 8
GIVEN_BACK = 9
_WITH_CODE = 7
_OPEN_HOLDS = 4
_FINAL = frozenset({pb.ORDER_STATE_CONFIRMED, pb.ORDER_STATE_CANCELLED, pb.ORDER_STATE_REFUNDED})


def seats_of(number: int) -> int:
    """How many seats the order of that number has; each GIVEN_BACKth one gives them back."""
    return seeded_random(number).randint(1, 4)


class OrderUnfinished(Fatal):
    """An order of the seeding did not come to its end."""


class Sales:
    """Calls as the shop does: a service that names the buyer. What a seeding before this one sold is not sold again."""

    def __init__(
        self, inventory: InventoryServiceAsyncStub, orders: OrdersServiceAsyncStub, pay_page: PayPage, house_id: str
    ) -> None:
        self._inventory = inventory
        self._orders = orders
        self._pay_page = pay_page
        self._house_id = house_id
        self._slots = asyncio.Semaphore(_AT_ONCE)

    async def sell(self, house: SeededHouse, evening: SeededEvening) -> None:
        """Every order of the evening, and holds on those that are yet to come."""
        sold = await self._sold(evening.performance_id)
        buyers = [
            self._buy(house, evening, number, sold.get(self._holder(evening, number)))
            for number in range(evening.evening.orders)
        ]
        await asyncio.gather(*map(asyncio.create_task, buyers))
        if evening.evening.days > 0 and evening.evening.orders:
            await asyncio.gather(*(asyncio.create_task(self._hold_only(evening, n)) for n in range(_OPEN_HOLDS)))

    async def _sold(self, performance_id: str) -> dict[str, pb.Order]:
        request = pb.ListOrdersRequest(house_id=self._house_id, performance_id=performance_id, page_size=500)
        page = await self._orders.ListOrders(request, timeout=_CALL_SECONDS)
        return {order.holder_id: order for order in page.orders}

    def _holder(self, evening: SeededEvening, number: int) -> str:
        return f"seed-{evening.performance_id}-{number}"

    async def _buy(self, house: SeededHouse, evening: SeededEvening, number: int, order: pb.Order | None) -> None:
        async with self._slots:
            _as_buyer(self._holder(evening, number))
            if order is None:
                order = await self._order(house, evening, number)
            if order.state == pb.ORDER_STATE_OPEN:
                order = await self._check_out(order)
            if order.state not in _FINAL:
                if order.payment_url:
                    await self._pay_page.pay(order.payment_url, Ending.PAYS)
                order = await self._end(order.order_id)
            if number % GIVEN_BACK == 0 and order.state == pb.ORDER_STATE_CONFIRMED:
                await asyncio.create_task(self._give_back(order.order_id))

    async def _order(self, house: SeededHouse, evening: SeededEvening, number: int) -> pb.Order:
        hold = await self._hold(evening, self._holder(evening, number), seats_of(number))
        seats = [
            pb.SeatChoice(seat_id=seat_id, ticket_type=STUDENT if (number + index) % 4 == 0 else "")
            for index, seat_id in enumerate(hold.seats.seat_ids)
        ]
        request = pb.CreateOrderRequest(
            idempotency_key=f"{hold.hold_id}-o",
            house_id=self._house_id,
            performance_id=evening.performance_id,
            hold_id=hold.hold_id,
            holder_id=hold.holder_id,
            seats=seats,
            customer=pb.Customer(name=f"Buyer {number}", email=f"buyer{number}@example.com"),
            channel=seating_pb2.CHANNEL_ONLINE,
            promotion_code=house.code if number % _WITH_CODE == 1 else "",
        )
        return (await self._orders.CreateOrder(request, timeout=_CALL_SECONDS)).order

    async def _check_out(self, order: pb.Order) -> pb.Order:
        request = pb.CheckOutRequest(
            idempotency_key=f"{order.hold_id}-c",
            house_id=self._house_id,
            order_id=order.order_id,
            expected_total=order.total,
            return_url="https://shop.example.com/thanks",
        )
        return (await self._orders.CheckOut(request, timeout=_CALL_SECONDS)).order

    async def _end(self, order_id: str) -> pb.Order:
        request = pb.GetOrderRequest(house_id=self._house_id, order_id=order_id, wait_ms=_WAIT_MS)
        for _ in range(_WAITS):
            order = (await self._orders.GetOrder(request, timeout=_CALL_SECONDS)).order
            if order.state in _FINAL:
                return order
        raise OrderUnfinished(order=order_id)

    async def _give_back(self, order_id: str) -> None:
        """As the house does it, not the buyer."""
        enter_call(CallContext({}, None, RandomIds()).on_own_account())
        request = pb.RefundOrderRequest(
            idempotency_key=f"{order_id}-r", house_id=self._house_id, order_id=order_id, reason="Seeded: was ill"
        )
        await self._orders.RefundOrder(request, timeout=_CALL_SECONDS)
        wanted = pb.GetOrderRequest(house_id=self._house_id, order_id=order_id, wait_ms=_WAIT_MS)
        for _ in range(_WAITS):
            if (await self._orders.GetOrder(wanted, timeout=_CALL_SECONDS)).order.state == pb.ORDER_STATE_REFUNDED:
                return
        raise OrderUnfinished(order=order_id)

    async def _hold_only(self, evening: SeededEvening, number: int) -> None:
        holder_id = f"{self._holder(evening, number)}-looks"
        _as_buyer(holder_id)
        await self._hold(evening, holder_id, 2)

    async def _hold(self, evening: SeededEvening, holder_id: str, size: int) -> inventory_pb.Hold:
        request = inventory_pb.HoldBestAvailableRequest(
            key=inventory_pb.PerformanceKey(house_id=self._house_id, performance_id=evening.performance_id),
            hold_id=f"h{holder_id.removeprefix('seed')}",
            holder_id=holder_id,
            plan_version=evening.plan_version,
            groups=[inventory_pb.SeatGroup(size=size)],
            channel=seating_pb2.CHANNEL_ONLINE,
            may_split=True,
        )
        return (await self._inventory.HoldBestAvailable(request, timeout=_CALL_SECONDS)).hold


def _as_buyer(holder_id: str) -> None:
    """From now on this task's calls name the buyer."""
    call = CallContext({}, None, RandomIds())
    call.principal = Principal(PrincipalKind.BUYER, holder_id)
    enter_call(call)
