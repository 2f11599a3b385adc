"""A buyer of a whole stack who wants a hold, whichever seat it is: faults that must take one away ask for it."""

from __future__ import annotations

import grpc
from balcon.inventory.v1.inventory_service_pb2 import HoldSeatsRequest, PerformanceKey
from balcon.inventory.v1.inventory_service_pb2_grpc import InventoryServiceStub
from balcon.types.v1.seating_pb2 import CHANNEL_ONLINE, SeatRefs

from services.runtime.clock import Clock
from services.runtime.rpc.client import open_channel
from services.runtime.rpc.errors import refusal_of
from services.runtime.testing import eventually
from tests.chaos.whole_stack import WholeStack


class SeatWitness:
    """Tries one seat after the other, from the end of the plan, which buyers come to last."""

    def __init__(self, stack: WholeStack, clock: Clock) -> None:
        self._stack = stack
        self._clock = clock
        self._tried = 0

    async def hold(self, performance: str) -> str:
        """The id of a hold that was granted."""
        async with open_channel(self._stack.services.record.targets["inventory"], self._clock) as channel:
            stub = InventoryServiceStub(channel)

            async def granted() -> str:
                request = self._request(performance)
                try:
                    await stub.HoldSeats(request)
                except grpc.aio.AioRpcError as error:
                    refused = refusal_of(error)
                    raise AssertionError(refused.reason if refused else error.code().name) from error
                return request.hold_id

            return await eventually(granted)

    def _request(self, performance: str) -> HoldSeatsRequest:
        sale = next(sale for sale in self._stack.on_sale if sale.performance.performance_id == performance)
        self._tried += 1
        seats = sale.plan.seats
        return HoldSeatsRequest(
            key=PerformanceKey(house_id=sale.house_id, performance_id=performance),
            hold_id=f"witness_{self._tried}",
            holder_id=f"witness_{self._tried}",
            seats=SeatRefs(
                plan_version=sale.performance.plan_version, seat_ids=[seats[-self._tried % len(seats)].seat_id]
            ),
            channel=CHANNEL_ONLINE,
        )
