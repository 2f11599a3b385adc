"""Quotas over real gRPC and PostgreSQL: kept, changed, told to performances old and new, shown per day (R4.11)."""

from __future__ import annotations

import asyncio
from typing import Any

from balcon.catalogue.v1 import catalogue_events_pb2 as events
from balcon.catalogue.v1 import catalogue_service_pb2 as pb
from balcon.types.v1.quotas_pb2 import SALE_PHASE_DAY, SALE_PHASE_PRESALE, QuotaAssignment, QuotaPercentages
from balcon.types.v1.seating_pb2 import CHANNEL_ONLINE
from google.protobuf.field_mask_pb2 import FieldMask

from services.contracts.wire_types import instant_ms, wire_instant
from services.runtime.testing.refusals import refusal
from tests.integration.catalogue.stage import START_MS, Catalogue, Venue
from tests.integration.catalogue.test_performance_changes import updating
from tests.integration.catalogue.test_performance_copies import copying
from tests.integration.catalogue.test_performance_life import DAY_MS, HOUR_MS, acts, moving, named, told

# START_MS is a Sunday, 18:46:40 in Rome.
DAY_ONE = "2030-03-17"
UPDATED = "balcon.catalogue.v1.PerformanceUpdated"


def creating(venue: Venue, quota_id: str = "all", key: str = "", **body: Any) -> pb.CreateQuotaRequest:
    """Of one of the two places, unless said otherwise."""
    fields: dict[str, Any] = {"name": quota_id, "production_id": venue.production.production_id, "size": 1} | body
    return pb.CreateQuotaRequest(
        idempotency_key=key or quota_id,
        house_id=venue.house.house_id,
        quota=pb.Quota(quota_id=quota_id, **fields),
    )


async def made(catalogue: Catalogue, venue: Venue, quota_id: str = "all", **body: Any) -> pb.Quota:
    return (await catalogue.stub.CreateQuota(creating(venue, quota_id, **body))).quota


def changing(venue: Venue, quota: pb.Quota, **body: Any) -> pb.UpdateQuotaRequest:
    return pb.UpdateQuotaRequest(
        house_id=venue.house.house_id,
        quota=pb.Quota(quota_id=quota.quota_id, **body),
        update_mask=FieldMask(paths=list(body)),
        etag=quota.etag,
    )


async def got(catalogue: Catalogue, performance: pb.Performance) -> pb.Performance:
    return (await catalogue.stub.GetPerformance(pb.GetPerformanceRequest(**named(performance)))).performance


async def listed(catalogue: Catalogue, venue: Venue, **filters: Any) -> list[str]:
    """Page by page of one."""
    found: list[str] = []
    token = None
    while token != "":
        request = pb.ListQuotasRequest(house_id=venue.house.house_id, page_size=1, page_token=token or "", **filters)
        page = await catalogue.stub.ListQuotas(request)
        found += [quota.quota_id for quota in page.quotas]
        token = page.next_page_token
    return found


async def viewed(catalogue: Catalogue, venue: Venue, last_date: str = DAY_ONE) -> list[pb.PerformanceCapacity]:
    request = pb.GetCapacityViewRequest(
        house_id=venue.house.house_id,
        production_id=venue.production.production_id,
        first_date=DAY_ONE,
        last_date=last_date,
    )
    return list((await catalogue.stub.GetCapacityView(request)).performances)


async def test_a_quota_reaches_its_performances_with_an_event_and_one_act(catalogue: Catalogue) -> None:
    venue = await catalogue.venue("genova")
    before = await catalogue.performance(venue, "k1")
    assignment = QuotaAssignment(ticket_type="normal", channel=CHANNEL_ONLINE, phase=SALE_PHASE_DAY)
    half = QuotaPercentages(online_presale=50)
    quota = await made(catalogue, venue, presale_hours=2, percentages=half, assignments=[assignment], zones=["Ground"])
    assert (await catalogue.stub.CreateQuota(creating(venue, **_body(quota)))).quota == quota
    now = await got(catalogue, before)
    (terms,) = now.quotas
    assert (terms.quota_id, terms.name, terms.size, terms.presale_hours) == ("all", "all", 1, 2)
    assert (terms.anchor_at, terms.percentages, list(terms.zones)) == (before.starts_at, half, ["Ground"])
    assert list(terms.assignments) == [assignment]
    assert now.terms_version == before.terms_version + 1
    (payload,) = await told(catalogue, UPDATED)
    event = events.PerformanceUpdated.FromString(payload)
    assert (event.performance, list(event.fields)) == (now, ["quotas"])
    (act,) = [act for act in await acts(catalogue) if act.thing == "quota"]
    assert (act.act, act.facts["performances"]) == ("quota.created", "1")
    later = await catalogue.performance(venue, "k2", starts_at=wire_instant(START_MS + DAY_MS))
    assert [(one.quota_id, one.anchor_at) for one in later.quotas] == [("all", later.starts_at)]
    assert await got(catalogue, later) == later
    assert await catalogue.violations() == []


def _body(quota: pb.Quota) -> dict[str, Any]:
    return {field.name: value for field, value in quota.ListFields() if field.name not in {"quota_id", "etag"}}


async def test_a_change_is_told_to_whom_it_changes_and_says_what_it_was(catalogue: Catalogue) -> None:
    venue = await catalogue.venue("genova")
    sunday = await catalogue.performance(venue, "k1")
    monday = await catalogue.performance(venue, "k2", starts_at=wire_instant(START_MS + DAY_MS))
    quota = await made(catalogue, venue, size=2)
    rules = [pb.QuotaRule(weekdays=[7], size=1)]
    changed = (await catalogue.stub.UpdateQuota(changing(venue, quota, rules=rules))).quota
    assert [rule.rule_number for rule in changed.rules] == [1]
    assert (await got(catalogue, sunday)).quotas[0].size == 1
    assert (await got(catalogue, monday)).terms_version == 2
    assert len(await told(catalogue, UPDATED)) == 3
    assert (await listed(catalogue, venue), await listed(catalogue, venue, include_archived=True)) == (["all"], ["all"])
    stale = await refusal(catalogue.stub.UpdateQuota(changing(venue, quota, size=1)))
    assert (stale.reason, stale.facts["etag"]) == ("ETAG_STALE", changed.etag)
    changed = (await catalogue.stub.UpdateQuota(changing(venue, changed, size=1, presale_hours=3))).quota
    act = (await acts(catalogue))[-1]
    facts = {"fields": "presale_hours,size", "size": "2 -> 1", "presale_hours": "0 -> 3", "performances": "2"}
    assert (act.act, dict(act.facts)) == (
        "quota.changed",
        facts | {"production": venue.production.production_id},
    )
    half = QuotaPercentages(online_presale=50)
    changed = (await catalogue.stub.UpdateQuota(changing(venue, changed, percentages=half))).quota
    assert (await acts(catalogue))[-1].facts["online_presale"] == "unset -> 50"
    archive = pb.ArchiveQuotaRequest(house_id=venue.house.house_id, quota_id="all", etag=changed.etag)
    archived = (await catalogue.stub.ArchiveQuota(archive)).quota
    assert (await catalogue.stub.ArchiveQuota(archive)).quota == archived
    assert not (await got(catalogue, sunday)).quotas
    assert (await listed(catalogue, venue), await listed(catalogue, venue, include_archived=True)) == ([], ["all"])
    refused = await refusal(catalogue.stub.UpdateQuota(changing(venue, archived, size=1)))
    assert refused.reason == "PRICE_THING_ARCHIVED"


async def test_all_that_is_wrong_beside_the_performances_is_told_at_once(catalogue: Catalogue) -> None:
    venue = await catalogue.venue("genova")
    performance = await catalogue.performance(venue)
    await catalogue.stub.PublishPerformance(
        pb.PublishPerformanceRequest(**named(performance), published_at=wire_instant(START_MS - HOUR_MS))
    )
    await made(catalogue, venue, "stalls", categories=["Stalls"])
    wrong = creating(
        venue,
        "wrong",
        name="Stalls",
        performance_ids=["prf_unknown"],
        presale_hours=2,
        size=3,
        assignments=[QuotaAssignment(ticket_type="senior", channel=CHANNEL_ONLINE, phase=SALE_PHASE_PRESALE)],
    )
    refused = await refusal(catalogue.stub.CreateQuota(wrong))
    assert [violation.field for violation in refused.violations] == [
        "quota.performance_ids[0]",
        "quota.name",
        "quota.categories",
        "quota.assignments[0].ticket_type",
    ]
    wrong.quota.performance_ids[:] = [performance.performance_id]
    refused = await refusal(catalogue.stub.CreateQuota(wrong))
    assert [violation.field for violation in refused.violations][-2:] == ["quota.size", "quota.presale_hours"]
    assert "2030-03-17T16:46:40Z" in refused.violations[-1].description
    assert len((await catalogue.stub.ListQuotas(pb.ListQuotasRequest(house_id=venue.house.house_id))).quotas) == 1


async def test_another_name_is_taken_although_d_would_not_be_any_more(catalogue: Catalogue) -> None:
    venue = await catalogue.venue("genova")
    performance = await catalogue.performance(venue)
    quota = await made(catalogue, venue, presale_hours=2)
    await catalogue.stub.PublishPerformance(
        pb.PublishPerformanceRequest(**named(performance), published_at=wire_instant(START_MS - HOUR_MS))
    )
    renamed = (await catalogue.stub.UpdateQuota(changing(venue, quota, name="Everything"))).quota
    assert renamed.name == "Everything"
    refused = await refusal(catalogue.stub.UpdateQuota(changing(venue, renamed, presale_hours=3)))
    assert [violation.field for violation in refused.violations] == ["quota.presale_hours"]


async def test_what_cannot_change_and_what_is_not_there_is_refused(catalogue: Catalogue) -> None:
    venue = await catalogue.venue("genova")
    quota = await made(catalogue, venue)
    again = creating(venue, key="again", name="Other", categories=["Stalls"])
    assert (await refusal(catalogue.stub.CreateQuota(again))).reason == "PRICE_THING_TAKEN"
    refused = await refusal(catalogue.stub.UpdateQuota(changing(venue, quota, production_id="prd_other")))
    assert [violation.field for violation in refused.violations] == ["quota.production_id"]
    nobodys = creating(venue, "other", production_id="prd_unknown")
    assert (await refusal(catalogue.stub.CreateQuota(nobodys))).reason == "PRODUCTION_NOT_FOUND"
    other = await catalogue.venue("utrecht")
    theirs = pb.GetQuotaRequest(house_id=other.house.house_id, quota_id="all")
    assert (await refusal(catalogue.stub.GetQuota(theirs))).reason == "PRICE_THING_NOT_FOUND"
    stolen = changing(other, quota, size=1)
    assert (await refusal(catalogue.stub.UpdateQuota(stolen))).reason == "PRICE_THING_NOT_FOUND"
    archive = pb.ArchiveQuotaRequest(house_id=venue.house.house_id, quota_id="all", etag=quota.etag)
    await catalogue.stub.ArchiveQuota(archive)
    assert (await refusal(catalogue.stub.CreateQuota(again))).reason == "PRICE_THING_TAKEN"


async def test_r2_4_copies_take_their_quotas_along_and_r2_10_a_move_takes_the_anchor(catalogue: Catalogue) -> None:
    venue = await catalogue.venue("genova")
    source = await catalogue.performance(venue, "k1", ends_at=wire_instant(START_MS + HOUR_MS))
    stranger = await catalogue.performance(venue, "k2", starts_at=wire_instant(START_MS + 9 * DAY_MS))
    quota = await made(catalogue, venue, performance_ids=[source.performance_id])
    assert not (await got(catalogue, stranger)).quotas
    copy = (await catalogue.stub.CopyPerformance(copying(source))).performance
    assert [(one.quota_id, one.anchor_at) for one in copy.quotas] == [("all", copy.starts_at)]
    assert await got(catalogue, copy) == copy
    weekly = pb.WeeklyRule(weekdays=[7], local_times=["20:00"], first_date="2030-03-24", last_date="2030-03-31")
    series = pb.CreateSeriesRequest(**named(source), idempotency_key="series", weekly=weekly)
    members = (await catalogue.stub.CreateSeries(series)).members
    kept = (await catalogue.stub.GetQuota(pb.GetQuotaRequest(house_id=quota_house(venue), quota_id="all"))).quota
    ids = {source.performance_id, copy.performance_id, *(member.performance_id for member in members)}
    assert (set(kept.performance_ids), kept.etag) == (ids, quota.etag)
    moved = (await catalogue.stub.MovePerformance(moving(copy, START_MS + 2 * DAY_MS))).performance
    assert instant_ms(moved.quotas[0].anchor_at) == START_MS + 2 * DAY_MS
    of_copy = pb.ListQuotasRequest(house_id=quota_house(venue), performance_id=copy.performance_id)
    assert [one.quota_id for one in (await catalogue.stub.ListQuotas(of_copy)).quotas] == ["all"]
    of_stranger = pb.ListQuotasRequest(house_id=quota_house(venue), performance_id=stranger.performance_id)
    assert not (await catalogue.stub.ListQuotas(of_stranger)).quotas


def quota_house(venue: Venue) -> str:
    return venue.house.house_id


async def test_a_performance_of_another_production_has_that_ones_quotas(catalogue: Catalogue) -> None:
    venue = await catalogue.venue("genova")
    other = pb.CreateProductionRequest(idempotency_key="o", house_id=venue.house.house_id, title="Othello")
    production = (await catalogue.stub.CreateProduction(other)).production
    performance = await catalogue.performance(venue)
    await made(catalogue, venue)
    await made(catalogue, venue, "othello", production_id=production.production_id)
    seen = await got(catalogue, performance)
    asked = updating(seen, production_id=production.production_id)
    changed = (await catalogue.stub.UpdatePerformance(asked)).performance
    assert [one.quota_id for one in changed.quotas] == ["othello"]
    payload = (await told(catalogue, UPDATED))[-1]
    assert events.PerformanceUpdated.FromString(payload).performance == changed == await got(catalogue, performance)


async def test_r4_11_the_capacity_view_shows_per_day_which_rule_won_and_why_others_lost(catalogue: Catalogue) -> None:
    venue = await catalogue.venue("genova")
    hours = pb.OpeningHours(opens_at=wire_instant(START_MS - 8 * HOUR_MS), closes_at=wire_instant(START_MS))
    sunday = await catalogue.performance(venue, "k1", admission=pb.ADMISSION_DAY, opening_hours=hours)
    await catalogue.performance(venue, "k2", starts_at=wire_instant(START_MS + DAY_MS))
    rules = [
        pb.QuotaRule(weekdays=[7], local_opening="10:00", local_closing="18:00", size=2),
        pb.QuotaRule(last_date="2030-01-01", size=1),
        pb.QuotaRule(weekdays=[7], local_opening="09:00", size=1),
    ]
    half = QuotaPercentages(online_presale=50)
    await made(catalogue, venue, size=2, presale_hours=24, percentages=half, rules=rules)
    (shown,) = await viewed(catalogue, venue)
    assert (shown.performance_id, shown.local_date, shown.capacity) == (sunday.performance_id, DAY_ONE, 2)
    assert shown.admission == pb.ADMISSION_DAY
    (outcome,) = shown.outcomes
    assert (outcome.size, outcome.rule_number) == (1, 3)
    assert [(one.rule_number, one.why) for one in outcome.passed_over] == [
        (1, "rule 3 was made later"),
        (2, "it is until 2030-01-01"),
    ]
    # 09:00 in Rome; the presale ends a day before.
    opens_ms = instant_ms(outcome.opens_at)
    assert opens_ms == START_MS - (9 * 60 + 46) * 60_000 - 40_000
    assert (instant_ms(outcome.day_sale_at), instant_ms(outcome.closes_at)) == (opens_ms - DAY_MS, START_MS)
    caps = {(cap.channel, cap.phase): (cap.percent, cap.cap) for cap in outcome.caps}
    assert len(caps) == 6
    assert caps[CHANNEL_ONLINE, SALE_PHASE_PRESALE] == (50, 0)
    assert caps[CHANNEL_ONLINE, SALE_PHASE_DAY] == (100, 1)
    both = await viewed(catalogue, venue, "2030-03-18")
    assert [(one.local_date, one.outcomes[0].size) for one in both] == [(DAY_ONE, 1), ("2030-03-18", 2)]


async def test_the_capacity_view_goes_page_by_page_and_refuses_what_are_no_dates(catalogue: Catalogue) -> None:
    venue = await catalogue.venue("genova")
    for day in range(3):
        await catalogue.performance(venue, f"k{day}", starts_at=wire_instant(START_MS + day * DAY_MS))
    request = pb.GetCapacityViewRequest(
        house_id=venue.house.house_id,
        production_id=venue.production.production_id,
        first_date=DAY_ONE,
        last_date="2030-03-18",
        page_size=1,
    )
    first = await catalogue.stub.GetCapacityView(request)
    request.page_token = first.next_page_token
    second = await catalogue.stub.GetCapacityView(request)
    days = [one.local_date for page in (first, second) for one in page.performances]
    assert (days, second.next_page_token) == ([DAY_ONE, "2030-03-18"], "")
    request.first_date, request.last_date = "2030-03-19", "2030-03-18"
    assert (await refusal(catalogue.stub.GetCapacityView(request))).violations[0].field == "last_date"
    request.first_date, request.last_date = "Sunday", ""
    refused = await refusal(catalogue.stub.GetCapacityView(request))
    assert [violation.field for violation in refused.violations] == ["first_date", "last_date"]


async def test_of_two_quotas_that_want_the_same_places_at_once_one_is_made(catalogue: Catalogue) -> None:
    venue = await catalogue.venue("genova")
    for turn in range(4):
        wanted = [creating(venue, f"q{turn}_{number}", categories=["Stalls"]) for number in range(3)]
        answers = await asyncio.gather(*map(catalogue.stub.CreateQuota, wanted), return_exceptions=True)
        (made_one,) = [answer.quota for answer in answers if isinstance(answer, pb.CreateQuotaResponse)]
        archive = pb.ArchiveQuotaRequest(house_id=venue.house.house_id, quota_id=made_one.quota_id, etag=made_one.etag)
        await catalogue.stub.ArchiveQuota(archive)


async def test_a_performance_that_is_made_beside_a_quota_is_told_with_it(catalogue: Catalogue) -> None:
    venue = await catalogue.venue("genova")
    for turn in range(4):
        _, performance = await asyncio.gather(
            made(catalogue, venue, f"q{turn}", size=turn % 2 + 1),
            catalogue.performance(venue, f"k{turn}", starts_at=wire_instant(START_MS + turn * DAY_MS)),
        )
        last = [
            events.PerformanceCreated.FromString(payload).performance
            for kind in ("PerformanceCreated", "PerformanceUpdated")
            for payload in await told(catalogue, f"balcon.catalogue.v1.{kind}")
        ]
        of_it = [one for one in last if one.performance_id == performance.performance_id]
        newest = max(of_it, key=lambda one: one.terms_version)
        assert [quota.quota_id for quota in newest.quotas] == [f"q{turn}"]
        quota = (
            await catalogue.stub.GetQuota(pb.GetQuotaRequest(house_id=quota_house(venue), quota_id=f"q{turn}"))
        ).quota
        archive = pb.ArchiveQuotaRequest(house_id=quota_house(venue), quota_id=f"q{turn}", etag=quota.etag)
        await catalogue.stub.ArchiveQuota(archive)
