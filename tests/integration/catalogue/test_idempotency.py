"""A key and its content get the first answer, for ever; other content under the same key is refused (RULE 27)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from balcon.catalogue.v1 import catalogue_service_pb2 as pb

from services.contracts.wire_types import wire_instant
from services.runtime.clock import SystemClock
from services.runtime.testing.eventually import eventually
from services.runtime.testing.refusals import refusal
from services.runtime.testing.servers import DatabaseUrl
from tests.integration.catalogue.stage import START_MS, Catalogue, Venue, running_catalogue
from tests.unit.catalogue.plan_documents import encoded, plan, row, seat, zone

CLOCK = SystemClock()
Call = Callable[[Catalogue, Venue, bool], Awaitable[object]]


async def create_hall(catalogue: Catalogue, venue: Venue, other: bool) -> object:
    name = "Other" if other else "Same"
    return await catalogue.stub.CreateHall(
        pb.CreateHallRequest(idempotency_key="k", house_id=venue.house.house_id, name=name)
    )


async def import_plan(catalogue: Catalogue, venue: Venue, other: bool) -> object:
    document = plan(zone(row(seat("other" if other else "same"))))
    return await catalogue.stub.ImportSeatingPlan(
        pb.ImportSeatingPlanRequest(
            idempotency_key="k",
            house_id=venue.house.house_id,
            hall_id=venue.hall.hall_id,
            plan_json=encoded(document),
        )
    )


async def create_production(catalogue: Catalogue, venue: Venue, other: bool) -> object:
    performer = "Other" if other else "Same"
    return await catalogue.stub.CreateProduction(
        pb.CreateProductionRequest(
            idempotency_key="k", house_id=venue.house.house_id, title="Title", performers=[performer]
        )
    )


async def create_performance(catalogue: Catalogue, venue: Venue, other: bool) -> object:
    return await catalogue.performance(venue, "k", starts_at=wire_instant(START_MS + other))


CALLS = (create_hall, import_plan, create_production, create_performance)
COUNT = """SELECT (SELECT count(*) FROM houses), (SELECT count(*) FROM halls), (SELECT count(*) FROM seating_plans),
           (SELECT count(*) FROM productions), (SELECT count(*) FROM performances), (SELECT count(*) FROM outbox)"""


@pytest.mark.parametrize("call", CALLS)
async def test_the_same_content_gets_the_first_answer_once(catalogue: Catalogue, call: Call) -> None:
    venue = await catalogue.venue("genova")
    first = await call(catalogue, venue, False)
    count = await catalogue.rows(COUNT)
    assert await call(catalogue, venue, False) == first
    assert await catalogue.rows(COUNT) == count


@pytest.mark.parametrize("call", CALLS)
async def test_other_content_is_refused_and_changes_nothing(catalogue: Catalogue, call: Call) -> None:
    venue = await catalogue.venue("genova")
    first = await call(catalogue, venue, False)
    count = await catalogue.rows(COUNT)
    refused = await refusal(call(catalogue, venue, True))
    assert refused.reason == "IDEMPOTENCY_KEY_REUSED"
    assert refused.facts == {"field": "idempotency_key", "key": "k"}
    assert await catalogue.rows(COUNT) == count
    assert await call(catalogue, venue, False) == first


@pytest.mark.parametrize("call", CALLS)
async def test_calls_at_the_same_time_make_one_thing(catalogue: Catalogue, call: Call) -> None:
    venue = await catalogue.venue("genova")
    first, *others = await asyncio.gather(*(call(catalogue, venue, False) for _ in range(8)))
    assert all(other == first for other in others)
    assert await catalogue.violations() == []


async def test_a_key_is_one_acts_only(catalogue: Catalogue) -> None:
    venue = await catalogue.venue("genova")
    await create_hall(catalogue, venue, other=False)
    refused = await refusal(create_production(catalogue, venue, other=False))
    assert refused.reason == "IDEMPOTENCY_KEY_REUSED"


async def test_two_houses_may_use_the_same_key(catalogue: Catalogue) -> None:
    one, two = await catalogue.venue("one"), await catalogue.venue("two")
    answers = [await create_performance(catalogue, venue, other=False) for venue in (one, two)]
    assert [getattr(answer, "house_id", "") for answer in answers] == [one.house.house_id, two.house.house_id]


async def test_a_refused_request_leaves_its_key_free(catalogue: Catalogue) -> None:
    venue = await catalogue.venue("genova")
    refused = await refusal(catalogue.performance(venue, "k", production_id="prd_unknown"))
    assert refused.reason == "PRODUCTION_NOT_FOUND"
    assert (await catalogue.performance(venue, "k")).capacity == 2


async def test_the_first_answer_is_kept_when_the_thing_has_changed_since(catalogue: Catalogue) -> None:
    venue = await catalogue.venue("genova")
    first = await catalogue.performance(venue, "k")
    await catalogue.stub.OpenForSale(
        pb.OpenForSaleRequest(house_id=venue.house.house_id, performance_id=first.performance_id)
    )
    assert await catalogue.performance(venue, "k") == first


async def test_imports_into_one_hall_at_the_same_time_get_dense_versions(catalogue: Catalogue) -> None:
    venue = await catalogue.venue("genova")

    async def add(number: int) -> int:
        request = pb.ImportSeatingPlanRequest(
            idempotency_key=f"import-{number}",
            house_id=venue.house.house_id,
            hall_id=venue.hall.hall_id,
            plan_json=encoded(plan(zone(row(*(seat(f"s{index}") for index in range(number + 1)))))),
        )
        imported = await catalogue.stub.ImportSeatingPlan(request)
        assert imported.seat_count == number + 1
        return imported.plan_version

    assert sorted(await asyncio.gather(*(add(number) for number in range(8)))) == list(range(2, 10))
    assert await catalogue.violations() == []


async def test_openings_at_the_same_time_make_one_event(catalogue: Catalogue) -> None:
    venue = await catalogue.venue("genova")
    created = await catalogue.performance(venue)
    request = pb.OpenForSaleRequest(house_id=venue.house.house_id, performance_id=created.performance_id)
    first, *others = await asyncio.gather(*(catalogue.stub.OpenForSale(request) for _ in range(8)))
    assert all(other == first for other in others)
    opened = "SELECT count(*) FROM outbox WHERE type = 'balcon.catalogue.v1.PerformanceOpenedForSale'"
    assert await catalogue.rows(opened) == [(1,)]


async def test_a_retry_over_a_deploy_gets_the_answer_that_the_older_version_kept(catalogue: Catalogue) -> None:
    venue = await catalogue.venue("genova")
    first = await create_hall(catalogue, venue, other=False)
    assert isinstance(first, pb.CreateHallResponse)
    # As the version before wrote it: JSON of its own class, a hash of its own form.
    old = f'{{"hall_id":"{first.hall.hall_id}","house_id":"{venue.house.house_id}","name":"Same"}}'
    await catalogue.damage(
        f"UPDATE idempotency_keys SET in_wire_form = false, request_hash = 'old', answer = '{old}' WHERE key = 'k'"
    )
    count = await catalogue.rows(COUNT)
    assert await create_hall(catalogue, venue, other=False) == first
    assert await catalogue.rows(COUNT) == count


async def test_keys_are_forgotten_when_they_are_old_and_not_before(database_url: DatabaseUrl) -> None:
    url = database_url("catalogue")
    young = int(CLOCK.now_ms()) - 95 * 3_600_000
    async with running_catalogue(url, "memory://") as catalogue:
        await catalogue.venue("genova")
        await catalogue.damage(f"UPDATE idempotency_keys SET created_at_ms = {young}")
        await catalogue.damage(f"UPDATE idempotency_keys SET created_at_ms = {young - 7_200_000} WHERE key = 'hall'")
    async with running_catalogue(url, "memory://") as catalogue:

        async def only_the_old_key_is_gone() -> None:
            keys = {key for (key,) in await catalogue.rows("SELECT key FROM idempotency_keys")}
            assert keys == {"plan", "production"}

        await eventually(only_the_old_key_is_gone)
