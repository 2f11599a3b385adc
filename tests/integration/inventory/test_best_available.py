"""Best available over real gRPC, Valkey and Postgres: one at a time, many at once, on the stream, over a restart."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence

import grpc
import pytest
from balcon.inventory.v1 import inventory_service_pb2 as pb
from balcon.types.v1.seating_pb2 import CHANNEL_BOX_OFFICE, CHANNEL_ONLINE, SEAT_STATE_HELD, Channel, SeatRefs

from services.inventory.adapters.memory_stores import MemoryPerformances
from services.inventory.domain.records import HoldRules
from services.inventory.ports import Performance, SeatPlan
from services.runtime.rpc.errors import RemoteRefusal, refusal_of
from tests.integration.inventory.callers import NAME, StreamCaller
from tests.integration.inventory.node import HOUSE, PLAN_VERSION, Node, running_node
from tests.unit.inventory.halls import hall, row, standing

KEY = pb.PerformanceKey(house_id=HOUSE, performance_id=NAME)
ROWS = 10
# Ten rows of ten seats of category a, an accessible pair at the end of the last, and thirty standing places.
PLACES = hall(
    *(row("aaaaaaaaaa" if n < ROWS - 1 else "aaaaaaaaAA", name=str(n), y=10.0 + n) for n in range(ROWS)), standing(30)
)
SEATS = 98


def performances(*, refuses_orphans: bool = True) -> MemoryPerformances:
    plan = SeatPlan.of(PLAN_VERSION, [f"s{n}" for n in range(len(PLACES.places))], PLACES.layout)
    rules = HoldRules(True, 20, 600_000, refuses_orphans=refuses_orphans)
    return MemoryPerformances(Performance(NAME, HOUSE, plan, rules))


@pytest.fixture
async def node(redis_url: str, emptied_database_url: Callable[[str], str]) -> AsyncIterator[Node]:
    async with running_node(redis_url, emptied_database_url("inventory"), performances()) as running:
        yield running


def group(size: int, **wishes: object) -> pb.SeatGroup:
    return pb.SeatGroup(size=size, **wishes)  # type: ignore[arg-type]


def best(
    hold_id: str,
    *groups: pb.SeatGroup,
    may_split: bool = False,
    plan_version: int = PLAN_VERSION,
    channel: Channel.ValueType = CHANNEL_ONLINE,
) -> pb.HoldBestAvailableRequest:
    return pb.HoldBestAvailableRequest(
        key=KEY,
        hold_id=hold_id,
        holder_id=f"b-{hold_id}",
        plan_version=plan_version,
        groups=groups,
        channel=channel,
        may_split=may_split,
    )


def chosen(hold_id: str, *numbers: int, channel: Channel.ValueType = CHANNEL_ONLINE) -> pb.HoldSeatsRequest:
    seats = SeatRefs(plan_version=PLAN_VERSION, seat_ids=[f"s{n}" for n in numbers])
    return pb.HoldSeatsRequest(key=KEY, hold_id=hold_id, holder_id=f"b-{hold_id}", seats=seats, channel=channel)


async def refused(node: Node, request: pb.HoldBestAvailableRequest | pb.HoldSeatsRequest) -> RemoteRefusal:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        if isinstance(request, pb.HoldSeatsRequest):
            await node.stub.HoldSeats(request)
        else:
            await node.stub.HoldBestAvailable(request)
    refusal = refusal_of(caught.value)
    assert refusal is not None, caught.value
    return refusal


async def held(node: Node) -> int:
    return (await node.stub.GetSeatMap(pb.GetSeatMapRequest(key=KEY))).counts.held


def numbers(hold: pb.Hold) -> Sequence[int]:
    return [int(seat_id.removeprefix("s")) for seat_id in hold.seats.seat_ids]


async def test_the_best_seats_are_held_and_told(node: Node) -> None:
    answer = await node.stub.HoldBestAvailable(best("h1", group(2)))
    assert numbers(answer.hold) == [4, 5]
    assert answer.hold.hold_until_ms < answer.hold.cap_until_ms
    states = (await node.stub.GetSeatMap(pb.GetSeatMapRequest(key=KEY))).seat_states
    assert [seat for seat, state in enumerate(states) if state == SEAT_STATE_HELD] == [4, 5]


async def test_the_same_request_again_gets_the_very_same_seats(node: Node) -> None:
    first = await node.stub.HoldBestAvailable(best("h1", group(3)))
    await node.stub.HoldBestAvailable(best("h2", group(3)))
    assert await node.stub.HoldBestAvailable(best("h1", group(3))) == first
    assert (await refused(node, best("h1", group(4)))).reason == "IDEMPOTENCY_KEY_REUSED"
    assert await held(node) == 6


async def test_the_same_request_after_a_restart_gets_the_very_same_seats(node: Node, redis_url: str) -> None:
    first = await node.stub.HoldBestAvailable(best("h1", group(3), group(2, zones=["Pit"])))
    await node.host.hand_over()
    await node.lease.resign()
    shared = node.engine.url.render_as_string(hide_password=False)
    async with running_node(redis_url, shared, performances()) as other:
        again = await other.stub.HoldBestAvailable(best("h1", group(3), group(2, zones=["Pit"])))
        assert again.hold == first.hold
        assert again.epoch > first.epoch
        more = await other.stub.HoldBestAvailable(best("h2", group(3)))
        assert not set(numbers(more.hold)) & set(numbers(first.hold))


async def test_buyers_who_ask_at_once_never_get_the_same_seat(node: Node) -> None:
    answers = await asyncio.gather(
        *(node.stub.HoldBestAvailable(best(f"h{n}", group(2))) for n in range(49)), return_exceptions=True
    )
    given = [seat for answer in answers if not isinstance(answer, BaseException) for seat in numbers(answer.hold)]
    assert len(given) == len(set(given)) == SEATS
    refusal = await refused(node, best("late", group(1)))
    assert (refusal.reason, refusal.facts["largest_group"]) == ("SEATS_NOT_TOGETHER", "0")


async def test_a_refusal_tells_what_works_and_that_works(node: Node) -> None:
    refusal = await refused(node, best("h1", group(2), group(12)))
    assert refusal.reason == "SEATS_NOT_TOGETHER"
    assert (refusal.facts["group"], refusal.facts["asked"]) == ("1", "12")
    assert await held(node) == 0
    largest = int(refusal.facts["largest_group"])
    assert largest == 10
    await node.stub.HoldBestAvailable(best("h1", group(2), group(largest)))
    priced = await refused(node, best("h2", group(4, categories=["p"])))
    assert priced.facts["categories"] == "a"
    await node.stub.HoldBestAvailable(best("h2", group(4, categories=["a"])))


async def test_seats_accessible_seats_and_standing_places_go_in_one_hold_or_none(node: Node) -> None:
    wanted = [group(4), group(2, zones=["Pit"]), group(2, accessible=1)]
    answer = await node.stub.HoldBestAvailable(best("h1", *wanted))
    assert len(answer.hold.seats.seat_ids) == 8
    assert sum(seat >= 100 for seat in numbers(answer.hold)) == 2
    assert 98 in numbers(answer.hold)
    assert (await refused(node, best("h2", group(4), group(29, zones=["Pit"])))).reason == "HOLDER_LIMIT"
    assert (await refused(node, best("h2", group(4), group(3, accessible=3)))).facts["largest_group"] == "1"
    assert await held(node) == 8


async def test_a_choice_that_leaves_a_single_seat_is_refused_online_and_not_at_the_box_office(node: Node) -> None:
    refusal = await refused(node, chosen("h1", 1, 2))
    assert (refusal.reason, refusal.facts["seats"]) == ("ORPHAN_LEFT", "s0")
    await node.stub.HoldSeats(chosen("h1", 1, 2, channel=CHANNEL_BOX_OFFICE))
    await node.stub.HoldSeats(chosen("h2", 10, 11))
    move = pb.MoveHoldRequest(
        key=KEY, hold_id="h2", holder_id="b-h2", seats=SeatRefs(plan_version=PLAN_VERSION, seat_ids=["s11", "s12"])
    )
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await node.stub.MoveHold(move)
    moved = refusal_of(caught.value)
    assert moved is not None
    assert (moved.reason, moved.facts["seats"]) == ("ORPHAN_LEFT", "s10")


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        (best("h1"), "groups"),
        (best("h1", *[group(1)] * 11), "groups"),
        (best("h1", group(2), group(0)), "groups[1].size"),
        (best("h1", group(101)), "groups[0].size"),
        (best("h1", group(60), group(60)), "groups"),
        (best("h1", group(2, accessible=3)), "groups[0].accessible"),
        (best("h1", group(2, categories=["a", "Loge"])), "groups[0].categories"),
        (best("h1", group(2, zones=["x" * 1_000])), "groups[0].zones"),
        (best("h1", group(2, zones=["Z"] * 51)), "groups[0]"),
        (best("bad key!", group(2)), "hold_id"),
    ],
)
async def test_a_bad_wish_names_its_field_and_changes_nothing(
    node: Node, request_: pb.HoldBestAvailableRequest, field: str
) -> None:
    refusal = await refused(node, request_)
    assert (refusal.reason, refusal.facts["field"]) == ("FIELD_INVALID", field)
    assert len(refusal.facts["problem"]) < 200
    assert await held(node) == 0


async def test_another_plan_version_is_refused(node: Node) -> None:
    assert (await refused(node, best("h1", group(2), plan_version=9))).reason == "PLAN_VERSION_MISMATCH"


async def test_the_stream_finds_seats_beside_other_holds_of_one_message(node: Node) -> None:
    stream = StreamCaller(node)
    wishes = [[group(2)], [group(3)], [group(11)], [group(1, zones=["Nowhere"])], [group(2, zones=["Pit"])]]
    rows = [
        pb.Command(
            best_available=pb.BestAvailableCommand(
                hold_id=f"w{n}", holder_id=f"w{n}", groups=groups, channel=CHANNEL_ONLINE
            )
        )
        for n, groups in enumerate(wishes)
    ]
    holds = pb.HoldColumns(
        hold_ids=["c"], holder_ids=["c"], seat_counts=[2], seat_indexes=[4, 5], channel=CHANNEL_ONLINE
    )
    answer = await stream.send(
        pb.ExecuteCommandsRequest(batch_id=1, key=KEY, plan_version=PLAN_VERSION, holds=holds, commands=rows)
    )
    stream.close()
    assert [(no.position, no.reason) for no in answer.refused] == [(3, "SEATS_NOT_TOGETHER"), (4, "FIELD_INVALID")]
    assert answer.refused[0].metadata["largest_group"] == "10"
    found = {seats.position: list(seats.seat_indexes) for seats in answer.found}
    assert found.keys() == {1, 2, 5}
    given = [4, 5, *found[1], *found[2], *found[5]]
    assert len(given) == len(set(given)) == 9
    assert await held(node) == 9
    assert all(seats.hold_until_ms > 0 for seats in answer.found)


async def test_a_holds_id_stands_for_its_first_wish_whoever_owns_the_performance(
    redis_url: str, emptied_database_url: Callable[[str], str]
) -> None:
    database_url = emptied_database_url("inventory")
    first, other = best("one", group(2, categories=["a"])), best("one", group(2))
    async with running_node(redis_url, database_url, performances()) as node:
        seats = (await node.stub.HoldBestAvailable(first)).hold.seats
        await node.stub.HoldSeats(chosen("two", 40))
        await node.stub.HoldSeats(chosen("three", 20))
        await node.stub.ReleaseHold(pb.ReleaseHoldRequest(key=KEY, hold_id="three", holder_id="b-three"))
        for request in (other, best("two", group(1)), chosen("one", *(int(seat[1:]) for seat in seats.seat_ids))):
            assert (await refused(node, request)).reason == "IDEMPOTENCY_KEY_REUSED"
    async with running_node(redis_url, database_url, performances()) as node:
        assert (await node.stub.HoldBestAvailable(first)).hold.seats == seats
        for request in (other, best("two", group(1)), chosen("two", 40, channel=CHANNEL_BOX_OFFICE)):
            assert (await refused(node, request)).reason == "IDEMPOTENCY_KEY_REUSED"
        # A late copy: it takes nothing again.
        assert (await refused(node, chosen("three", 20))).reason == "HOLD_ENDED"
        assert await held(node) == 3


async def test_a_refusal_says_what_would_fit_and_nothing_else(node: Node) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await node.stub.HoldBestAvailable(best("one", group(15)))
    assert caught.value.details() == "No 15 seats fit for group 0; 10 side by side would."
