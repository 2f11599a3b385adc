"""A performance on sale goes over to another version of its plan only where nothing stands in the way (R2.2)."""

from __future__ import annotations

from typing import Any

import grpc
from balcon.catalogue.v1 import catalogue_service_pb2 as pb
from balcon.inventory.v1 import inventory_service_pb2 as inventory_pb

from services.runtime.testing.eventually import eventually
from services.runtime.testing.refusals import refusal
from tests.integration.catalogue.stage import Catalogue, Venue
from tests.unit.catalogue.plan_documents import encoded, plan, row, seat, zone


def change(performance: pb.Performance, plan_version: int = 2, **changes: Any) -> pb.ChangePerformancePlanRequest:
    fields: dict[str, Any] = {
        "house_id": performance.house_id,
        "performance_id": performance.performance_id,
        "plan_version": plan_version,
        "etag": performance.etag,
    }
    return pb.ChangePerformancePlanRequest(**fields | changes)


async def another_plan(catalogue: Catalogue, venue: Venue, *categories: str) -> None:
    """Version 2: s1 is of another category, s2 is gone, s3 is new."""
    document = plan(zone(row(seat("s1", category=categories[0]), seat("s3", category=categories[-1]))))
    document["categories"] = [{"name": name} for name in dict.fromkeys(categories)]
    await catalogue.stub.ImportSeatingPlan(
        pb.ImportSeatingPlanRequest(
            idempotency_key="two",
            house_id=venue.house.house_id,
            hall_id=venue.hall.hall_id,
            plan_json=encoded(document),
        )
    )


async def test_a_performance_goes_over_and_everybody_is_told(catalogue: Catalogue) -> None:
    venue = await catalogue.venue("genova")
    performance = await catalogue.performance(venue)
    await another_plan(catalogue, venue, "Balcony", "Stalls", "Stalls")
    changed = (await catalogue.stub.ChangePerformancePlan(change(performance))).performance
    assert (changed.plan_version, changed.capacity) == (2, 2)
    assert changed.etag != performance.etag
    asked = catalogue.owners.asked[0]
    assert (asked.key.performance_id, asked.plan_version) == (performance.performance_id, 2)
    assert list(asked.changed_seat_ids) == ["s1"]
    act = (await catalogue.acts())[-1]
    assert (act.act, dict(act.facts)) == ("performance.plan_changed", {"from": "1", "to": "2"})
    last = await catalogue.rows("SELECT type FROM outbox WHERE key LIKE 'prf_%' ORDER BY id DESC LIMIT 1")
    assert last == [("balcon.catalogue.v1.PerformanceUpdated",)]
    before = len(catalogue.owners.asked)
    again = (await catalogue.stub.ChangePerformancePlan(change(performance))).performance
    assert again == changed
    assert len(catalogue.owners.asked) == before
    assert await catalogue.violations() == []


async def test_what_stands_in_the_way_is_named_with_its_total_and_nothing_changes(catalogue: Catalogue) -> None:
    venue = await catalogue.venue("genova")
    performance = await catalogue.performance(venue)
    await another_plan(catalogue, venue, "Stalls")
    sold = [f"seat-{number:05}" for number in range(5_000)]

    async def in_the_way(_: inventory_pb.AdoptPlanRequest) -> inventory_pb.AdoptPlanResponse:
        return inventory_pb.AdoptPlanResponse(in_the_way=inventory_pb.SeatsInTheWay(held=["h1"], sold=sold))

    catalogue.owners.answer = in_the_way
    refused = await refusal(catalogue.stub.ChangePerformancePlan(change(performance)))
    assert (refused.reason, refused.code) == ("PLAN_IN_USE", grpc.StatusCode.FAILED_PRECONDITION)
    assert refused.lists["held"] == ("h1",)
    assert refused.lists["sold"][:2] == ("seat-00000", "seat-00001")
    assert "1 held (h1); 5,000 sold" in refused.message
    key = pb.GetPerformanceRequest(house_id=performance.house_id, performance_id=performance.performance_id)
    assert (await catalogue.stub.GetPerformance(key)).performance == performance


async def test_prices_must_cover_the_new_plan_before_the_owner_is_asked(catalogue: Catalogue) -> None:
    venue = await catalogue.venue("genova")
    performance = await catalogue.performance(venue)
    await another_plan(catalogue, venue, "Stalls", "Loge")
    refused = await refusal(catalogue.stub.ChangePerformancePlan(change(performance)))
    assert (refused.reason, refused.facts["field"]) == ("FIELD_INVALID", "prices")
    assert "Loge" in refused.message
    assert catalogue.owners.asked == []


async def test_an_answer_that_got_lost_is_made_good_by_asking_again(catalogue: Catalogue) -> None:
    venue = await catalogue.venue("genova")
    performance = await catalogue.performance(venue)
    await another_plan(catalogue, venue, "Stalls")
    adopted = catalogue.owners.answer

    async def lost(request: inventory_pb.AdoptPlanRequest) -> inventory_pb.AdoptPlanResponse:
        catalogue.owners.answer = adopted
        raise RuntimeError

    catalogue.owners.answer = lost
    # Told as unavailable, so that the client's own channel asks again.
    assert (await catalogue.stub.ChangePerformancePlan(change(performance))).performance.plan_version == 2
    assert len(catalogue.owners.asked) >= 2


async def test_a_change_that_cannot_be_is_refused_before_anybody_is_asked(catalogue: Catalogue) -> None:
    mine, theirs = await catalogue.venue("mine"), await catalogue.venue("theirs")
    performance = await catalogue.performance(mine)
    await another_plan(catalogue, mine, "Stalls")
    newer = await catalogue.performance(mine, "newer", prices=performance.prices[:1])
    stub = catalogue.stub
    cases = (
        (change(performance, 7), "SEATING_PLAN_NOT_FOUND"),
        (change(performance, 2**32 - 1), "SEATING_PLAN_NOT_FOUND"),
        (change(performance, etag='"9"'), "ETAG_STALE"),
        (change(newer, 1), "PLAN_NOT_NEWER"),
        (change(performance, house_id=theirs.house.house_id), "PERFORMANCE_NOT_FOUND"),
    )
    for request, reason in cases:
        assert (await refusal(stub.ChangePerformancePlan(request))).reason == reason
    assert catalogue.owners.asked == []


async def test_a_change_whose_process_died_between_owner_and_record_is_finished(catalogue: Catalogue) -> None:
    """As the first transaction has left it: nobody asks again, and nobody was told anything."""
    venue = await catalogue.venue("genova")
    performance = await catalogue.performance(venue)
    await another_plan(catalogue, venue, "Stalls")
    await catalogue.damage("UPDATE performances SET wanted_plan_version = 2")
    key = pb.GetPerformanceRequest(house_id=performance.house_id, performance_id=performance.performance_id)

    async def it_is_finished() -> None:
        assert (await catalogue.stub.GetPerformance(key)).performance.plan_version == 2

    await eventually(it_is_finished, timeout_seconds=60)
    assert await catalogue.rows("SELECT wanted_plan_version FROM performances") == [(None,)]
    assert {request.plan_version for request in catalogue.owners.asked} == {2}


async def test_what_was_refused_is_wanted_no_longer(catalogue: Catalogue) -> None:
    venue = await catalogue.venue("genova")
    performance = await catalogue.performance(venue)
    await another_plan(catalogue, venue, "Stalls")

    async def in_the_way(_: inventory_pb.AdoptPlanRequest) -> inventory_pb.AdoptPlanResponse:
        return inventory_pb.AdoptPlanResponse(in_the_way=inventory_pb.SeatsInTheWay(held=["h1"]))

    catalogue.owners.answer = in_the_way
    assert (await refusal(catalogue.stub.ChangePerformancePlan(change(performance)))).reason == "PLAN_IN_USE"
    assert await catalogue.rows("SELECT wanted_plan_version FROM performances") == [(None,)]
