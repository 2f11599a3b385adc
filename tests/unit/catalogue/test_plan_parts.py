"""A plan on the wire: parts that every client takes, and which together are the whole."""

from __future__ import annotations

from balcon.catalogue.v1 import catalogue_service_pb2 as pb

from services.catalogue.api.plan_parts import plan_parts
from services.catalogue.domain.plan_parser import parse
from services.catalogue.domain.seating_plan import SeatingPlan
from services.catalogue.handlers.plan_cache import PlanKey
from services.contracts.bounds import PART_BYTES
from tests.unit.catalogue.plan_documents import SCHOUWBURG, encoded, large_plan, packaged_plan, plan

KEY = PlanKey("hse_1", "hll_1", 7)


def parsed(document: bytes) -> SeatingPlan:
    read = parse(document)
    assert isinstance(read, SeatingPlan), read
    return read


def test_parts_merged_and_parts_put_together_are_the_same_plan() -> None:
    read = parsed(large_plan(30_000))
    parts = plan_parts(KEY, read)
    assert len(parts) > 1
    merged = pb.SeatingPlan()
    for part in parts:
        merged.MergeFrom(pb.StreamSeatingPlanResponse.FromString(part).plan)
    assert pb.GetSeatingPlanResponse.FromString(b"".join(parts)).plan == merged
    assert [seat.seat_id for seat in merged.seats] == [seat.seat_id for seat in read.seats]
    assert (merged.hall_id, merged.plan_version, merged.name) == ("hll_1", 7, read.name)
    assert [category.name for category in merged.categories] == [category.name for category in read.categories]


def test_no_part_is_larger_than_the_bound_and_the_seat_that_passed_it() -> None:
    parts = plan_parts(KEY, parsed(large_plan(30_000)))
    assert max(map(len, parts)) <= PART_BYTES + 100


def test_everything_but_seats_is_in_the_first_part_alone() -> None:
    _, *others = plan_parts(KEY, parsed(large_plan(30_000)))
    for part in others:
        message = pb.StreamSeatingPlanResponse.FromString(part).plan
        assert [field.name for field, _ in message.ListFields()] == ["seats"]


def test_a_small_hall_is_one_part_and_keeps_its_focal_point() -> None:
    [part] = plan_parts(KEY, parsed(packaged_plan(SCHOUWBURG)))
    assert len(pb.StreamSeatingPlanResponse.FromString(part).plan.seats) == 618
    [part] = plan_parts(KEY, parsed(encoded(plan(focal_point={"x": 5, "y": 6}))))
    message = pb.StreamSeatingPlanResponse.FromString(part).plan
    assert (message.focal_point.x, message.focal_point.y) == (5, 6)
