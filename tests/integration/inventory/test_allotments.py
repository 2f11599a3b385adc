"""Allotments (R1) on a real node: every example of R1.11, and what each refusal tells."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import grpc
import pytest
from balcon.inventory.v1 import allotment_service_pb2 as pb
from balcon.inventory.v1.allotments_pb2 import (
    ALLOTMENT_KIND_FOREIGN,
    ALLOTMENT_KIND_HARD,
    ALLOTMENT_STEP_HANDED_OUT,
    ALLOTMENT_STEP_RETURNED,
    Allotment,
    AllotmentChanged,
    AllotmentKind,
)
from balcon.inventory.v1.inventory_service_pb2 import PerformanceKey
from balcon.types.v1.seating_pb2 import SeatRefs
from sqlalchemy import select

from services.inventory.adapters.memory_stores import MemoryPerformances
from services.inventory.adapters.tables import outbox
from services.inventory.domain.records import HoldRules
from services.inventory.domain.seat_layout import SeatPlace, lay_out
from services.inventory.domain.seat_state import ALLOTTED, REPORTED_SOLD
from services.inventory.ports import Performance, SeatPlan
from services.runtime.bus.topics import ALLOTMENTS
from services.runtime.rpc.errors import RemoteRefusal, refusal_of
from services.runtime.sql.connections import connected
from services.runtime.sql.scopes import HouseScope
from tests.integration.inventory.node import HOUSE, PLAN_VERSION, Node, running_node

NAME, PUBLIC = "perf_1", "perf_public"
KEY = PerformanceKey(house_id=HOUSE, performance_id=NAME)
IDS = [f"s{number}" for number in range(32)]
RULES = HoldRules(True, 10, 600_000)


def hall(performance_id: str = NAME, rules: HoldRules = RULES) -> Performance:
    """R1.11: 32 places; the first 24 in three rows, the rest standing."""
    rows = [SeatPlace("Stalls", f"{seat // 8 + 1}", "A", float(seat % 8), float(seat // 8)) for seat in range(24)]
    standing = [SeatPlace("Arena", "", "B", 0.0, 9.0, standing=True) for _ in range(8)]
    return Performance(performance_id, HOUSE, SeatPlan.of(PLAN_VERSION, IDS, lay_out([*rows, *standing])), rules)


@pytest.fixture
async def node(redis_url: str, emptied_database_url: Callable[[str], str]) -> AsyncIterator[Node]:
    public = hall(PUBLIC, HoldRules(True, 10, 600_000, published_at_ms=1))
    async with running_node(
        redis_url, emptied_database_url("inventory"), MemoryPerformances(hall(), public)
    ) as running:
        yield running


def listed(*seats: int) -> SeatRefs:
    return SeatRefs(plan_version=PLAN_VERSION, seat_ids=[f"s{seat}" for seat in seats])


def allot(
    allotment_id: str,
    seats: Sequence[int],
    *,
    kind: AllotmentKind.ValueType = ALLOTMENT_KIND_HARD,
    key: PerformanceKey = KEY,
    **more: Any,
) -> pb.AllotSeatsRequest:
    wanted = pb.SeatsToAllot(listed=listed(*seats))
    return pb.AllotSeatsRequest(
        key=key,
        step_id=f"make_{allotment_id}",
        allotment_id=allotment_id,
        kind=kind,
        office_id="office_1",
        seats=wanted,
        **more,
    )


def report(allotment_id: str, *seats: int, step_id: str = "report") -> pb.ReportSoldRequest:
    named = pb.SeatsOfAllotment(listed=listed(*seats))
    return pb.ReportSoldRequest(key=KEY, step_id=step_id, allotment_id=allotment_id, seats=named)


async def refused(call: Any) -> RemoteRefusal:
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await call
    told = refusal_of(raised.value)
    assert told is not None
    return told


async def get(node: Node, allotment_id: str) -> Allotment:
    request = pb.GetAllotmentRequest(key=KEY, allotment_id=allotment_id)
    return (await node.allotments.GetAllotment(request)).allotment


async def test_r1_11_contingents_of_8_and_4_leave_a_pool_of_20(node: Node) -> None:
    await node.allotments.AllotSeats(allot("a1", range(8)))
    answer = await node.allotments.AllotSeats(allot("a2", range(8, 12)))
    deck = answer.deck
    assert (deck.pool, deck.allotments, deck.capacity, deck.free) == (20, 12, 32, 20)
    assert list(answer.seat_ids) == [f"s{seat}" for seat in range(8, 12)]


async def test_r1_11_a_third_of_21_is_refused_with_the_20_that_are_left(node: Node) -> None:
    await node.allotments.AllotSeats(allot("a1", range(8)))
    await node.allotments.AllotSeats(allot("a2", range(8, 12)))
    told = await refused(node.allotments.AllotSeats(allot("a3", range(11, 32))))
    assert told.reason == "POOL_EXCEEDED"
    assert (told.facts["asked"], told.facts["left"], told.facts["pool"]) == ("21", "20", "20")


async def test_r1_11_a_seat_in_two_contingents_is_refused_and_named(node: Node) -> None:
    await node.allotments.AllotSeats(allot("a1", range(8)))
    told = await refused(node.allotments.AllotSeats(allot("a2", range(7, 12))))
    assert told.reason == "SEATS_ALLOTTED"
    assert (told.lists["seats"], told.lists["allotment_ids"]) == (("s7",), ("a1",))
    assert "s7" in told.message and "a1" in told.message


async def test_r1_11_on_the_day_8_with_5_reported_sold_return_3(node: Node) -> None:
    await node.allotments.AllotSeats(allot("a1", range(8)))
    await node.allotments.AllotSeats(allot("a2", range(8, 12)))
    await node.allotments.ReportSold(report("a1", *range(5)))
    answer = await node.allotments.ReturnUnsold(pb.ReturnUnsoldRequest(key=KEY, step_id="day", allotment_id="a1"))
    counts, deck = answer.allotment.counts, answer.deck
    assert list(answer.seat_ids) == ["s5", "s6", "s7"]
    assert (counts.handed_out, counts.open, counts.reported_sold, counts.returned) == (8, 0, 5, 3)
    assert (deck.pool, deck.allotments, deck.capacity) == (23, 9, 32)
    allotment = await get(node, "a1")
    assert list(allotment.seat_ids) == [f"s{seat}" for seat in range(5)]
    assert allotment.seat_states == bytes([REPORTED_SOLD]) * 5
    assert (await get(node, "a2")).seat_states == bytes([ALLOTTED]) * 4


async def test_r1_11_returning_a_seat_that_the_office_sold_is_refused(node: Node) -> None:
    await node.allotments.AllotSeats(allot("a1", range(8)))
    await node.allotments.ReportSold(report("a1", *range(5)))
    named = pb.SeatsOfAllotment(listed=listed(4, 5))
    request = pb.ReturnUnsoldRequest(key=KEY, step_id="day", allotment_id="a1", seats=named)
    told = await refused(node.allotments.ReturnUnsold(request))
    assert (told.reason, told.lists["seats"]) == ("SEATS_REPORTED_SOLD", ("s4",))
    assert (await get(node, "a1")).counts.open == 3


async def test_r1_11_a_foreign_contingent_after_publication_needs_a_reason_that_is_kept(node: Node) -> None:
    key = PerformanceKey(house_id=HOUSE, performance_id=PUBLIC)
    foreign = allot("a1", range(4), kind=ALLOTMENT_KIND_FOREIGN, key=key)
    assert (await refused(node.allotments.AllotSeats(foreign))).reason == "FOREIGN_AFTER_PUBLICATION"
    foreign.override_reason = "agreed by telephone"
    answer = await node.allotments.AllotSeats(foreign)
    assert answer.allotment.override_reason == "agreed by telephone"
    # Before publication nobody asks.
    await node.allotments.AllotSeats(allot("a1", range(4), kind=ALLOTMENT_KIND_FOREIGN))


async def test_what_is_not_theirs_cannot_be_reported(node: Node) -> None:
    await node.allotments.AllotSeats(allot("a1", range(8)))
    told = await refused(node.allotments.ReportSold(report("a1", 7, 8)))
    assert (told.reason, told.lists["seats"]) == ("SEATS_NOT_ALLOTTED", ("s8",))


async def test_each_step_is_told_on_the_topic_of_allotments_in_order(node: Node) -> None:
    await node.allotments.AllotSeats(allot("a1", range(8)))
    recall = pb.RecallSeatsRequest(
        key=KEY, step_id="recall", allotment_id="a1", seats=pb.SeatsOfAllotment(listed=listed(0))
    )
    await node.allotments.RecallSeats(recall)
    await node.allotments.ReturnUnsold(pb.ReturnUnsoldRequest(key=KEY, step_id="day", allotment_id="a1"))
    async with connected(node.engine, HouseScope(HOUSE)) as connection:
        query = select(outbox.c.payload).where(outbox.c.topic == ALLOTMENTS, outbox.c.key == NAME).order_by(outbox.c.id)
        told = [AllotmentChanged.FromString(payload) for payload in (await connection.scalars(query)).all()]
    assert [event.allotment.version for event in told] == [1, 2, 3]
    assert [event.step for event in told][::2] == [ALLOTMENT_STEP_HANDED_OUT, ALLOTMENT_STEP_RETURNED]
    assert [len(event.seat_ids) for event in told] == [8, 1, 7]
