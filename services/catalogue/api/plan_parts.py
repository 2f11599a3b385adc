"""A seating plan as it is sent: encoded once for all who ask, in parts that every client takes."""

from __future__ import annotations

from collections.abc import Iterator

from balcon.catalogue.v1 import catalogue_service_pb2 as pb

from services.catalogue.domain.seating_plan import SeatingPlan
from services.catalogue.handlers.plan_cache import PlanKey
from services.contracts.bounds import PART_BYTES

# The encoded messages of StreamSeatingPlan. One after the other they are a message too, since repeated fields add up
# and the others are set once: the answer of GetSeatingPlan, which has the plan under the same number.
PlanParts = tuple[bytes, ...]
# At most, around a seat: its field's number and its length.
_FRAME_BYTES = 4


def plan_parts(key: PlanKey, plan: SeatingPlan) -> PlanParts:
    """The plan on the wire, seats in their order. 20,000 seats take some 40 ms: not on the event loop."""
    return tuple(pb.StreamSeatingPlanResponse(plan=part).SerializeToString() for part in _parts(key, plan))


def _parts(key: PlanKey, plan: SeatingPlan) -> Iterator[pb.SeatingPlan]:
    part = pb.SeatingPlan(
        house_id=key.house_id,
        hall_id=key.hall_id,
        plan_version=key.plan_version,
        name=plan.name,
        categories=[pb.PriceCategory(name=category.name, color=category.color) for category in plan.categories],
        focal_point=None if plan.focal_point is None else pb.FocalPoint(x=plan.focal_point[0], y=plan.focal_point[1]),
    )
    size = part.ByteSize()
    for seat in plan.seats:
        if size >= PART_BYTES:
            yield part
            part, size = pb.SeatingPlan(), 0
        added = part.seats.add(
            seat_id=seat.seat_id,
            zone=seat.zone,
            row=seat.row,
            number=seat.number,
            category=seat.category,
            x=seat.x,
            y=seat.y,
            accessible=seat.accessible,
            standing=seat.standing,
            row_label=seat.row_label,
            seat_label=seat.seat_label,
            companion=seat.companion,
        )
        size += added.ByteSize() + _FRAME_BYTES
    yield part
