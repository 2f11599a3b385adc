"""A buyer's visit where the shop is slow: what the buyer gives back before looking again."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

from balcon.inventory.v1 import inventory_service_pb2 as pb
from balcon.types.v1.seating_pb2 import SEAT_STATE_FREE, SeatRefs

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

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.released: list[pb.ReleaseHoldRequest] = []

    async def GetSeatMap(self, request: Any, *, timeout: float) -> pb.GetSeatMapResponse:  # noqa: ASYNC109, N802
        return pb.GetSeatMapResponse(seat_states=bytes([SEAT_STATE_FREE]))

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

    def __init__(self, house: OneSeatHouse, tally: Tally, clock: Clock) -> None:
        super().__init__(inventory=[], orders=NoOrders(), choosing=1, ordering=1, tally=tally, clock=clock)
        self._house: Any = house

    def inventory(self, buyer: int) -> Any:
        return self._house


def test_a_buyer_whose_hold_ran_out_in_the_queue_gives_it_back() -> None:
    """Its hidden grace would count against the buyer's next hold: HOLDER_LIMIT, which a demo calls an error."""

    async def story() -> None:
        clock, tally = LoopClock(), Tally()
        house = OneSeatHouse(clock)
        shop = OneHouseShop(house, tally, clock)
        script = replace(
            write_script(1, 0, Pace()), size=1, ending=Ending.PAYS, change=Change.NONE, watches=False,
            takes_the_best=False, arrives_at_seconds=0.0, leaves_at_seconds=1.0,
        )  # fmt: skip
        buyer = Buyer(
            script,
            seed=1,
            shop=shop,
            hall=hall_of([Place("A-1", "Hall", "A", 0.0, 0.0)]),
            performance=PerformanceOnSale("house_1", pb.PerformanceKey(performance_id="perf_1"), 1),
            pay_page=PayPage(clock),  # the buyer does not get there
            clock=clock,
        )
        await shop.ordering.acquire()  # somebody else is at the till, for longer than the hold stands
        visit = asyncio.create_task(buyer.visit())
        await clock.sleep(2 * HOLD_MS / 1000)
        shop.ordering.release()
        await visit
        assert tally.counts["holds_ran_out_in_the_queue"] == 1
        assert [release.seats for release in house.released] == [SeatRefs(plan_version=1, seat_ids=["A-1"])]
        assert not tally.errors

    run_virtual(story())
