"""INV-8: another house's things are not found by any call; nothing tells that they exist."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

import grpc
import pytest
from balcon.catalogue.v1 import catalogue_service_pb2 as pb
from sqlalchemy.exc import IntegrityError

from services.runtime.testing.refusals import refusal
from tests.integration.catalogue.stage import Catalogue
from tests.unit.catalogue.plan_documents import encoded, plan


async def test_another_houses_things_are_not_found(catalogue: Catalogue) -> None:
    mine, theirs = await catalogue.venue("mine"), await catalogue.venue("theirs")
    performance = await catalogue.performance(theirs)
    hall: dict[str, Any] = {"house_id": mine.house.house_id, "hall_id": theirs.hall.hall_id}
    show = {"house_id": mine.house.house_id, "performance_id": performance.performance_id}
    stub = catalogue.stub
    calls: list[tuple[Awaitable[object], str]] = [
        (stub.GetSeatingPlan(pb.GetSeatingPlanRequest(**hall)), "SEATING_PLAN_NOT_FOUND"),
        (stub.GetSeatingPlan(pb.GetSeatingPlanRequest(**hall, plan_version=1)), "SEATING_PLAN_NOT_FOUND"),
        (
            stub.ImportSeatingPlan(pb.ImportSeatingPlanRequest(**hall, idempotency_key="k", plan_json=encoded(plan()))),
            "HALL_NOT_FOUND",
        ),
        (catalogue.performance(mine, "k", hall_id=theirs.hall.hall_id), "HALL_NOT_FOUND"),
        (catalogue.performance(mine, "k", production_id=theirs.production.production_id), "PRODUCTION_NOT_FOUND"),
        (stub.GetPerformance(pb.GetPerformanceRequest(**show)), "PERFORMANCE_NOT_FOUND"),
        (stub.OpenForSale(pb.OpenForSaleRequest(**show)), "PERFORMANCE_NOT_FOUND"),
        (stub.CloseSale(pb.CloseSaleRequest(**show)), "PERFORMANCE_NOT_FOUND"),
    ]
    for call, reason in calls:
        refused = await refusal(call)
        assert (refused.reason, refused.code) == (reason, grpc.StatusCode.NOT_FOUND)
    assert await catalogue.rows("SELECT DISTINCT plan_version FROM seating_plans") == [(1,)]
    assert await catalogue.rows("SELECT sale_state FROM performances") == [("draft",)]


async def test_a_plan_in_memory_is_another_houses_all_the_same(catalogue: Catalogue) -> None:
    mine, theirs = await catalogue.venue("mine"), await catalogue.venue("theirs")
    request = pb.GetSeatingPlanRequest(house_id=theirs.house.house_id, hall_id=theirs.hall.hall_id, plan_version=1)
    await catalogue.stub.GetSeatingPlan(request)
    request.house_id = mine.house.house_id
    assert (await refusal(catalogue.stub.GetSeatingPlan(request))).reason == "SEATING_PLAN_NOT_FOUND"


async def test_a_list_has_ones_own_performances_only(catalogue: Catalogue) -> None:
    mine, theirs = await catalogue.venue("mine"), await catalogue.venue("theirs")
    own, _ = await catalogue.performance(mine), await catalogue.performance(theirs)
    page = await catalogue.stub.ListPerformances(pb.ListPerformancesRequest(house_id=mine.house.house_id))
    assert list(page.performances) == [own]
    nobody = await catalogue.stub.ListPerformances(pb.ListPerformancesRequest(house_id="hse_nobody"))
    assert list(nobody.performances) == []


async def test_the_database_itself_refuses_a_reference_across_houses(catalogue: Catalogue) -> None:
    mine, theirs = await catalogue.venue("mine"), await catalogue.venue("theirs")
    await catalogue.performance(mine)
    for column, value in (("hall_id", theirs.hall.hall_id), ("production_id", theirs.production.production_id)):
        with pytest.raises(IntegrityError):
            await catalogue.damage(f"UPDATE performances SET {column} = '{value}'")
