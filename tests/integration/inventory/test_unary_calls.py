"""The inventory's unary calls over real gRPC, Valkey and Postgres."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

import grpc
import pytest
from balcon.inventory.v1 import inventory_service_pb2 as pb
from balcon.types.v1.seating_pb2 import CHANNEL_BOX_OFFICE, CHANNEL_ONLINE, SeatRefs

from services.inventory.adapters.memory_stores import MemoryPerformances
from services.runtime.rpc.errors import RemoteRefusal, refusal_of
from services.runtime.testing.servers import DatabaseUrl
from tests.integration.inventory.node import HOUSE, PLAN_VERSION, Node, performance, running_node

KEY = pb.PerformanceKey(house_id=HOUSE, performance_id="perf_1")


def seats(*seat_ids: str) -> SeatRefs:
    return SeatRefs(plan_version=PLAN_VERSION, seat_ids=seat_ids)


def hold(hold_id: str, *seat_ids: str, holder_id: str = "buyer_1") -> pb.HoldSeatsRequest:
    return pb.HoldSeatsRequest(
        key=KEY, hold_id=hold_id, holder_id=holder_id, seats=seats(*seat_ids), channel=CHANNEL_ONLINE
    )


def claim(order_id: str, hold_id: str, *seat_ids: str, holder_id: str = "buyer_1") -> pb.ClaimSeatsRequest:
    return pb.ClaimSeatsRequest(
        key=KEY,
        order_id=order_id,
        holder_id=holder_id,
        hold_id=hold_id,
        seats=seats(*seat_ids),
        channel=CHANNEL_ONLINE,
    )


@pytest.fixture
async def node(redis_url: str, emptied_database_url: Callable[[str], str]) -> AsyncIterator[Node]:
    async with running_node(redis_url, emptied_database_url("inventory"), MemoryPerformances(performance())) as running:
        yield running


async def refused(call: Awaitable[object]) -> RemoteRefusal:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    refusal = refusal_of(caught.value)
    assert refusal is not None, caught.value
    return refusal


async def counts(node: Node) -> Sequence[int]:
    c = (await node.stub.GetSeatMap(pb.GetSeatMapRequest(key=KEY))).counts
    return (c.free, c.held, c.claimed, c.sold, c.blocked)


async def test_a_hold_goes_through_claim_and_sale(node: Node) -> None:
    answer = await node.stub.HoldSeats(hold("h1", "s1", "s2"))
    assert list(answer.hold.seats.seat_ids) == ["s1", "s2"]
    assert answer.hold.hold_until_ms < answer.hold.cap_until_ms
    assert await counts(node) == (98, 2, 0, 0, 0)
    await node.stub.ClaimSeats(claim("o1", "h1", "s1", "s2"))
    assert await counts(node) == (98, 0, 2, 0, 0)
    await node.stub.ConfirmClaim(pb.ConfirmClaimRequest(key=KEY, order_id="o1"))
    await node.stub.ConfirmClaim(pb.ConfirmClaimRequest(key=KEY, order_id="o1"))
    assert await counts(node) == (98, 0, 0, 2, 0)
    await node.stub.CancelSale(pb.CancelSaleRequest(key=KEY, order_id="o1"))
    assert await counts(node) == (100, 0, 0, 0, 0)


async def test_second_hold_on_a_held_seat_is_refused_and_takes_nothing(node: Node) -> None:
    await node.stub.HoldSeats(hold("h1", "s1"))
    refusal = await refused(node.stub.HoldSeats(hold("h2", "s0", "s1", holder_id="buyer_2")))
    assert (refusal.reason, refusal.facts["seats"]) == ("SEATS_TAKEN", "s1")
    assert await counts(node) == (99, 1, 0, 0, 0)


async def test_the_same_hold_again_gets_its_first_answer(node: Node) -> None:
    first = await node.stub.HoldSeats(hold("h1", "s1"))
    assert await node.stub.HoldSeats(hold("h1", "s1")) == first
    assert (await refused(node.stub.HoldSeats(hold("h1", "s2")))).reason == "IDEMPOTENCY_KEY_REUSED"


@pytest.mark.parametrize(
    ("request_", "reason"),
    [
        (hold("h1", "nowhere"), "SEAT_UNKNOWN"),
        (hold("h1"), "FIELD_INVALID"),
        (hold("h1", *[f"s{n}" for n in range(101)]), "FIELD_INVALID"),
        (hold("h1", "s1", "s1"), "FIELD_INVALID"),
        (hold("bad key!", "s1"), "FIELD_INVALID"),
        (hold("h1", *[f"s{n}" for n in range(11)]), "HOLDER_LIMIT"),
    ],
)
async def test_bad_holds_are_refused_with_their_reason(node: Node, request_: pb.HoldSeatsRequest, reason: str) -> None:
    assert (await refused(node.stub.HoldSeats(request_))).reason == reason
    assert await counts(node) == (100, 0, 0, 0, 0)


async def test_another_houses_performance_is_unknown(node: Node) -> None:
    foreign = pb.PerformanceKey(house_id="house_2", performance_id="perf_1")
    assert (await refused(node.stub.GetSeatMap(pb.GetSeatMapRequest(key=foreign)))).reason == "PERFORMANCE_NOT_FOUND"
    await node.stub.HoldSeats(hold("h1", "s1"))
    assert (await refused(node.stub.GetSeatMap(pb.GetSeatMapRequest(key=foreign)))).reason == "PERFORMANCE_NOT_FOUND"


async def test_staff_sell_what_is_blocked_for_the_shop_and_the_house_lists_its_blocks_with_reasons(node: Node) -> None:
    soft = pb.BlockSeatsRequest(key=KEY, seats=seats("s1", "s2"), reason="house seats", kind=pb.BLOCK_KIND_SOFT)
    await node.stub.BlockSeats(soft)
    await node.stub.BlockSeats(pb.BlockSeatsRequest(key=KEY, seats=seats("s3"), reason="camera"))
    assert (await refused(node.stub.HoldSeats(hold("h1", "s1")))).facts["seats"] == "s1"
    staffs = hold("h2", "s1")
    staffs.channel = CHANNEL_BOX_OFFICE
    await node.stub.HoldSeats(staffs)
    assert await counts(node) == (97, 1, 0, 0, 2)
    first = await node.stub.ListBlocks(pb.ListBlocksRequest(key=KEY, page_size=2))
    rest = await node.stub.ListBlocks(pb.ListBlocksRequest(key=KEY, page_size=2, page_token=first.next_page_token))
    assert [(block.seat_id, block.kind, block.reason) for block in (*first.blocks, *rest.blocks)] == [
        ("s1", pb.BLOCK_KIND_SOFT, "house seats"),
        ("s2", pb.BLOCK_KIND_SOFT, "house seats"),
        ("s3", pb.BLOCK_KIND_HARD, "camera"),
    ]
    assert rest.next_page_token == ""
    hard = await node.stub.ListBlocks(pb.ListBlocksRequest(key=KEY, kind=pb.BLOCK_KIND_HARD))
    assert [block.seat_id for block in hard.blocks] == ["s3"]
    await node.stub.ReleaseHold(pb.ReleaseHoldRequest(key=KEY, hold_id="h2", holder_id="buyer_1"))
    assert await counts(node) == (97, 0, 0, 0, 3)


async def test_a_kind_of_block_that_is_none_is_refused_beside_all_else_that_is_wrong(node: Node) -> None:
    odd = pb.BlockSeatsRequest(key=KEY, seats=seats("s1"), kind=7)  # type: ignore[arg-type]
    refusal = await refused(node.stub.BlockSeats(odd))
    assert {fault.field for fault in refusal.violations} == {"reason", "kind"}
    listed = await refused(node.stub.ListBlocks(pb.ListBlocksRequest(key=KEY, kind=7, page_size=9_999)))  # type: ignore[arg-type]
    assert {fault.field for fault in listed.violations} == {"kind", "page_size"}


async def test_a_second_node_is_told_who_owns_the_performance(
    node: Node, redis_url: str, database_url: DatabaseUrl
) -> None:
    await node.stub.HoldSeats(hold("h1", "s1"))
    shared = node.engine.url.render_as_string(hide_password=False)
    async with running_node(redis_url, shared, MemoryPerformances(performance())) as other:
        refusal = await refused(other.stub.HoldSeats(hold("h2", "s2")))
        assert (refusal.reason, refusal.facts["endpoint"]) == ("NOT_OWNER", node.endpoint)
