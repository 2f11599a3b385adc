"""A buyer's visit where the shop is slow: what the buyer gives back before looking again."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

from balcon.inventory.v1 import inventory_service_pb2 as pb
from balcon.orders.v1 import orders_service_pb2 as orders_pb
from balcon.types.v1.seating_pb2 import SEAT_STATE_FREE, SEAT_STATE_HELD, SEAT_STATE_SOLD, SeatRefs

from services.console.sale.buyer import Buyer, PerformanceOnSale
from services.console.sale.cards import PayPage
from services.console.sale.hall import Place, hall_of
from services.console.sale.script import Change, Ending, Pace, write_script
from services.console.sale.shop import Shop
from services.console.sale.tally import Tally
from services.runtime.clock import Clock, LoopClock
from services.runtime.testing.virtual_time import run_virtual

HOLD_MS = 1_000


class OneSeatHouse:
    """Inventory's stub: one free seat, held for a moment."""

    def __init__(self, clock: Clock, states: tuple[int, ...] = (SEAT_STATE_FREE,)) -> None:
        self._clock = clock
        # One a look; the last for ever.
        self._states = list(states)
        self.released: list[pb.ReleaseHoldRequest] = []

    async def GetSeatMap(self, request: Any, *, timeout: float) -> pb.GetSeatMapResponse:  # noqa: ASYNC109, N802
        state = self._states.pop(0) if len(self._states) > 1 else self._states[0]
        return pb.GetSeatMapResponse(seat_states=bytes([state]))

    async def HoldSeats(self, request: Any, *, timeout: float) -> pb.HoldSeatsResponse:  # noqa: ASYNC109, N802
        until_ms = self._clock.now_ms() + HOLD_MS
        hold = pb.Hold(hold_id=request.hold_id, holder_id=request.holder_id, seats=request.seats)
        hold.hold_until_ms = until_ms
        return pb.HoldSeatsResponse(hold=hold)

    async def ReleaseHold(self, request: Any, *, timeout: float) -> pb.ReleaseHoldResponse:  # noqa: ASYNC109, N802
        self.released.append(request)
        return pb.ReleaseHoldResponse()


class NoOrders:
    """Nobody gets as far."""

    async def ask(self, request: Any, **_: Any) -> Any:
        raise AssertionError(request)


class OneHouseShop(Shop):
    """A Shop without connections."""

    def __init__(self, house: OneSeatHouse, tally: Tally, clock: Clock, orders: Any = None) -> None:
        super().__init__(inventory=[], orders=orders or NoOrders(), choosing=1, ordering=1, tally=tally, clock=clock)
        self._house: Any = house

    def inventory(self, buyer: int) -> Any:
        return self._house


def _buyer(shop: Shop, clock: Clock, ending: Ending, leaves_at_seconds: float) -> Buyer:
    script = replace(
        write_script(1, 0, Pace()), size=1, ending=ending, change=Change.NONE, watches=False,
        takes_the_best=False, arrives_at_seconds=0.0, leaves_at_seconds=leaves_at_seconds,
    )  # fmt: skip
    return Buyer(
        script,
        seed=1,
        shop=shop,
        hall=hall_of([Place("A-1", "Hall", "A", 0.0, 0.0)]),
        performance=PerformanceOnSale("house_1", pb.PerformanceKey(performance_id="perf_1"), 1),
        pay_page=PayPage(clock),  # the buyer does not get there
        clock=clock,
    )


def test_a_buyer_whose_hold_ran_out_in_the_queue_gives_it_back() -> None:
    """Its hidden grace would count against the buyer's next hold: HOLDER_LIMIT, which a demo calls an error."""

    async def story() -> None:
        clock, tally = LoopClock(), Tally()
        house = OneSeatHouse(clock)
        shop = OneHouseShop(house, tally, clock)
        buyer = _buyer(shop, clock, Ending.PAYS, leaves_at_seconds=1.0)
        await shop.ordering.acquire()  # somebody else is at the till, for longer than the hold stands
        visit = asyncio.create_task(buyer.visit())
        await clock.sleep(2 * HOLD_MS / 1000)
        shop.ordering.release()
        await visit
        assert tally.counts["holds_ran_out_in_the_queue"] == 1
        assert [release.seats for release in house.released] == [SeatRefs(plan_version=1, seat_ids=["A-1"])]
        assert not tally.errors

    run_virtual(story())


class FreeTickets:
    """Orders that cost nothing and are confirmed at once."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def ask(self, request: Any, **_: Any) -> orders_pb.Order:
        self.asked.append(type(request).__name__)
        return orders_pb.Order(order_id="ord_1", state=orders_pb.ORDER_STATE_CONFIRMED)


def test_where_everything_is_sold_nobody_waits_for_seats() -> None:
    async def story() -> None:
        clock, tally = LoopClock(), Tally()
        shop = OneHouseShop(OneSeatHouse(clock, (SEAT_STATE_SOLD,)), tally, clock)
        await _buyer(shop, clock, Ending.PAYS, leaves_at_seconds=60.0).visit()
        assert tally.outcomes == {"no_seats": 1}
        assert shop.seconds() < 1.0

    run_virtual(story())


def test_who_has_waited_for_seats_does_not_leave_them_lying() -> None:
    async def bought(*states: int) -> tuple[dict[str, int], list[str]]:
        clock, tally, orders = LoopClock(), Tally(), FreeTickets()
        shop = OneHouseShop(OneSeatHouse(clock, states), tally, clock, orders)
        await _buyer(shop, clock, Ending.ABANDONS_CART, leaves_at_seconds=60.0).visit()
        return dict(tally.outcomes), orders.asked

    at_once = run_virtual(bought(SEAT_STATE_FREE))
    assert at_once == ({"abandoned_cart": 1}, ["CreateOrderRequest"])
    later = run_virtual(bought(SEAT_STATE_HELD, SEAT_STATE_FREE))
    assert later == ({"tickets": 1}, ["CreateOrderRequest", "CheckOutRequest", "GetOrderRequest"])
