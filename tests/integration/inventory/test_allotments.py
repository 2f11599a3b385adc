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
from google.protobuf.timestamp_pb2 import Timestamp
from sqlalchemy import select, update

from services.inventory.actors.return_day import ReturnDay
from services.inventory.adapters.memory_stores import MemoryPerformances
from services.inventory.adapters.postgres_due_returns import PostgresDueReturns
from services.inventory.adapters.tables import allotment, outbox
from services.inventory.domain.records import HoldRules
from services.inventory.domain.seat_layout import SeatPlace, lay_out
from services.inventory.domain.seat_state import ALLOTTED, REPORTED_SOLD
from services.inventory.ports import Performance, SeatPlan
from services.runtime.bus.topics import ALLOTMENTS
from services.runtime.clock import SystemClock
from services.runtime.rpc.errors import RemoteRefusal, refusal_of
from services.runtime.sql.connections import connected
from services.runtime.sql.scopes import HouseScope
from services.runtime.testing.servers import as_owner
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
    await node.allotments.AllotSeats(allot("a1", range(8), note="for Mrs Jansen", override_reason="she asked"))
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
    # Nothing that people wrote: it may name people.
    assert {(event.allotment.note, event.allotment.override_reason) for event in told} == {("", "")}


async def test_a_block_is_handed_out_whole_or_its_taken_seats_are_named(node: Node) -> None:
    await node.allotments.AllotSeats(allot("a1", [9]))
    block = pb.SeatBlock(plan_version=PLAN_VERSION, zones=["Stalls"], row_names=["2"])
    request = allot("a2", [])
    request.seats.block.CopyFrom(block)
    told = await refused(node.allotments.AllotSeats(request))
    assert (told.reason, told.lists["seats"]) == ("SEATS_ALLOTTED", ("s9",))
    request.seats.block.only_free = True
    answer = await node.allotments.AllotSeats(request)
    assert list(answer.seat_ids) == ["s8", *(f"s{seat}" for seat in range(10, 16))]


async def test_names_that_the_plan_has_not_are_told_all_at_once(node: Node) -> None:
    request = allot("a1", [])
    request.seats.block.CopyFrom(
        pb.SeatBlock(plan_version=PLAN_VERSION, zones=["Attic"], row_names=["99"], categories=["B", "Z"])
    )
    told = await refused(node.allotments.AllotSeats(request))
    assert [violation.field for violation in told.violations] == [
        "seats.block.zones",
        "seats.block.categories",
        "seats.block.row_names",
    ]


async def test_a_number_of_standing_places_is_the_owners_to_pick(node: Node) -> None:
    request = allot("a1", [])
    request.seats.places.CopyFrom(pb.StandingPlaces(zone="Arena", count=3))
    assert list((await node.allotments.AllotSeats(request)).seat_ids) == ["s24", "s25", "s26"]
    more = allot("a2", [])
    more.seats.places.CopyFrom(pb.StandingPlaces(count=6))
    told = await refused(node.allotments.AllotSeats(more))
    assert (told.reason, told.facts["left"], told.facts["pool"]) == ("POOL_EXCEEDED", "5", "29")
    sold = pb.SeatsOfAllotment(places=pb.StandingPlaces(count=2))
    reported = await node.allotments.ReportSold(
        pb.ReportSoldRequest(key=KEY, step_id="r", allotment_id="a1", seats=sold)
    )
    assert list(reported.seat_ids) == ["s24", "s25"]


def csv_report(content: bytes, step_id: str = "report") -> pb.ReportSoldRequest:
    named = pb.SeatsOfAllotment(csv=content)
    return pb.ReportSoldRequest(key=KEY, step_id=step_id, allotment_id="a1", seats=named)


@pytest.mark.parametrize(
    "content",
    [
        b"seat_id\ns0\ns1\n",
        b'\xef\xbb\xbfrow;seat_id;price\r\n1;s0;12\r\n1;"s1";12\r\n\r\n',
        b"seat_id,row\ns1,1\ns0,1",
    ],
)
async def test_an_office_reports_by_csv(node: Node, content: bytes) -> None:
    await node.allotments.AllotSeats(allot("a1", range(8)))
    answer = await node.allotments.ReportSold(csv_report(content))
    assert list(answer.seat_ids) == ["s0", "s1"]


async def test_every_wrong_line_of_a_csv_is_told_and_nothing_is_taken(node: Node) -> None:
    await node.allotments.AllotSeats(allot("a1", range(8)))
    content = b"row,seat_id\n1,s0\n1,s0\n1\n9,x9\n1,s1\n"
    told = await refused(node.allotments.ReportSold(csv_report(content)))
    assert [violation.field for violation in told.violations] == ["seats.csv"] * 3
    lines = [violation.description.split(" (limit")[0] for violation in told.violations]
    assert lines == [
        "seats.csv line 3: names seat s0 again, see line 2",
        "seats.csv line 4: has no seat",
        "seats.csv line 5: seat x9 is not in plan version 3",
    ]
    told = await refused(node.allotments.ReportSold(csv_report(b"seat_id\ns7\ns8\ns9\n")))
    assert [violation.description.split(" (limit")[0] for violation in told.violations] == [
        "seats.csv line 3: seat s8 is not in allotment a1",
        "seats.csv line 4: seat s9 is not in allotment a1",
    ]
    assert (await get(node, "a1")).counts.reported_sold == 0


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"  \n", "is empty"),
        (b"seats\ns0\n", "has no column seat_id in line 1"),
        (b"seat_id\n", "names no seat"),
        (b"seat_id\ns0\n\xff\n", "is not UTF-8 in line 3"),
        (b"seat_id\ns\x000\n", "has a zero byte in line 2"),
        (b"seat_id\n" + b"x" * 1_000_000, "has 1,000,008 bytes"),
    ],
)
async def test_what_is_no_csv_of_seats_is_refused(node: Node, content: bytes, problem: str) -> None:
    await node.allotments.AllotSeats(allot("a1", range(8)))
    told = await refused(node.allotments.ReportSold(csv_report(content)))
    assert (told.facts["field"], told.facts["problem"]) == ("seats.csv", problem)


async def test_a_step_that_comes_again_is_told_the_same_seats_and_done_once(node: Node) -> None:
    request = allot("a1", [])
    request.seats.places.CopyFrom(pb.StandingPlaces(zone="Arena", count=3))
    first = await node.allotments.AllotSeats(request)
    request.key.epoch = first.epoch
    again = await node.allotments.AllotSeats(request)
    assert again == first
    request.seats.places.count = 4
    assert (await refused(node.allotments.AllotSeats(request))).reason == "IDEMPOTENCY_KEY_REUSED"
    by_list = report("a1", 24, 25)
    await node.allotments.ReportSold(by_list)
    by_list.seats.listed.seat_ids[:] = ["s25", "s24"]
    assert (await node.allotments.ReportSold(by_list)).allotment.version == 2


async def test_steps_and_seats_are_found_by_the_next_owner(node: Node) -> None:
    request = allot("a1", range(4), note="for the shop in town")
    await node.allotments.AllotSeats(request)
    await node.allotments.ReportSold(report("a1", 0, 1))
    before = await get(node, "a1")
    assert await node.host.let_go(NAME)
    assert await get(node, "a1") == before
    again = await node.allotments.ReportSold(report("a1", 1, 0))
    assert (again.allotment.version, list(again.seat_ids)) == (2, ["s0", "s1"])


async def test_allotments_are_listed_page_by_page(node: Node) -> None:
    for number in range(3):
        await node.allotments.AllotSeats(allot(f"a{number}", [number]))
    await node.allotments.CloseAllotment(pb.CloseAllotmentRequest(key=KEY, step_id="end", allotment_id="a1"))
    found, token = [], ""
    while True:
        page = await node.allotments.ListAllotments(
            pb.ListAllotmentsRequest(key=KEY, page_size=2, page_token=token, office_id="office_1")
        )
        found += [each.allotment_id for each in page.allotments]
        token = page.next_page_token
        if not token:
            break
    assert found == ["a0", "a1", "a2"]
    assert page.deck.pool == 30
    open_ones = await node.allotments.ListAllotments(pb.ListAllotmentsRequest(key=KEY, only_open=True))
    assert [each.allotment_id for each in open_ones.allotments] == ["a0", "a2"]
    nobodys = await node.allotments.ListAllotments(pb.ListAllotmentsRequest(key=KEY, office_id="office_2"))
    assert not nobodys.allotments


def in_an_hour() -> Timestamp:
    due = Timestamp()
    due.FromMilliseconds(SystemClock().now_ms() + 3_600_000)
    return due


async def test_r1_6_what_is_due_goes_back_though_nobody_has_the_performance_in_memory(node: Node) -> None:
    await node.allotments.AllotSeats(allot("a1", range(8), return_due_at=in_an_hour()))
    await node.allotments.AllotSeats(allot("a2", range(8, 12), return_due_at=in_an_hour()))
    await node.allotments.ReportSold(report("a1", 0))
    day = ReturnDay(node.host, PostgresDueReturns(node.engine), SystemClock())
    await day.look()
    assert (await get(node, "a1")).counts.open == 7
    assert await node.host.let_go(NAME)
    async with as_owner(node.engine).begin() as connection:
        await connection.execute(update(allotment).where(allotment.c.allotment_id == "a1").values(return_due_at_ms=1))
    await day.look()
    counts = (await get(node, "a1")).counts
    assert (counts.open, counts.reported_sold, counts.returned) == (0, 1, 7)
    assert (await get(node, "a2")).counts.open == 4
    assert await PostgresDueReturns(node.engine).due(None, 10) == []


async def test_the_owner_has_the_last_word_on_what_is_due(node: Node) -> None:
    """RULE 16: whoever looks at the record may be early."""
    await node.allotments.AllotSeats(allot("a1", range(8), return_due_at=in_an_hour()))
    async with as_owner(node.engine).begin() as connection:
        await connection.execute(update(allotment).values(return_due_at_ms=1))
    await ReturnDay(node.host, PostgresDueReturns(node.engine), SystemClock()).look()
    assert (await get(node, "a1")).counts.open == 8
