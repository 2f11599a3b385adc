"""Reservations (R4.8) on a real node: promised, extended, released, claimed, and ended by their deadline."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import grpc
import pytest
from balcon.acts.v1.acts_events_pb2 import ActDone
from balcon.inventory.v1 import inventory_service_pb2 as inventory_pb
from balcon.inventory.v1 import reservation_service_pb2 as pb
from balcon.types.v1.seating_pb2 import CHANNEL_BACKEND, CHANNEL_BOX_OFFICE, CHANNEL_ONLINE, SeatRefs
from sqlalchemy import select, update

from services.contracts.wire_types import wire_instant
from services.inventory.actors.reservation_deadlines import ReservationDeadlines
from services.inventory.adapters.memory_stores import MemoryPerformances
from services.inventory.adapters.postgres_due_reservations import PostgresDueReservations
from services.inventory.adapters.tables import outbox
from services.inventory.adapters.tables import reservation as rows
from services.inventory.domain.records import HoldRules
from services.inventory.domain.seat_state import CLAIMED, FREE, RESERVED
from services.runtime.clock import SystemClock
from services.runtime.rpc.errors import RemoteRefusal, refusal_of
from services.runtime.sql.connections import connected
from services.runtime.sql.scopes import HouseScope
from services.runtime.testing.servers import as_owner
from tests.integration.inventory.node import HOUSE, PLAN_VERSION, Node, performance, running_node

NAME = "perf_1"
KEY = inventory_pb.PerformanceKey(house_id=HOUSE, performance_id=NAME)
QUOTED = HoldRules(True, 10, 600_000, terms_version=3)
HOUR_MS = 3_600_000
CLOCK = SystemClock()


@pytest.fixture
async def node(redis_url: str, emptied_database_url: Callable[[str], str]) -> AsyncIterator[Node]:
    async with running_node(
        redis_url, emptied_database_url("inventory"), MemoryPerformances(performance(NAME))
    ) as running:
        yield running


def refs(*seats: int) -> SeatRefs:
    return SeatRefs(plan_version=PLAN_VERSION, seat_ids=[f"s{seat}" for seat in seats])


def reserve(name: str, *seats: int, in_ms: int = 0, **more: Any) -> pb.ReserveSeatsRequest:
    deadline_at = wire_instant(CLOCK.now_ms() + in_ms) if in_ms else None
    given: dict[str, Any] = {"holder_id": "anna", "channel": CHANNEL_BACKEND, "reference": "file 7"} | more
    return pb.ReserveSeatsRequest(key=KEY, reservation_id=name, seats=refs(*seats), deadline_at=deadline_at, **given)


async def states(node: Node, *seats: int) -> list[int]:
    told = await node.stub.GetSeatMap(inventory_pb.GetSeatMapRequest(key=KEY))
    return [told.seat_states[seat] for seat in seats]


async def refused(call: Any) -> RemoteRefusal:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    refusal = refusal_of(caught.value)
    assert refusal is not None
    return refusal


async def acts(node: Node) -> list[str]:
    async with connected(node.engine, HouseScope(HOUSE)) as connection:
        found = await connection.execute(select(outbox.c.type, outbox.c.payload).order_by(outbox.c.sequence))
        return [ActDone.FromString(row.payload).act for row in found if row.type.endswith("ActDone")]


async def test_a_reservation_is_told_as_it_was_made_and_listed_until_it_ends(node: Node) -> None:
    made = (await node.reservations.ReserveSeats(reserve("r1", 2, 1))).reservation
    assert list(made.seats.seat_ids) == ["s1", "s2"]
    assert (made.holder_id, made.reference, made.state) == ("anna", "file 7", pb.RESERVATION_STATE_STANDING)
    assert not made.HasField("deadline_at")
    await node.reservations.ReserveSeats(reserve("r2", 3, channel=CHANNEL_BOX_OFFICE))
    assert await states(node, 1, 2, 3, 4) == [RESERVED, RESERVED, RESERVED, FREE]
    first = await node.reservations.ListReservations(pb.ListReservationsRequest(key=KEY, page_size=1))
    following = pb.ListReservationsRequest(key=KEY, page_size=1, page_token=first.next_page_token)
    second = await node.reservations.ListReservations(following)
    assert [each.reservation_id for each in (*first.reservations, *second.reservations)] == ["r1", "r2"]
    released = await node.reservations.ReleaseReservation(pb.ReleaseReservationRequest(key=KEY, reservation_id="r1"))
    assert released.reservation.state == pb.RESERVATION_STATE_RELEASED
    left = await node.reservations.ListReservations(pb.ListReservationsRequest(key=KEY))
    both = await node.reservations.ListReservations(pb.ListReservationsRequest(key=KEY, include_ended=True))
    assert (len(left.reservations), len(both.reservations)) == (1, 2)
    assert await states(node, 1) == [FREE]
    assert await acts(node) == ["seats.reserved", "seats.reserved", "reservation.released"]


async def test_a_copy_gets_the_first_answer_and_other_content_is_refused(node: Node) -> None:
    request = reserve("r1", 1)
    first = await node.reservations.ReserveSeats(request)
    assert (await node.reservations.ReserveSeats(request)).reservation == first.reservation
    refusal = await refused(node.reservations.ReserveSeats(reserve("r1", 2)))
    assert refusal.reason == "IDEMPOTENCY_KEY_REUSED"
    assert await acts(node) == ["seats.reserved"]


async def test_what_cannot_be_promised_is_refused_with_its_facts(node: Node) -> None:
    await node.reservations.ReserveSeats(reserve("r1", 1))
    taken = await refused(node.reservations.ReserveSeats(reserve("r2", 1, 2)))
    assert (taken.reason, taken.facts["seats"]) == ("SEATS_TAKEN", "s1")
    online = await refused(node.reservations.ReserveSeats(reserve("r2", 2, channel=CHANNEL_ONLINE)))
    assert (online.facts["field"], online.facts["problem"]) == ("channel", "is ONLINE")
    past = await refused(node.reservations.ReserveSeats(reserve("r2", 2, in_ms=-HOUR_MS)))
    assert (past.reason, past.facts["field"]) == ("FIELD_INVALID", "deadline_at")
    long = await refused(node.reservations.ReserveSeats(reserve("r2", 2, reference="x" * 201)))
    assert long.facts["field"] == "reference"
    unknown = await refused(node.reservations.GetReservation(pb.GetReservationRequest(key=KEY, reservation_id="r9")))
    assert unknown.reason == "RESERVATION_NOT_FOUND"


async def test_it_becomes_a_claim_in_one_step_also_after_a_failover(node: Node) -> None:
    await node.reservations.ReserveSeats(reserve("r1", 1, 2, in_ms=HOUR_MS))
    await node.host.let_go(NAME)
    assert await states(node, 1, 2) == [RESERVED, RESERVED]
    claim = inventory_pb.ClaimSeatsRequest(
        key=KEY, order_id="o1", holder_id="anna", seats=refs(1, 2), channel=CHANNEL_BACKEND, reservation_id="r1"
    )
    for _ in range(2):
        await node.stub.ClaimSeats(claim)
    await node.host.let_go(NAME)
    assert await states(node, 1, 2) == [CLAIMED, CLAIMED]
    over = await refused(
        node.reservations.ReleaseReservation(pb.ReleaseReservationRequest(key=KEY, reservation_id="r1"))
    )
    assert over.message == "Reservation r1 became an order; its seats are not reserved any more."


async def test_a_deadline_frees_the_seats_of_whatever_nobody_owns(node: Node) -> None:
    await node.reservations.ReserveSeats(reserve("r1", 1, in_ms=HOUR_MS))
    await node.reservations.ReserveSeats(reserve("r2", 2))
    await node.host.let_go(NAME)
    async with as_owner(node.engine).begin() as connection:
        past = CLOCK.now_ms() - 60_000
        await connection.execute(update(rows).where(rows.c.reservation_id == "r1").values(deadline_ms=past))
    deadlines = ReservationDeadlines(node.host, PostgresDueReservations(node.engine), CLOCK)
    await deadlines.look()
    assert await states(node, 1, 2) == [FREE, RESERVED]
    assert await acts(node) == ["seats.reserved", "seats.reserved", "reservation.expired"]
    await deadlines.look()
    assert len(await acts(node)) == 3


async def test_extending_moves_the_deadline_or_takes_it_away(node: Node) -> None:
    await node.reservations.ReserveSeats(reserve("r1", 1, in_ms=HOUR_MS))
    later = wire_instant(CLOCK.now_ms() + 2 * HOUR_MS)
    extend = pb.ExtendReservationRequest(key=KEY, reservation_id="r1", deadline_at=later)
    assert (await node.reservations.ExtendReservation(extend)).reservation.deadline_at == later
    extend.ClearField("deadline_at")
    assert not (await node.reservations.ExtendReservation(extend)).reservation.HasField("deadline_at")
