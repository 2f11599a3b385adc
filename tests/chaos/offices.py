"""Offices outside: they get seats of those that buyers crowd on, report some sold, and give back what is open."""

from __future__ import annotations

from typing import Any

from balcon.inventory.v1 import allotment_service_pb2 as pb
from balcon.inventory.v1.allotment_service_pb2_grpc import AllotmentServiceStub
from balcon.inventory.v1.allotments_pb2 import ALLOTMENT_KIND_HARD

from tests.chaos.buyers import Buyer, key_of, refs
from tests.chaos.history import OK, Record

REPORTED_SHARE = 0.25


class Office(Buyer):
    """One allotment after another. Each step has an id of its own, and is asked again until its end is known."""

    service = AllotmentServiceStub

    async def _cart(self) -> None:
        performance = self._random.choice(self._desk.house.performances)
        wanted = self._desk.house.crowd(performance)
        seats = tuple(sorted(self._random.sample(list(wanted), self._random.randint(1, 3))))
        name = f"a{self._history.next_number()}"
        dealt = await self._allot(performance, name, seats)
        if dealt.outcome != OK:
            return
        await self._think()
        if self._random.random() < REPORTED_SHARE:
            sold, seats = seats[:1], seats[1:]
            if (await self._report(performance, name, sold)).outcome != OK:
                return
            await self._think()
        if seats:
            await self._recall(performance, name, seats)

    async def _allot(self, performance: str, name: str, seats: tuple[int, ...]) -> Record:
        request = pb.AllotSeatsRequest(
            key=key_of(performance),
            step_id=f"{name}-allot",
            allotment_id=name,
            kind=ALLOTMENT_KIND_HARD,
            office_id="office_1",
            seats=pb.SeatsToAllot(listed=refs(seats)),
        )
        return await self._step("allot", performance, name, seats, lambda stub, **how: stub.AllotSeats(request, **how))

    async def _report(self, performance: str, name: str, seats: tuple[int, ...]) -> Record:
        request = pb.ReportSoldRequest(
            key=key_of(performance),
            step_id=f"{name}-report",
            allotment_id=name,
            seats=pb.SeatsOfAllotment(listed=refs(seats)),
        )
        return await self._step("report", performance, name, seats, lambda stub, **how: stub.ReportSold(request, **how))

    async def _recall(self, performance: str, name: str, seats: tuple[int, ...]) -> Record:
        """All that is open, by a recall or on the day: it comes to the same."""
        key, step_id = key_of(performance), f"{name}-back"
        if self._random.random() < 0.5:
            returned = pb.ReturnUnsoldRequest(key=key, step_id=step_id, allotment_id=name)
            return await self._step(
                "give_back", performance, name, seats, lambda stub, **how: stub.ReturnUnsold(returned, **how)
            )
        recalled = pb.RecallSeatsRequest(
            key=key, step_id=step_id, allotment_id=name, seats=pb.SeatsOfAllotment(listed=refs(seats))
        )
        return await self._step(
            "give_back", performance, name, seats, lambda stub, **how: stub.RecallSeats(recalled, **how)
        )

    async def _step(self, act: str, performance: str, name: str, seats: tuple[int, ...], send: Any) -> Record:
        return await self._until_known(
            lambda: self._record(act, performance, seats=seats, allotment=name),
            lambda stub, left, metadata: send(stub, timeout=left, metadata=metadata),
        )
