"""On whose behalf the inventory is asked: past a node that does not own, over the stream of many, into the command."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from itertools import product
from typing import Any, get_args

import pytest
from balcon.inventory.v1 import allotment_service_pb2 as allotments
from balcon.inventory.v1 import inventory_service_pb2 as pb
from balcon.inventory.v1 import reservation_service_pb2 as reservations
from balcon.inventory.v1.allotments_pb2 import ALLOTMENT_KIND_HARD
from balcon.types.v1.principal_pb2 import PRINCIPAL_KIND_STAFF
from balcon.types.v1.principal_pb2 import PrincipalRef as WirePrincipalRef
from balcon.types.v1.seating_pb2 import CHANNEL_BACKEND, CHANNEL_ONLINE, SeatRefs
from google.protobuf.message import Message

from services.contracts.inventory_stream import (
    Done,
    HoldCommand,
    InventoryCodec,
    InventoryStreams,
    OnPerformance,
    RowCommand,
)
from services.inventory.adapters.memory_stores import MemoryPerformances
from services.inventory.cluster.placement import preferred
from services.inventory.domain.commands import (
    AllottingCommand,
    Command,
    ExpireReservation,
    RecordCommand,
    ReservingCommand,
    ReturnDue,
)
from services.runtime.call_context import CallContext, act_as, enter_call
from services.runtime.clock import SystemClock
from services.runtime.ids import SeededIds
from services.runtime.principal import Principal, PrincipalKind, PrincipalRef
from services.runtime.rpc.owner_streams import OwnerStreams
from services.runtime.rpc.routing import OwnerRouting
from services.runtime.testing.servers import DatabaseUrl
from tests.integration.inventory.node import HOUSE, PLAN_VERSION, Node, performance, running_node
from tests.integration.runtime.checking import Checking, authorization, credential_of

CLOCK = SystemClock()
NAME = "perf_1"
KEY = pb.PerformanceKey(house_id=HOUSE, performance_id=NAME)
ON = OnPerformance(HOUSE, NAME, PLAN_VERSION)
OWN = "Bearer the-services-own"


@dataclass(frozen=True, slots=True)
class Pair:
    """The node that owns the performance, the one that does not, and who came to the owner."""

    owner: Node
    other: Node
    came: Checking


@pytest.fixture
async def pair(redis_url: str, database_url: DatabaseUrl) -> AsyncIterator[Pair]:
    url, performances = database_url("inventory"), MemoryPerformances(performance(NAME))
    checks = (Checking(), Checking())
    async with AsyncExitStack() as stack:
        nodes = [
            await stack.enter_async_context(running_node(redis_url, url, performances, checking, forwards=True))
            for checking in checks
        ]
        for node in nodes:
            await node.lease.look_around()
        place = preferred(NAME, nodes[0].lease.nodes)
        assert place is not None
        owns = [node.endpoint for node in nodes].index(place.endpoint)
        yield Pair(nodes[owns], nodes[1 - owns], checks[owns])


async def test_a_credential_given_to_a_node_that_does_not_own_arrives_at_the_owner(pair: Pair) -> None:
    seats = SeatRefs(plan_version=PLAN_VERSION, seat_ids=["s1"])
    block = pb.BlockSeatsRequest(key=KEY, seats=seats, reason="camera")
    await pair.other.stub.BlockSeats(block, metadata=authorization("person_1"))
    assert pair.came.came == [("BlockSeats", credential_of("person_1"))]


async def test_a_credential_of_a_watcher_arrives_at_the_owner(pair: Pair) -> None:
    watch = pair.other.stub.WatchSeats(pb.WatchSeatsRequest(key=KEY), metadata=authorization("person_1"))
    await anext(aiter(watch))
    watch.cancel()
    assert pair.came.came == [("WatchSeats", credential_of("person_1"))]


async def test_a_call_without_a_credential_arrives_without_one(pair: Pair) -> None:
    await pair.other.stub.GetSeatMap(pb.GetSeatMapRequest(key=KEY))
    assert pair.came.came == [("GetSeatMap", "")]


@asynccontextmanager
async def streams_to(node: Node) -> AsyncIterator[InventoryStreams]:
    routing = OwnerRouting([node.endpoint], CLOCK, lambda: 0.5)
    streams: InventoryStreams = OwnerStreams(routing, InventoryCodec(), CLOCK)
    yield streams
    await streams.close()
    await routing.close()


async def ask_for(streams: InventoryStreams, subject: str, command: HoldCommand | RowCommand) -> None:
    """In a call of that member of staff."""
    call = CallContext({}, None, SeededIds(1), credential_of(subject))
    call.principal = Principal(PrincipalKind.STAFF, subject)
    enter_call(call)
    assert isinstance(await streams.ask(command), Done)


def block(number: int) -> RowCommand:
    return RowCommand(ON, pb.Command(block=pb.BlockCommand(seat_indexes=[number], reason="camera")))


async def test_commands_of_many_share_a_stream_and_arrive_with_their_principals(pair: Pair) -> None:
    act_as(lambda: OWN)
    async with streams_to(pair.owner) as streams:
        await asyncio.gather(
            *(ask_for(streams, f"person_{number}", block(number)) for number in range(3)),
            ask_for(streams, "person_9", HoldCommand(ON, "h1", "anna", [9])),
            streams.ask(block(10)),
        )
    assert pair.came.came == [("ExecuteCommands", OWN)]
    named = {
        row.block.seat_indexes[0]: row.on_behalf_of if row.HasField("on_behalf_of") else None
        for message in pair.came.messages
        for row in message.commands
    }
    assert named == {
        10: None,
        **{number: WirePrincipalRef(kind=PRINCIPAL_KIND_STAFF, subject=f"person_{number}") for number in range(3)},
    }
    assert "secret" not in str(pair.came.messages)


def acts(key: str) -> list[tuple[str, Message, pb.Command]]:
    """Each act for the record, in an order that works: as a unary call and as a row."""
    seats, indexes = SeatRefs(plan_version=PLAN_VERSION, seat_ids=["s1"]), [1]
    block, unblock = pb.BlockSeatsRequest(key=KEY, seats=seats, reason="camera"), pb.UnblockSeatsRequest(key=KEY)
    unblock.seats.CopyFrom(seats)
    claim = pb.ClaimSeatsRequest(key=KEY, order_id=key, holder_id="anna", seats=seats, channel=CHANNEL_ONLINE)
    claim_row = pb.ClaimCommand(order_id=key, holder_id="anna", seat_indexes=indexes, channel=CHANNEL_ONLINE)
    order: dict[str, Any] = {"key": KEY, "order_id": key}
    return [
        ("BlockSeats", block, pb.Command(block=pb.BlockCommand(seat_indexes=indexes, reason="camera"))),
        ("UnblockSeats", unblock, pb.Command(unblock=pb.UnblockCommand(seat_indexes=indexes))),
        ("ClaimSeats", claim, pb.Command(claim=claim_row)),
        ("ConfirmClaim", pb.ConfirmClaimRequest(**order), pb.Command(confirm=pb.ConfirmCommand(order_id=key))),
        ("CancelSale", pb.CancelSaleRequest(**order), pb.Command(cancel_sale=pb.CancelSaleCommand(order_id=key))),
        ("CancelClaim", pb.CancelClaimRequest(**order), pb.Command(cancel_claim=pb.CancelClaimCommand(order_id=key))),
    ]


def steps() -> list[tuple[str, Message]]:
    """Each step of an allotment, in an order that works: unary calls only."""
    listed = SeatRefs(plan_version=PLAN_VERSION, seat_ids=["s5"])
    seats = allotments.SeatsOfAllotment(listed=listed)
    more = allotments.SeatsToAllot(listed=SeatRefs(plan_version=PLAN_VERSION, seat_ids=["s6"]))

    def one(asked: Any, step_id: str, **more: Any) -> Message:
        request: Message = asked(key=KEY, step_id=step_id, allotment_id="a1", **more)
        return request

    to_allot = allotments.SeatsToAllot(listed=listed)
    new = {"kind": ALLOTMENT_KIND_HARD, "office_id": "office_1", "seats": to_allot}
    return [
        ("AllotSeats", one(allotments.AllotSeatsRequest, "s1", **new)),
        ("ExtendAllotment", one(allotments.ExtendAllotmentRequest, "s2", seats=more)),
        ("ReportSold", one(allotments.ReportSoldRequest, "s3", seats=seats)),
        ("TakeBackReport", one(allotments.TakeBackReportRequest, "s4", seats=seats)),
        ("RecallSeats", one(allotments.RecallSeatsRequest, "s5", seats=seats)),
        ("ScheduleReturn", one(allotments.ScheduleReturnRequest, "s6")),
        ("ReturnUnsold", one(allotments.ReturnUnsoldRequest, "s7")),
        ("CloseAllotment", one(allotments.CloseAllotmentRequest, "s8")),
    ]


def promises() -> list[tuple[str, Message]]:
    """Each act of a reservation, in an order that works: unary calls only."""
    seats = SeatRefs(plan_version=PLAN_VERSION, seat_ids=["s7"])
    reserve = reservations.ReserveSeatsRequest(
        key=KEY, reservation_id="r1", holder_id="anna", seats=seats, channel=CHANNEL_BACKEND
    )
    return [
        ("ReserveSeats", reserve),
        ("ExtendReservation", reservations.ExtendReservationRequest(key=KEY, reservation_id="r1")),
        ("ReleaseReservation", reservations.ReleaseReservationRequest(key=KEY, reservation_id="r1")),
    ]


async def test_the_record_decides_each_act_with_its_principal(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    decided: list[Command] = []
    execute = pair.owner.host.execute

    async def noting(house_id: str, performance_id: str, wanted: Sequence[Command], **how: Any) -> Any:
        decided.extend(wanted)
        return await execute(house_id, performance_id, wanted, **how)

    monkeypatch.setattr(pair.owner.host, "execute", noting)
    for name, request, _ in acts("ord_1"):
        await getattr(pair.other.stub, name)(request, metadata=authorization("person_1"))
    for name, request in steps():
        await getattr(pair.other.allotments, name)(request, metadata=authorization("person_1"))
    for name, request in promises():
        await getattr(pair.other.reservations, name)(request, metadata=authorization("person_1"))
    async with streams_to(pair.owner) as streams:
        for _, _, row in acts("ord_2"):
            await ask_for(streams, "person_2", RowCommand(ON, row))
    told = {(type(command), getattr(command, "on_behalf_of", None)) for command in decided}
    staff = [PrincipalRef(PrincipalKind.STAFF, subject) for subject in ("person_1", "person_2")]
    # Allotments and reservations have no rows of the stream, and what is due is nobody's act.
    unary = {*get_args(AllottingCommand), *get_args(ReservingCommand)}
    both_ways = set(get_args(RecordCommand)) - unary
    assert told == {*product(both_ways, staff), *product(unary - {ReturnDue, ExpireReservation}, staff[:1])}
