"""Each write is one act in the house's act log, in the transaction of the write; what changes nothing tells nothing."""

from __future__ import annotations

from balcon.catalogue.v1 import catalogue_service_pb2 as pb

from services.runtime.testing.refusals import refusal
from tests.integration.catalogue.stage import Catalogue


async def test_each_write_is_one_act_that_names_the_thing(catalogue: Catalogue) -> None:
    venue = await catalogue.venue("genova")
    made = await catalogue.performance(venue)
    key = {"house_id": venue.house.house_id, "performance_id": made.performance_id}
    await catalogue.stub.OpenForSale(pb.OpenForSaleRequest(**key))
    await catalogue.stub.CloseSale(pb.CloseSaleRequest(**key))
    acts = await catalogue.acts()
    assert [(act.act, act.thing, act.thing_id) for act in acts] == [
        ("hall.created", "hall", venue.hall.hall_id),
        ("plan.imported", "hall", venue.hall.hall_id),
        ("production.created", "production", venue.production.production_id),
        ("performance.created", "performance", made.performance_id),
        ("performance.opened_for_sale", "performance", made.performance_id),
        ("performance.sale_closed", "performance", made.performance_id),
    ]
    assert {act.house_id for act in acts} == {venue.house.house_id}
    assert dict(acts[1].facts) == {"plan_version": "1", "seats": "2"}


async def test_a_repeated_or_refused_write_is_no_second_act(catalogue: Catalogue) -> None:
    venue = await catalogue.venue("genova")
    made = await catalogue.performance(venue)
    key = {"house_id": venue.house.house_id, "performance_id": made.performance_id}
    before = await catalogue.acts()
    assert await catalogue.performance(venue) == made
    await refusal(catalogue.stub.CloseSale(pb.CloseSaleRequest(**key)))
    assert await catalogue.acts() == before
    for _ in range(2):
        await catalogue.stub.OpenForSale(pb.OpenForSaleRequest(**key))
    assert [act.act for act in (await catalogue.acts())[len(before) :]] == ["performance.opened_for_sale"]
