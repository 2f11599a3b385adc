"""What contingents cost: the owner's time for a hold without any, and with three quotas and two allotments."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Sequence

import grpc
import msgspec
from balcon.inventory.v1 import allotment_service_pb2 as allotments
from balcon.inventory.v1 import inventory_service_pb2 as pb
from balcon.inventory.v1.allotment_service_pb2_grpc import AllotmentServiceStub
from balcon.inventory.v1.allotments_pb2 import ALLOTMENT_KIND_HARD
from balcon.types.v1.seating_pb2 import SeatRefs
from sqlalchemy import update

from bench import load
from bench.process import cpu_seconds
from bench.stack import HOUSE, PLAN_VERSION, InventoryStack, inventory_stack
from services.contracts.quotas import QuotaPercentages
from services.inventory.adapters.plan_places import pack_places
from services.inventory.adapters.tables import performance, seat_plan
from services.inventory.domain.records import QuotaTerms
from services.inventory.domain.seat_layout import SeatPlace
from services.runtime.testing.access import service_metadata
from services.runtime.testing.servers import as_owner

ROUNDS = 5
HALL = 100_000
STREAM_MESSAGES, HOLDS_A_MESSAGE = 380, 128
ROW = 50
CATEGORIES = ("stalls", "circle", "balcony")
# At the end of the hall, where no hold of the measurement comes.
ALLOTTED = 1_000
TURN_HALL, TURN_SEATS = 20_000, 5_000


@dataclasses.dataclass(frozen=True, slots=True)
class Found:
    """Microseconds of the owner's CPU for a hold; milliseconds that one allotment took, as its caller saw it."""

    without_us: float
    with_us: float
    allotting_ms: float


async def measure() -> Found:
    """Each the least of the rounds: what else the machine does can only add to it."""
    least = {False: float("inf"), True: float("inf")}
    async with inventory_stack() as stack:
        for turn in range(ROUNDS):
            for contingents in (False, True) if turn % 2 else (True, False):
                least[contingents] = min(least[contingents], await _round(stack, turn, contingents=contingents))
        allotting_ms = min([await _allotting_ms(stack, turn) for turn in range(ROUNDS)])
    return Found(least[False], least[True], allotting_ms)


async def _round(stack: InventoryStack, turn: int, *, contingents: bool) -> float:
    name = await _put(stack, HALL, f"{'with' if contingents else 'none'}{turn}", contingents=contingents)
    await load.wake(stack.nodes[0], name)
    if contingents:
        for number in range(2):
            await _allot(stack, name, range(HALL - (number + 1) * ALLOTTED, HALL - number * ALLOTTED))
    batches = load.batches(name, HALL, HOLDS_A_MESSAGE, 2)
    messages: list[pb.ExecuteCommandsRequest] = [one for _, one in zip(range(STREAM_MESSAGES), batches, strict=False)]
    before = cpu_seconds(stack.pids[0])
    measured = await load.stream(stack.nodes[0], messages, window=4)
    if measured.refused:
        raise RuntimeError(f"{measured.refused} holds were refused: they cost less than holds")
    return (cpu_seconds(stack.pids[0]) - before) / measured.holds * 1e6


async def _allotting_ms(stack: InventoryStack, turn: int) -> float:
    """R1: so many seats out of a hall in one turn."""
    name = await _put(stack, TURN_HALL, f"turn{turn}", contingents=False)
    await load.wake(stack.nodes[0], name)
    started = time.perf_counter()
    await _allot(stack, name, range(TURN_SEATS))
    return (time.perf_counter() - started) * 1000


async def _allot(stack: InventoryStack, performance_id: str, seats: Sequence[int]) -> None:
    request = allotments.AllotSeatsRequest(
        key=pb.PerformanceKey(house_id=HOUSE, performance_id=performance_id),
        step_id=f"step-{seats[0]}",
        allotment_id=f"allotment-{seats[0]}",
        kind=ALLOTMENT_KIND_HARD,
        office_id="office_bench",
        seats=allotments.SeatsToAllot(
            listed=SeatRefs(plan_version=PLAN_VERSION, seat_ids=[f"s{seat}" for seat in seats])
        ),
    )
    async with grpc.aio.insecure_channel(stack.nodes[0]) as channel:
        await AllotmentServiceStub(channel).AllotSeats(request, metadata=service_metadata())


async def _put(stack: InventoryStack, capacity: int, prefix: str, *, contingents: bool) -> str:
    """A performance whose hall has rows and three categories; with `contingents` a quota on each of these."""
    (name,) = await stack.put_performances(capacity, 1, prefix=f"contingents{prefix}")
    third = capacity // len(CATEGORIES) + 1
    places = [
        SeatPlace("hall", str(seat // ROW), CATEGORIES[seat // third], seat % ROW, seat // ROW)
        for seat in range(capacity)
    ]
    engine = as_owner(stack.database_url)
    async with engine.begin() as connection:
        of_hall = seat_plan.c.hall_id == f"hall_contingents{prefix}"
        await connection.execute(update(seat_plan).where(of_hall).values(places=pack_places(places, None)))
        if contingents:
            quotas = msgspec.to_builtins([_quota(category, capacity) for category in CATEGORIES])
            await connection.execute(
                update(performance).where(performance.c.performance_id == name).values(quotas=quotas, terms_version=1)
            )
    await engine.dispose()
    return name


def _quota(category: str, capacity: int) -> QuotaTerms:
    """Never reached: what is measured is counting, not refusing."""
    return QuotaTerms(
        quota_id=category,
        name=category,
        size=capacity,
        categories=(category,),
        zones=(),
        anchor_ms=4_102_444_800_000,
        presale_hours=2,
        percentages=QuotaPercentages(online_presale=99, online_day=50),
    )
