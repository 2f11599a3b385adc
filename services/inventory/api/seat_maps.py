"""The acknowledged seat map as it is sent: whole where every client takes that, in parts otherwise."""

from __future__ import annotations

from collections.abc import Iterator

from balcon.inventory.v1 import inventory_service_pb2 as pb

from services.contracts.bounds import MAX_ANSWER_BYTES, MAX_SEAT_ID_CHARS, PART_BYTES
from services.inventory.actors.performance_actor import PerformanceActor
from services.runtime.errors import AnswerTooLarge
from services.runtime.rpc.errors import Refused

# The longest ids have four bytes a character, and three more each on the wire.
IDS_A_PART = PART_BYTES // (4 * MAX_SEAT_ID_CHARS + 3)


def seat_map(actor: PerformanceActor, *, with_seat_ids: bool) -> pb.GetSeatMapResponse:
    """In one message. Raises Refused when it is too large; without ids no plan's is."""
    plan = actor.performance.plan
    response = pb.GetSeatMapResponse(
        epoch=actor.epoch,
        version=actor.feed.version,
        plan_version=plan.plan_version,
        seat_states=bytes(actor.feed.statuses),
        seat_ids=plan.seat_ids if with_seat_ids else (),
        counts=pb.SeatCounts(**actor.feed.counts().by_name()),
    )
    if with_seat_ids and (size := response.ByteSize()) > MAX_ANSWER_BYTES:
        raise Refused(AnswerTooLarge(size, MAX_ANSWER_BYTES, "StreamSeatMap"))
    return response


def seat_map_parts(actor: PerformanceActor) -> Iterator[pb.StreamSeatMapResponse]:
    """In messages that every client takes. The first has the states, all of one moment."""
    plan = actor.performance.plan
    yield pb.StreamSeatMapResponse(
        epoch=actor.epoch,
        version=actor.feed.version,
        plan_version=plan.plan_version,
        seat_states=bytes(actor.feed.statuses),
        counts=pb.SeatCounts(**actor.feed.counts().by_name()),
    )
    for start in range(0, len(plan.seat_ids), IDS_A_PART):
        yield pb.StreamSeatMapResponse(seat_ids=plan.seat_ids[start : start + IDS_A_PART])
