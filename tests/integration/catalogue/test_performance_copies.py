"""R2.4 over real gRPC and PostgreSQL: a copy with only a new start, and series, all or none."""

from __future__ import annotations

from typing import Any

import pytest
from balcon.catalogue.v1 import catalogue_service_pb2 as pb
from balcon.types.v1.seating_pb2 import CHANNEL_ONLINE
from google.protobuf.field_mask_pb2 import FieldMask

from services.contracts.wire_types import instant_ms, wire_instant
from services.runtime.testing.refusals import refusal
from tests.integration.catalogue.stage import START_MS, Catalogue, Venue, price
from tests.integration.catalogue.test_performance_changes import updating
from tests.integration.catalogue.test_performance_life import DAY_MS, HOUR_MS, acts, named

WEEKLY = pb.WeeklyRule(weekdays=[4], local_times=["20:00"], first_date="2030-03-21", last_date="2030-04-11")


async def full(catalogue: Catalogue, venue: Venue, key: str = "source") -> pb.Performance:
    return await catalogue.performance(
        venue,
        key,
        doors_at=wire_instant(START_MS - HOUR_MS),
        ends_at=wire_instant(START_MS + 2 * HOUR_MS),
        sales_windows=[pb.SalesWindow(channel=CHANNEL_ONLINE, opens_at=wire_instant(START_MS - 30 * DAY_MS))],
        prices=[price("Stalls"), price("Balcony", 900), price("Balcony", 450, ticket_type="student")],
        seats_per_holder=4,
        hold_ttl_seconds=120,
        refuses_orphans=True,
        code="A1",
    )


def copying(source: pb.Performance, **changes: Any) -> pb.CopyPerformanceRequest:
    fields: dict[str, Any] = {"idempotency_key": "copy", "starts_at": wire_instant(START_MS + DAY_MS)} | changes
    return pb.CopyPerformanceRequest(**named(source), **fields)


async def test_r2_4_a_copy_differs_by_its_start_and_what_shifts_along(catalogue: Catalogue) -> None:
    venue = await catalogue.venue("genova")
    source = await full(catalogue, venue)
    await catalogue.stub.OpenForSale(pb.OpenForSaleRequest(**named(source)))
    copy = (await catalogue.stub.CopyPerformance(copying(source))).performance
    expected = pb.Performance()
    expected.CopyFrom(source)
    expected.performance_id = copy.performance_id
    expected.code = ""
    for instant in (expected.starts_at, expected.doors_at, expected.ends_at, expected.sale_ends_at):
        instant.seconds += DAY_MS // 1000
    expected.sales_windows[0].opens_at.seconds += DAY_MS // 1000
    assert copy == expected
    assert (await catalogue.stub.GetPerformance(pb.GetPerformanceRequest(**named(copy)))).performance == copy
    assert (await catalogue.stub.CopyPerformance(copying(source))).performance == copy
    act = (await acts(catalogue))[-1]
    assert (act.act, act.thing_id, act.facts["source"]) == (
        "performance.copied",
        copy.performance_id,
        source.performance_id,
    )


async def test_r2_4_a_copy_has_its_own_code_or_none(catalogue: Catalogue) -> None:
    venue = await catalogue.venue("genova")
    source = await full(catalogue, venue)
    assert (await refusal(catalogue.stub.CopyPerformance(copying(source, code="A1")))).reason == "CODE_TAKEN"
    assert (await catalogue.stub.CopyPerformance(copying(source, code="A2"))).performance.code == "A2"
    refused = await refusal(
        catalogue.stub.CopyPerformance(copying(source, idempotency_key="", code=" ", starts_at=None))
    )
    assert {violation.field for violation in refused.violations} == {"idempotency_key", "code", "starts_at"}
    unknown = copying(source, idempotency_key="other")
    unknown.performance_id = "prf_unknown"
    assert (await refusal(catalogue.stub.CopyPerformance(unknown))).reason == "PERFORMANCE_NOT_FOUND"


def series_of(source: pb.Performance, **changes: Any) -> pb.CreateSeriesRequest:
    fields: dict[str, Any] = {"idempotency_key": "series", "weekly": WEEKLY} | changes
    return pb.CreateSeriesRequest(**named(source), **fields)


async def test_r2_4_a_weekly_series_stays_at_eight_by_the_houses_clock(catalogue: Catalogue) -> None:
    venue = await catalogue.venue("genova")
    source = await full(catalogue, venue)
    answer = await catalogue.stub.CreateSeries(series_of(source))
    assert await catalogue.stub.CreateSeries(series_of(source)) == answer
    # Rome puts its clocks forward on the 31st of March 2030.
    starts = [member.starts_at.ToJsonString() for member in answer.members]
    assert starts == [
        "2030-03-21T19:00:00Z",
        "2030-03-28T19:00:00Z",
        "2030-04-04T18:00:00Z",
        "2030-04-11T18:00:00Z",
    ]
    rows = await catalogue.rows("SELECT count(*) FROM performances WHERE series_id = '" + answer.series_id + "'")
    assert rows == [(5,)]
    joined = (await catalogue.stub.GetPerformance(pb.GetPerformanceRequest(**named(source)))).performance
    assert (joined.series_id, joined.etag, joined.code) == (answer.series_id, '"2"', "A1")
    more = series_of(
        joined, idempotency_key="more", weekly=None, starts=pb.StartList(starts_at=[wire_instant(START_MS + 3)])
    )
    assert (await catalogue.stub.CreateSeries(more)).series_id == answer.series_id
    assert [act.act for act in await acts(catalogue)][-2:] == ["series.created", "series.created"]


@pytest.mark.parametrize(
    ("rule", "field"),
    [
        ({"weekly": None}, "rule"),
        ({"weekly": None, "starts": pb.StartList()}, "starts.starts_at"),
        ({"weekly": None, "starts": pb.StartList(starts_at=[wire_instant(START_MS)])}, "starts.starts_at[0]"),
        (
            {
                "weekly": pb.WeeklyRule(
                    weekdays=[7], local_times=["02:30"], first_date="2030-03-17", last_date="2030-04-07"
                )
            },
            "weekly.local_times[0]",
        ),
    ],
)
async def test_a_series_with_one_member_that_cannot_be_has_none(
    catalogue: Catalogue, rule: dict[str, Any], field: str
) -> None:
    venue = await catalogue.venue("genova")
    source = await full(catalogue, venue)
    refused = await refusal(catalogue.stub.CreateSeries(series_of(source, **rule)))
    assert (refused.reason, refused.facts["field"]) == ("FIELD_INVALID", field)
    assert await catalogue.rows("SELECT performance_id FROM performances") == [(source.performance_id,)]
    assert (await catalogue.stub.GetPerformance(pb.GetPerformanceRequest(**named(source)))).performance == source


async def test_a_series_at_its_bound_is_made_in_one_go(catalogue: Catalogue) -> None:
    venue = await catalogue.venue("genova")
    source = await full(catalogue, venue)
    starts = [wire_instant(START_MS + n * DAY_MS) for n in range(1, 201)]
    answer = await catalogue.stub.CreateSeries(series_of(source, weekly=None, starts=pb.StartList(starts_at=starts)))
    assert [instant_ms(member.starts_at) for member in answer.members] == [instant_ms(start) for start in starts]
    created = "SELECT count(*) FROM outbox WHERE type = 'balcon.catalogue.v1.PerformanceCreated'"
    assert await catalogue.rows(created) == [(201,)]


async def test_r2_4_a_change_is_carried_to_the_later_ones_of_a_series_by_the_clock_on_the_wall(
    catalogue: Catalogue,
) -> None:
    venue = await catalogue.venue("genova")
    source = await full(catalogue, venue)
    series = await catalogue.stub.CreateSeries(series_of(source))
    ids = [member.performance_id for member in series.members]

    async def read(performance_id: str) -> pb.Performance:
        request = pb.GetPerformanceRequest(house_id=source.house_id, performance_id=performance_id)
        return (await catalogue.stub.GetPerformance(request)).performance

    second = await read(ids[1])
    earlier = wire_instant(instant_ms(second.starts_at) - HOUR_MS // 2)
    model = (await catalogue.stub.UpdatePerformance(updating(second, doors_at=earlier, code="B2"))).performance
    asked = pb.UpdateSeriesRequest(
        **named(model), carried_fields=FieldMask(paths=["doors_at", "seats_per_holder"]), etag=model.etag
    )
    answer = await catalogue.stub.UpdateSeries(asked)
    assert [member.performance_id for member in answer.members] == ids[2:]
    # On the 4th and 11th of April, in summer time, half an hour before eight.
    doors = [(await read(one)).doors_at.ToJsonString() for one in ids]
    assert doors == ["2030-03-21T18:00:00Z", "2030-03-28T18:30:00Z", "2030-04-04T17:30:00Z", "2030-04-11T17:30:00Z"]
    assert list((await catalogue.stub.UpdateSeries(asked)).members) == []
    act = (await acts(catalogue))[-1]
    assert (act.act, act.thing_id, act.facts["performances"]) == ("series.changed", series.series_id, "2")


async def test_a_change_is_carried_by_who_has_seen_it_and_within_a_series_only(catalogue: Catalogue) -> None:
    venue = await catalogue.venue("genova")
    alone = await full(catalogue, venue)
    paths = FieldMask(paths=["texts"])
    refused = await refusal(
        catalogue.stub.UpdateSeries(pb.UpdateSeriesRequest(**named(alone), carried_fields=paths, etag=alone.etag))
    )
    assert refused.facts["field"] == "performance_id"
    await catalogue.stub.CreateSeries(series_of(alone))
    refused = await refusal(
        catalogue.stub.UpdateSeries(pb.UpdateSeriesRequest(**named(alone), carried_fields=paths, etag=alone.etag))
    )
    assert refused.reason == "ETAG_STALE"
    code = FieldMask(paths=["code"])
    refused = await refusal(
        catalogue.stub.UpdateSeries(pb.UpdateSeriesRequest(**named(alone), carried_fields=code, etag='"2"'))
    )
    assert refused.facts["field"] == "carried_fields"
