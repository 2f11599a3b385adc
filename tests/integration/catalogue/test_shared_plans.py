"""R2.2: a house picks its plan from those that the operator publishes, houses offer, or come with the software."""

from __future__ import annotations

from typing import Any

from balcon.catalogue.v1 import catalogue_service_pb2 as pb

from services.runtime.testing.eventually import eventually
from services.runtime.testing.refusals import refusal
from tests.integration.catalogue.stage import Catalogue, Venue
from tests.unit.catalogue.plan_documents import encoded, plan

PACKAGED = {"shp_riethsporthalle-erfurt": 1_222, "shp_schouwburg-grote-zaal": 618}


async def listed(catalogue: Catalogue, words: str = "", house_id: str = "hse_any") -> list[pb.SharedPlan]:
    request = pb.ListSharedPlansRequest(house_id=house_id, words=words)
    return list((await catalogue.stub.ListSharedPlans(request)).plans)


async def packaged(catalogue: Catalogue) -> None:
    async def both_are_there() -> None:
        assert {one.shared_plan_id: one.seat_count for one in await listed(catalogue)} == PACKAGED

    await eventually(both_are_there)


def use(venue: Venue, shared_plan_id: str, key: str = "use") -> pb.UseSharedPlanRequest:
    return pb.UseSharedPlanRequest(
        idempotency_key=key,
        house_id=venue.house.house_id,
        hall_id=venue.hall.hall_id,
        shared_plan_id=shared_plan_id,
    )


def offer(venue: Venue, **changes: Any) -> pb.OfferSharedPlanRequest:
    return pb.OfferSharedPlanRequest(
        idempotency_key="offer", house_id=venue.house.house_id, hall_id=venue.hall.hall_id, **changes
    )


async def test_r2_2_the_plans_of_the_software_are_found_by_name_and_city_and_copied(catalogue: Catalogue) -> None:
    await packaged(catalogue)
    venue = await catalogue.venue("genova")
    assert [one.shared_plan_id for one in await listed(catalogue, "ERFURT")] == ["shp_riethsporthalle-erfurt"]
    (found,) = await listed(catalogue, "grote zaal")
    assert found.offered_by == "operator"
    assert await listed(catalogue, "%") == []
    used = await catalogue.stub.UseSharedPlan(use(venue, found.shared_plan_id))
    assert (used.plan_version, used.seat_count) == (2, 618)
    assert await catalogue.stub.UseSharedPlan(use(venue, found.shared_plan_id)) == used
    act = (await catalogue.acts())[-1]
    assert (act.act, act.facts["shared_plan_id"], act.facts["plan_version"]) == (
        "plan.picked",
        found.shared_plan_id,
        "2",
    )


async def test_r2_2_a_house_offers_its_plan_and_another_one_picks_it(catalogue: Catalogue) -> None:
    await packaged(catalogue)
    mine, theirs = await catalogue.venue("mine"), await catalogue.venue("theirs")
    offered = (await catalogue.stub.OfferSharedPlan(offer(theirs, city="Gotha"))).plan
    assert (offered.name, offered.city, offered.seat_count) == ("Hall", "Gotha", 2)
    assert list(offered.categories) == ["Stalls", "Balcony"]
    assert (await catalogue.stub.UseSharedPlan(use(mine, offered.shared_plan_id))).plan_version == 2
    not_mine = pb.WithdrawSharedPlanRequest(house_id=mine.house.house_id, shared_plan_id=offered.shared_plan_id)
    assert (await refusal(catalogue.stub.WithdrawSharedPlan(not_mine))).reason == "SHARED_PLAN_NOT_FOUND"
    request = pb.WithdrawSharedPlanRequest(house_id=theirs.house.house_id, shared_plan_id=offered.shared_plan_id)
    gone = (await catalogue.stub.WithdrawSharedPlan(request)).plan
    assert gone.HasField("withdrawn_at")
    assert (await catalogue.stub.WithdrawSharedPlan(request)).plan == gone
    assert {one.shared_plan_id for one in await listed(catalogue)} == set(PACKAGED)
    refused = await refusal(catalogue.stub.UseSharedPlan(use(mine, offered.shared_plan_id, "late")))
    assert refused.reason == "SHARED_PLAN_NOT_FOUND"
    acts = [(act.act, act.house_id) for act in await catalogue.acts()][-3:]
    assert acts == [
        ("plan.offered", theirs.house.house_id),
        ("plan.picked", mine.house.house_id),
        ("plan.withdrawn", theirs.house.house_id),
    ]


async def test_the_operator_publishes_a_plan_and_ends_what_anybody_offers(catalogue: Catalogue) -> None:
    await packaged(catalogue)
    venue = await catalogue.venue("genova")
    request = pb.PublishSharedPlanRequest(idempotency_key="k", name="Kleine Bühne", plan_json=encoded(plan()))
    published = (await catalogue.stub.PublishSharedPlan(request)).plan
    assert (await catalogue.stub.PublishSharedPlan(request)).plan == published
    offered = (await catalogue.stub.OfferSharedPlan(offer(venue))).plan
    for one in (published, offered):
        retired = await catalogue.stub.RetireSharedPlan(pb.RetireSharedPlanRequest(shared_plan_id=one.shared_plan_id))
        assert retired.plan.HasField("withdrawn_at")
    assert {one.shared_plan_id for one in await listed(catalogue)} == set(PACKAGED)
    last = (await catalogue.acts())[-1]
    assert (last.act, last.house_id) == ("plan.withdrawn", venue.house.house_id)
    unknown = await refusal(catalogue.stub.RetireSharedPlan(pb.RetireSharedPlanRequest(shared_plan_id="shp_none")))
    assert unknown.reason == "SHARED_PLAN_NOT_FOUND"
    request.plan_json = b"{}"
    request.idempotency_key = "wrong"
    assert (await refusal(catalogue.stub.PublishSharedPlan(request))).reason == "PLAN_INVALID"


async def test_what_cannot_be_offered_or_used_is_refused(catalogue: Catalogue) -> None:
    await packaged(catalogue)
    mine, theirs = await catalogue.venue("mine"), await catalogue.venue("theirs")
    stub = catalogue.stub
    cases = (
        (stub.OfferSharedPlan(offer(mine, plan_version=7)), "SEATING_PLAN_NOT_FOUND"),
        (stub.OfferSharedPlan(offer(mine, plan_version=2**32 - 1)), "SEATING_PLAN_NOT_FOUND"),
        (stub.OfferSharedPlan(offer(mine, city="x" * 101)), "FIELD_INVALID"),
        (stub.UseSharedPlan(use(mine, "shp_none")), "SHARED_PLAN_NOT_FOUND"),
        (
            stub.OfferSharedPlan(
                pb.OfferSharedPlanRequest(
                    idempotency_key="k", house_id=mine.house.house_id, hall_id=theirs.hall.hall_id
                )
            ),
            "HALL_NOT_FOUND",
        ),
    )
    for call, reason in cases:
        assert (await refusal(call)).reason == reason


async def test_shared_plans_page_in_a_stable_order(catalogue: Catalogue) -> None:
    await packaged(catalogue)
    venue = await catalogue.venue("genova")
    await catalogue.stub.OfferSharedPlan(offer(venue))
    ids, token = [], ""
    for _ in range(3):
        request = pb.ListSharedPlansRequest(house_id=venue.house.house_id, page_size=1, page_token=token)
        page = await catalogue.stub.ListSharedPlans(request)
        ids += [one.shared_plan_id for one in page.plans]
        token = page.next_page_token
    assert token == ""
    assert ids == [one.shared_plan_id for one in await listed(catalogue)]
