"""Performances over real gRPC and PostgreSQL: made with all they have, published, moved, cancelled, archived."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import grpc
import pytest
from balcon.acts.v1.acts_events_pb2 import ActDone
from balcon.catalogue.v1 import catalogue_events_pb2 as events
from balcon.catalogue.v1 import catalogue_service_pb2 as pb
from balcon.types.v1.seating_pb2 import CHANNEL_BOX_OFFICE, CHANNEL_ONLINE

from services.contracts.house_time import refused_or_instant
from services.contracts.wire_types import instant_ms, wire_instant
from services.inventory.adapters.catalogue_performances import CataloguePerformances
from services.inventory.domain.records import SalesWindow
from services.inventory.domain.refusals import PerformanceNotFound
from services.runtime.clock import SystemClock
from services.runtime.sql.engine import create_engine
from services.runtime.testing.refusals import refusal
from tests.integration.catalogue.stage import START_MS, Catalogue

CLOCK = SystemClock()
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
ROME = "Europe/Rome"


def named(performance: pb.Performance) -> dict[str, Any]:
    return {"house_id": performance.house_id, "performance_id": performance.performance_id}


def moving(performance: pb.Performance, starts_at_ms: int, **changes: Any) -> pb.MovePerformanceRequest:
    fields = {"reason": "The singer is ill", "etag": performance.etag} | changes
    return pb.MovePerformanceRequest(**named(performance), starts_at=wire_instant(starts_at_ms), **fields)


def windows() -> list[pb.SalesWindow]:
    return [
        pb.SalesWindow(
            channel=CHANNEL_ONLINE,
            opens_at=wire_instant(START_MS - 30 * DAY_MS),
            closes_at=wire_instant(START_MS - HOUR_MS),
        ),
        pb.SalesWindow(channel=CHANNEL_BOX_OFFICE, opens_at=wire_instant(START_MS - 20 * DAY_MS)),
    ]


async def told(catalogue: Catalogue, kind: str) -> list[bytes]:
    rows = await catalogue.rows(f"SELECT payload FROM outbox WHERE type = '{kind}' ORDER BY id")
    return [payload for (payload,) in rows if isinstance(payload, bytes)]


async def acts(catalogue: Catalogue) -> list[ActDone]:
    return [ActDone.FromString(payload) for payload in await told(catalogue, ActDone.DESCRIPTOR.full_name)]


async def test_r2_3_a_performance_has_a_time_a_place_and_all_that_belongs_to_its_date(catalogue: Catalogue) -> None:
    venue = await catalogue.venue("genova")
    made = await catalogue.performance(
        venue,
        doors_at=wire_instant(START_MS - HOUR_MS),
        ends_at=wire_instant(START_MS + 2 * HOUR_MS),
        admission=pb.ADMISSION_DAY,
        opening_hours=pb.OpeningHours(opens_at=wire_instant(START_MS), closes_at=wire_instant(START_MS + 9 * HOUR_MS)),
        sales_windows=windows(),
        code="HAM-2030/03",
    )
    assert (await catalogue.stub.GetPerformance(pb.GetPerformanceRequest(**named(made)))).performance == made
    assert (instant_ms(made.doors_at), instant_ms(made.ends_at)) == (START_MS - HOUR_MS, START_MS + 2 * HOUR_MS)
    assert instant_ms(made.opening_hours.closes_at) == START_MS + 9 * HOUR_MS
    assert list(made.sales_windows) == windows()
    assert (made.code, made.publication, made.etag) == ("HAM-2030/03", pb.PUBLICATION_DRAFT, '"1"')
    assert not made.HasField("published_at")
    assert not made.HasField("cancelled_at")


async def test_r2_3_an_event_needs_name_time_and_place_and_all_that_lacks_is_told_at_once(
    catalogue: Catalogue,
) -> None:
    venue = await catalogue.venue("genova")
    nothing = pb.CreatePerformanceRequest(idempotency_key="k", house_id=venue.house.house_id)
    refused = await refusal(catalogue.stub.CreatePerformance(nothing))
    assert refused.code is grpc.StatusCode.INVALID_ARGUMENT
    assert {violation.field for violation in refused.violations} == {
        "hall_id",
        "production_id",
        "starts_at",
        "prices",
    }
    nameless = pb.CreateProductionRequest(idempotency_key="k", house_id=venue.house.house_id)
    assert (await refusal(catalogue.stub.CreateProduction(nameless))).facts["field"] == "title"
    made = await catalogue.performance(venue)
    assert (made.title, made.hall_id) == ("Hamlet", venue.hall.hall_id)


async def test_r0_9_a_code_is_one_performances_and_the_refusal_says_whose(catalogue: Catalogue) -> None:
    venue = await catalogue.venue("genova")
    first = await catalogue.performance(venue, "k1", code="A1")
    refused = await refusal(catalogue.stub.CreatePerformance(venue.performance_request("k2", code="A1")))
    assert (refused.reason, refused.code) == ("CODE_TAKEN", grpc.StatusCode.ALREADY_EXISTS)
    assert refused.facts == {"code": "A1", "performance_id": first.performance_id}
    assert await catalogue.rows("SELECT code FROM performances") == [("A1",)]
    # Of another house it is none of this one's business; and none is no code.
    other = await catalogue.venue("parma")
    assert (await catalogue.performance(other, "k1", code="A1")).code == "A1"
    for key in ("k3", "k4"):
        assert (await catalogue.performance(venue, key)).code == ""


async def test_r0_9_of_many_who_take_a_code_at_once_one_has_it(catalogue: Catalogue) -> None:
    venue = await catalogue.venue("genova")
    asked = [catalogue.stub.CreatePerformance(venue.performance_request(f"k{n}", code="A1")) for n in range(6)]
    answers = await asyncio.gather(*asked, return_exceptions=True)
    assert sum(isinstance(answer, pb.CreatePerformanceResponse) for answer in answers) == 1
    assert len(await catalogue.rows("SELECT 1 FROM performances")) == 1


BAD: list[tuple[dict[str, Any], list[str]]] = [
    ({"code": "two words"}, ["code"]),
    ({"code": "x" * 33}, ["code"]),
    ({"admission": 9}, ["admission"]),
    (
        {
            "doors_at": wire_instant(START_MS + 1),
            "ends_at": wire_instant(START_MS - 1),
            "sales_windows": [
                pb.SalesWindow(),
                pb.SalesWindow(
                    channel=CHANNEL_ONLINE, opens_at=wire_instant(START_MS), closes_at=wire_instant(START_MS)
                ),
            ],
            "seats_per_holder": 101,
        },
        ["doors_at", "ends_at", "sales_windows[0].channel", "sales_windows[1].closes_at", "seats_per_holder"],
    ),
]


@pytest.mark.parametrize(("changes", "fields"), BAD)
async def test_all_that_is_wrong_with_a_date_is_told_at_once(
    catalogue: Catalogue, changes: dict[str, Any], fields: list[str]
) -> None:
    venue = await catalogue.venue("genova")
    refused = await refusal(catalogue.stub.CreatePerformance(venue.performance_request("k", **changes)))
    assert sorted(violation.field for violation in refused.violations) == sorted(fields)
    assert await catalogue.rows("SELECT 1 FROM performances") == []


async def test_a_performance_is_published_hidden_and_put_on_sale(catalogue: Catalogue) -> None:
    venue = await catalogue.venue("genova")
    made = await catalogue.performance(venue)
    later = wire_instant(START_MS - DAY_MS)
    published = await catalogue.stub.PublishPerformance(pb.PublishPerformanceRequest(**named(made), published_at=later))
    assert (published.performance.publication, published.performance.published_at) == (pb.PUBLICATION_PUBLISHED, later)
    refused = await refusal(catalogue.stub.OpenForSale(pb.OpenForSaleRequest(**named(made))))
    assert (refused.reason, refused.code) == ("NOT_PUBLISHED", grpc.StatusCode.FAILED_PRECONDITION)
    now = (await catalogue.stub.PublishPerformance(pb.PublishPerformanceRequest(**named(made)))).performance
    assert abs(instant_ms(now.published_at) - CLOCK.now_ms()) < HOUR_MS
    await catalogue.stub.OpenForSale(pb.OpenForSaleRequest(**named(made)))
    refused = await refusal(catalogue.stub.HidePerformance(pb.HidePerformanceRequest(**named(made))))
    assert refused.reason == "STILL_ON_SALE"
    await catalogue.stub.CloseSale(pb.CloseSaleRequest(**named(made)))
    hidden = (await catalogue.stub.HidePerformance(pb.HidePerformanceRequest(**named(made)))).performance
    assert hidden.publication == pb.PUBLICATION_HIDDEN
    assert [act.act for act in await acts(catalogue)][-5:] == [
        "performance.published",
        "performance.published",
        "performance.opened_for_sale",
        "performance.sale_closed",
        "performance.hidden",
    ]


async def test_a_past_performance_is_not_published(catalogue: Catalogue) -> None:
    venue = await catalogue.venue("genova")
    made = await catalogue.performance(venue, starts_at=wire_instant(CLOCK.now_ms() - DAY_MS))
    refused = await refusal(catalogue.stub.PublishPerformance(pb.PublishPerformanceRequest(**named(made))))
    assert refused.reason == "PERFORMANCE_BEGUN"


async def test_r2_10_a_move_is_told_once_with_old_and_new_times_and_the_date_for_the_money(
    catalogue: Catalogue,
) -> None:
    venue = await catalogue.venue("genova")
    made = await catalogue.performance(venue, doors_at=wire_instant(START_MS - HOUR_MS), sales_windows=windows())
    opened = (await catalogue.stub.OpenForSale(pb.OpenForSaleRequest(**named(made)))).performance
    to_ms, until = START_MS + 7 * DAY_MS, wire_instant(START_MS - DAY_MS)
    moved = (await catalogue.stub.MovePerformance(moving(opened, to_ms, refund_until_at=until))).performance
    assert (moved.sale_state, moved.move_number, moved.refund_until_at) == (pb.SALE_STATE_ON_SALE, 1, until)
    assert instant_ms(moved.starts_at) == to_ms
    assert instant_ms(moved.doors_at) == to_ms - HOUR_MS
    assert instant_ms(moved.sales_windows[0].closes_at) == to_ms - HOUR_MS
    (payload,) = await told(catalogue, "balcon.catalogue.v1.PerformanceMoved")
    event = events.PerformanceMoved.FromString(payload)
    assert event.performance == moved
    assert (event.before.starts_at, event.before.doors_at) == (opened.starts_at, opened.doors_at)
    assert list(event.before.sales_windows) == windows()
    act = (await acts(catalogue))[-1]
    assert (act.act, act.reason) == ("performance.moved", "The singer is ill")
    assert act.facts["starts_at"] == "2030-03-24T17:46:40Z"
    # A copy of the request has not seen the performance as it is now: buyers are told of one move.
    refused = await refusal(catalogue.stub.MovePerformance(moving(opened, to_ms)))
    assert refused.reason == "ETAG_STALE"
    again = await refusal(catalogue.stub.MovePerformance(moving(moved, to_ms)))
    assert (again.reason, again.facts["field"]) == ("FIELD_INVALID", "starts_at")
    assert len(await told(catalogue, "balcon.catalogue.v1.PerformanceMoved")) == 1


async def test_r2_10_doors_keep_their_time_on_the_wall_when_a_move_passes_the_change_of_the_clocks(
    catalogue: Catalogue,
) -> None:
    def at(text: str) -> int:
        found = refused_or_instant("starts_at", ROME, text)
        assert isinstance(found, int)
        return found

    venue = await catalogue.venue("genova")
    made = await catalogue.performance(
        venue,
        starts_at=wire_instant(at("2030-03-25 20:00")),
        doors_at=wire_instant(at("2030-03-25 19:15")),
        ends_at=wire_instant(at("2030-03-26 02:30")),
    )
    moved = (await catalogue.stub.MovePerformance(moving(made, at("2030-04-02 20:00")))).performance
    assert instant_ms(moved.doors_at) == at("2030-04-02 19:15")
    refused = await refusal(catalogue.stub.MovePerformance(moving(moved, at("2030-03-30 20:00"))))
    assert refused.facts["field"] == "ends_at"
    assert "which daylight saving skips" in refused.message
    assert "2030-03-31T00:30:00Z or 2030-03-31T01:30:00Z" in refused.facts["limit"]


async def test_a_cancelled_performance_is_closed_for_good_and_told_with_its_reason(catalogue: Catalogue) -> None:
    venue = await catalogue.venue("genova")
    made = await catalogue.performance(venue)
    await catalogue.stub.OpenForSale(pb.OpenForSaleRequest(**named(made)))
    asked = pb.CancelPerformanceRequest(**named(made), reason="Fire in the flies")
    cancelled = (await catalogue.stub.CancelPerformance(asked)).performance
    assert cancelled.sale_state == pb.SALE_STATE_CANCELLED
    assert cancelled.HasField("cancelled_at")
    assert (await catalogue.stub.CancelPerformance(asked)).performance == cancelled
    assert len(await told(catalogue, "balcon.catalogue.v1.PerformanceCancelled")) == 1
    (act,) = [act for act in await acts(catalogue) if act.act == "performance.cancelled"]
    assert act.reason == "Fire in the flies"
    for call in (
        catalogue.stub.OpenForSale(pb.OpenForSaleRequest(**named(made))),
        catalogue.stub.PublishPerformance(pb.PublishPerformanceRequest(**named(made))),
        catalogue.stub.MovePerformance(moving(cancelled, START_MS + DAY_MS)),
    ):
        refused = await refusal(call)
        assert (refused.reason, refused.code) == ("PERFORMANCE_CANCELLED", grpc.StatusCode.FAILED_PRECONDITION)
    refused = await refusal(catalogue.stub.CancelPerformance(pb.CancelPerformanceRequest(**named(made))))
    assert refused.facts["field"] == "reason"


async def test_windows_moves_and_cancellations_reach_the_inventory(
    catalogue: Catalogue, emptied_database_url: Callable[[str], str]
) -> None:
    venue = await catalogue.venue("genova")
    made = await catalogue.performance(venue, sales_windows=windows())
    engine = create_engine(emptied_database_url("inventory"), application="test")
    source = CataloguePerformances(engine, catalogue.channel, grace_ms=15_000, cap_ms=1_800_000)
    found = await source.find(made.house_id, made.performance_id)
    assert not isinstance(found, PerformanceNotFound)
    assert found.rules.windows == (
        SalesWindow(CHANNEL_ONLINE, START_MS - 30 * DAY_MS, START_MS - HOUR_MS),
        SalesWindow(CHANNEL_BOX_OFFICE, START_MS - 20 * DAY_MS),
    )
    moved = (await catalogue.stub.MovePerformance(moving(made, START_MS + DAY_MS))).performance
    found = await source.find(made.house_id, made.performance_id)
    assert not isinstance(found, PerformanceNotFound)
    assert found.rules.sale_ends_at_ms == instant_ms(moved.starts_at)
    asked = pb.CancelPerformanceRequest(**named(made), reason="Fire")
    await catalogue.stub.CancelPerformance(asked)
    found = await source.find(made.house_id, made.performance_id)
    assert not isinstance(found, PerformanceNotFound)
    assert (found.rules.on_sale, found.rules.cancelled) == (False, True)
    await engine.dispose()


async def test_what_is_over_is_archived_and_what_is_to_come_after_a_sale_is_not(catalogue: Catalogue) -> None:
    venue = await catalogue.venue("genova")
    past = await catalogue.performance(venue, "past", starts_at=wire_instant(CLOCK.now_ms() - DAY_MS))
    asked = pb.ArchivePerformanceRequest(**named(past), etag=past.etag)
    archived = (await catalogue.stub.ArchivePerformance(asked)).performance
    assert archived.HasField("archived_at")
    assert (await catalogue.stub.ArchivePerformance(asked)).performance == archived
    to_come = await catalogue.performance(venue, "to_come")
    opened = (await catalogue.stub.OpenForSale(pb.OpenForSaleRequest(**named(to_come)))).performance
    refused = await refusal(
        catalogue.stub.ArchivePerformance(pb.ArchivePerformanceRequest(**named(opened), etag=opened.etag))
    )
    assert refused.reason == "PERFORMANCE_NOT_OVER"


async def test_another_house_finds_none_of_it(catalogue: Catalogue) -> None:
    venue, other = await catalogue.venue("genova"), await catalogue.venue("parma")
    made = await catalogue.performance(venue)
    key = named(made) | {"house_id": other.house.house_id}
    for call in (
        catalogue.stub.PublishPerformance(pb.PublishPerformanceRequest(**key)),
        catalogue.stub.HidePerformance(pb.HidePerformanceRequest(**key)),
        catalogue.stub.CancelPerformance(pb.CancelPerformanceRequest(**key, reason="Spite")),
        catalogue.stub.ArchivePerformance(pb.ArchivePerformanceRequest(**key, etag=made.etag)),
        catalogue.stub.MovePerformance(
            pb.MovePerformanceRequest(**key, reason="Spite", etag=made.etag, starts_at=wire_instant(START_MS + DAY_MS))
        ),
    ):
        assert (await refusal(call)).reason == "PERFORMANCE_NOT_FOUND"
    assert (await catalogue.stub.GetPerformance(pb.GetPerformanceRequest(**named(made)))).performance == made
