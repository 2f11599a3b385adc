"""What is shown, over real gRPC and PostgreSQL: made, read, listed, changed by mask and etag, archived (R2.3)."""

from __future__ import annotations

import asyncio
from typing import Any

import grpc
import pytest
from balcon.catalogue.v1 import catalogue_service_pb2 as pb
from balcon.catalogue.v1.catalogue_events_pb2 import PerformanceUpdated
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.timestamp_pb2 import Timestamp
from sqlalchemy import text

from services.runtime.outbox.writer import ENQUEUE_MAX_EVENTS
from services.runtime.testing.eventually import eventually
from services.runtime.testing.refusals import refusal
from tests.integration.catalogue.stage import START_MS, Catalogue

TOLD: dict[str, Any] = {
    "title": "Hamlet",
    "performers": ["Royal Company", "Ana Díaz"],
    "default_language": "en",
    "subtitle": "Prince of Denmark",
    "description": "To be.\n\nOr not to be.",
    "translations": [
        pb.ProductionText(language="nl", subtitle="Prins van Denemarken"),
        pb.ProductionText(language="de", title="Hamlet", description="Sein."),
    ],
    "genre": pb.GENRE_PLAY,
    "duration_minutes": 185,
    "age_advice": pb.AgeAdvice(from_age=12),
    "credits": "Direction: A. B.",
    "source_url": "https://company.example/hamlet",
    "external_codes": [pb.ExternalCode(system="podiumkunst", code="NL-00-000-0000000|00000")],
}


async def made(catalogue: Catalogue, house_id: str, key: str, title: str = "Hamlet", **more: Any) -> pb.Production:
    request = pb.CreateProductionRequest(idempotency_key=key, house_id=house_id, title=title, **more)
    return (await catalogue.stub.CreateProduction(request)).production


async def signed_up(catalogue: Catalogue, label: str = "genova") -> str:
    return catalogue.house(label).house_id


def update(before: pb.Production, *paths: str, etag: str = "", **values: Any) -> pb.UpdateProductionRequest:
    return pb.UpdateProductionRequest(
        house_id=before.house_id,
        production=pb.Production(production_id=before.production_id, **values),
        update_mask=FieldMask(paths=paths or tuple(values)),
        etag=etag or before.etag,
    )


async def read(catalogue: Catalogue, production: pb.Production) -> pb.Production:
    key = pb.GetProductionRequest(house_id=production.house_id, production_id=production.production_id)
    return (await catalogue.stub.GetProduction(key)).production


async def titles(catalogue: Catalogue, house_id: str, **filters: Any) -> list[str]:
    listed = await catalogue.stub.ListProductions(pb.ListProductionsRequest(house_id=house_id, **filters))
    return [production.title for production in listed.productions]


async def test_r2_3_all_that_is_told_of_a_production_is_kept(catalogue: Catalogue) -> None:
    house_id = await signed_up(catalogue)
    production = await made(catalogue, house_id, "k", **TOLD)
    assert await read(catalogue, production) == production
    assert production.production_id.startswith("prd_")
    assert (production.etag, production.HasField("created_at"), production.HasField("archived_at")) == (
        '"1"',
        True,
        False,
    )
    for name, value in TOLD.items():
        assert getattr(production, name) == value
    bare = await made(catalogue, house_id, "bare")
    assert (bare.default_language, list(bare.performers), bare.HasField("age_advice")) == ("en", [], False)


async def test_an_update_changes_what_its_mask_names_and_nothing_else(catalogue: Catalogue) -> None:
    before = await made(catalogue, await signed_up(catalogue), "k", **TOLD)
    request = update(before, "subtitle", "translations", title="Macbeth", subtitle="A tragedy")
    after = (await catalogue.stub.UpdateProduction(request)).production
    assert after == await read(catalogue, before)
    expected = pb.Production()
    expected.CopyFrom(before)
    expected.subtitle, expected.etag = "A tragedy", '"2"'
    del expected.translations[:]
    assert after == expected
    act = (await catalogue.acts())[-1]
    assert (act.act, act.thing_id, dict(act.facts)) == (
        "production.changed",
        before.production_id,
        {"fields": "subtitle,translations"},
    )


async def test_an_update_of_what_somebody_else_has_changed_is_refused(catalogue: Catalogue) -> None:
    before = await made(catalogue, await signed_up(catalogue), "k")
    answers = await asyncio.gather(
        *(catalogue.stub.UpdateProduction(update(before, subtitle=f"Number {at}")) for at in range(4)),
        return_exceptions=True,
    )
    assert sum(isinstance(answer, pb.UpdateProductionResponse) for answer in answers) == 1
    lost = await refusal(catalogue.stub.UpdateProduction(update(before, subtitle="Too late")))
    assert (lost.reason, lost.code, lost.facts["etag"]) == ("ETAG_STALE", grpc.StatusCode.FAILED_PRECONDITION, '"2"')
    assert (await read(catalogue, before)).subtitle.startswith("Number")
    assert len(await catalogue.acts()) == 2


async def test_an_update_may_be_repeated(catalogue: Catalogue) -> None:
    before = await made(catalogue, await signed_up(catalogue), "k")
    request = update(before, subtitle="A tragedy")
    after = (await catalogue.stub.UpdateProduction(request)).production
    assert (await catalogue.stub.UpdateProduction(request)).production == after
    assert [act.act for act in await catalogue.acts()] == ["production.created", "production.changed"]


REFUSED_UPDATES: list[tuple[dict[str, Any], list[str]]] = [
    ({"etag": ""}, ["etag"]),
    ({"update_mask": FieldMask()}, ["update_mask"]),
    ({"update_mask": FieldMask(paths=["house_id", "title", "title.x"])}, ["update_mask"]),
    ({"production": pb.Production(production_id="prd_0", title="x")}, ["PRODUCTION_NOT_FOUND"]),
    (
        {
            "house_id": "?",
            "production": pb.Production(production_id="?", genre=77, duration_minutes=5_000),  # type: ignore[arg-type]
            "update_mask": FieldMask(paths=["title", "genre", "duration_minutes", "etag"]),
            "etag": "",
        },
        [
            "house_id",
            "production.production_id",
            "production.title",
            "production.genre",
            "production.duration_minutes",
            "update_mask",
            "etag",
        ],
    ),
]


@pytest.mark.parametrize(("changes", "told"), REFUSED_UPDATES)
async def test_a_wrong_update_names_all_its_faults_and_changes_nothing(
    catalogue: Catalogue, changes: dict[str, Any], told: list[str]
) -> None:
    before = await made(catalogue, await signed_up(catalogue), "k", **TOLD)
    good: dict[str, Any] = {
        "house_id": before.house_id,
        "production": pb.Production(production_id=before.production_id, title="x"),
        "update_mask": FieldMask(paths=["title"]),
        "etag": before.etag,
    }
    refused = await refusal(catalogue.stub.UpdateProduction(pb.UpdateProductionRequest(**good | changes)))
    assert ([violation.field for violation in refused.violations] or [refused.reason]) == told
    assert await read(catalogue, before) == before


async def test_a_translation_in_what_becomes_the_default_language_is_refused(catalogue: Catalogue) -> None:
    before = await made(catalogue, await signed_up(catalogue), "k", **TOLD)
    refused = await refusal(catalogue.stub.UpdateProduction(update(before, default_language="nl")))
    assert refused.facts["field"] == "production.translations[0].language"
    assert await read(catalogue, before) == before


async def test_a_new_title_is_that_of_the_performances_and_they_tell_so(catalogue: Catalogue) -> None:
    venue = await catalogue.venue("genova")
    first, second = await catalogue.performance(venue, "a"), await catalogue.performance(venue, "b")
    renamed = update(venue.production, title="Amleto", subtitle="Principe")
    after = (await catalogue.stub.UpdateProduction(renamed)).production
    for before in (first, second):
        key = pb.GetPerformanceRequest(house_id=before.house_id, performance_id=before.performance_id)
        now = (await catalogue.stub.GetPerformance(key)).performance
        assert (now.title, before.etag, now.etag) == ("Amleto", '"1"', '"2"')
    told = "SELECT key, payload FROM outbox WHERE type = 'balcon.catalogue.v1.PerformanceUpdated'"
    events = [PerformanceUpdated.FromString(payload) for _, payload in await catalogue.rows(told)]  # type: ignore[arg-type]
    assert {event.performance.performance_id for event in events} == {first.performance_id, second.performance_id}
    assert {(event.performance.title, *event.fields) for event in events} == {("Amleto", "title")}
    assert await catalogue.violations() == []
    await catalogue.stub.UpdateProduction(update(after, subtitle="Principe di Danimarca"))
    assert len(await catalogue.rows(told)) == 2


async def test_a_new_title_is_told_by_more_performances_than_one_batch_of_events_holds(catalogue: Catalogue) -> None:
    venue = await catalogue.venue("genova")
    await catalogue.performance(venue)
    copy = "jsonb_populate_record(one, jsonb_build_object('performance_id', 'copy_' || n))"
    for table in ("performances", "prices"):
        numbers = f"generate_series(1, {ENQUEUE_MAX_EVENTS}) n"
        await catalogue.damage(f"INSERT INTO {table} SELECT ({copy}).* FROM {table} one, {numbers}")
    await catalogue.stub.UpdateProduction(update(venue.production, title="Amleto"))
    told = "SELECT count(DISTINCT key) FROM outbox WHERE type = 'balcon.catalogue.v1.PerformanceUpdated'"
    assert await catalogue.rows(told) == [(ENQUEUE_MAX_EVENTS + 1,)]
    assert await catalogue.rows("SELECT DISTINCT title FROM performances") == [("Amleto",)]


async def test_a_performance_that_is_made_while_the_title_changes_has_the_new_one(catalogue: Catalogue) -> None:
    venue = await catalogue.venue("genova")
    waits = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    async with catalogue.engine.connect() as other:
        await other.execute(text("UPDATE productions SET title = 'Amleto'"))
        making = asyncio.ensure_future(catalogue.performance(venue))

        async def it_waits() -> None:
            assert await catalogue.rows(waits)

        await eventually(it_waits)
        await other.commit()
    assert (await making).title == "Amleto"


async def test_a_new_title_waits_for_changes_of_performances_without_holding_up_their_production(
    catalogue: Catalogue,
) -> None:
    venue = await catalogue.venue("genova")
    await catalogue.performance(venue)
    waits = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    # Who copies a performance locks it, and then pins its production: the other way round the two would wait for ever.
    async with catalogue.engine.connect() as other:
        await other.execute(text("SELECT 1 FROM performances FOR UPDATE"))
        naming = asyncio.ensure_future(catalogue.stub.UpdateProduction(update(venue.production, title="Amleto")))

        async def it_waits() -> None:
            assert await catalogue.rows(waits)

        await eventually(it_waits)
        await other.execute(text("SELECT 1 FROM productions FOR SHARE NOWAIT"))
        await other.commit()
    assert (await naming).production.title == "Amleto"


async def test_an_archived_production_leaves_lists_and_is_shown_in_nothing_new(catalogue: Catalogue) -> None:
    venue = await catalogue.venue("genova")
    production, house_id = venue.production, venue.house.house_id
    there_already = await catalogue.performance(venue)
    request = pb.ArchiveProductionRequest(
        house_id=house_id, production_id=production.production_id, etag=production.etag
    )
    stale = pb.ArchiveProductionRequest(house_id=house_id, production_id=production.production_id, etag='"7"')
    assert (await refusal(catalogue.stub.ArchiveProduction(stale))).reason == "ETAG_STALE"
    gone = (await catalogue.stub.ArchiveProduction(request)).production
    assert gone.HasField("archived_at")
    assert (await catalogue.stub.ArchiveProduction(request)).production == gone == await read(catalogue, production)
    assert await titles(catalogue, house_id) == []
    assert await titles(catalogue, house_id, include_archived=True) == ["Hamlet"]
    refused = await refusal(catalogue.performance(venue, "new"))
    assert (refused.reason, refused.code) == ("PRODUCTION_ARCHIVED", grpc.StatusCode.FAILED_PRECONDITION)
    key = pb.GetPerformanceRequest(house_id=house_id, performance_id=there_already.performance_id)
    assert (await catalogue.stub.GetPerformance(key)).performance == there_already
    assert [act.act for act in await catalogue.acts()].count("production.archived") == 1


async def test_pages_hold_every_production_once_the_last_made_first(catalogue: Catalogue) -> None:
    house_id = await signed_up(catalogue)
    ids = [(await made(catalogue, house_id, f"k{at}", f"Title {at}")).production_id for at in range(7)]
    # Many are made in one millisecond by an import.
    await catalogue.damage("UPDATE productions SET created_at_ms = 5 WHERE title < 'Title 4'")
    found: list[str] = []
    token = ""
    while token or not found:
        request = pb.ListProductionsRequest(house_id=house_id, page_size=2, page_token=token)
        page = await catalogue.stub.ListProductions(request)
        assert len(page.productions) <= 2
        found += [production.production_id for production in page.productions]
        token = page.next_page_token
    assert found == ids[:3:-1] + sorted(ids[:4], reverse=True)
    foreign = pb.ListProductionsRequest(house_id="hse_other", page_token="x")
    assert (await refusal(catalogue.stub.ListProductions(foreign))).facts["field"] == "page_token"


async def test_a_page_of_long_texts_ends_sooner(catalogue: Catalogue) -> None:
    house_id = await signed_up(catalogue)
    texts = [pb.ProductionText(language=f"a{one}", description="x" * 10_000) for one in "abcdefghijklmnopqrst"]
    for at in range(5):
        await made(catalogue, house_id, f"k{at}", f"Title {at}", translations=texts)
    page = await catalogue.stub.ListProductions(pb.ListProductionsRequest(house_id=house_id))
    assert [production.title for production in page.productions] == ["Title 4", "Title 3", "Title 2", "Title 1"]
    rest = pb.ListProductionsRequest(house_id=house_id, page_token=page.next_page_token)
    assert [production.title for production in (await catalogue.stub.ListProductions(rest)).productions] == ["Title 0"]


async def test_lists_are_filtered_by_text_genre_and_coming_performances(catalogue: Catalogue) -> None:
    venue = await catalogue.venue("genova")
    house_id = venue.house.house_id
    shown = await catalogue.performance(venue)
    await made(catalogue, house_id, "a", "100% Straße", genre=pb.GENRE_CIRCUS)
    dutch = [pb.ProductionText(language="nl", title="De Storm")]
    await made(catalogue, house_id, "b", "The Tempest", performers=["Ana Díaz"], translations=dutch)
    some = [venue.production.production_id, venue.production.production_id, "prd_0"]
    expected: list[tuple[dict[str, Any], list[str]]] = [
        ({"production_ids": some}, ["Hamlet"]),
        ({"production_ids": some, "text": "storm"}, []),
        ({}, ["The Tempest", "100% Straße", "Hamlet"]),
        ({"text": "STRASSE"}, ["100% Straße"]),
        ({"text": "0%"}, ["100% Straße"]),
        ({"text": "%"}, ["100% Straße"]),
        ({"text": "_"}, []),
        ({"text": "\\"}, []),
        ({"text": "storm"}, ["The Tempest"]),
        ({"text": "díaz"}, ["The Tempest"]),
        ({"text": "royal"}, ["Hamlet"]),
        ({"genre": pb.GENRE_CIRCUS}, ["100% Straße"]),
        ({"genre": pb.GENRE_CIRCUS, "text": "storm"}, []),
        ({"performed_from_at": Timestamp(seconds=START_MS // 1000)}, ["Hamlet"]),
        ({"performed_from_at": Timestamp(seconds=START_MS // 1000, nanos=1_000_000)}, []),
    ]
    for filters, found in expected:
        assert await titles(catalogue, house_id, **filters) == found, filters
    cancelled = pb.CancelPerformanceRequest(house_id=house_id, performance_id=shown.performance_id, reason="illness")
    await catalogue.stub.CancelPerformance(cancelled)
    assert await titles(catalogue, house_id, performed_from_at=Timestamp(seconds=1_800_000_000)) == []


async def test_a_wrong_filter_is_told_with_all_others(catalogue: Catalogue) -> None:
    request = pb.ListProductionsRequest(
        house_id="?",
        text="x" * 201,
        genre=77,  # type: ignore[arg-type]
        performed_from_at=Timestamp(seconds=1),
        production_ids=["prd_1", "?", *["prd_1"] * 499],
        page_size=501,
        page_token="?",
    )
    refused = await refusal(catalogue.stub.ListProductions(request))
    assert [violation.field for violation in refused.violations] == [
        "house_id",
        "text",
        "genre",
        "performed_from_at",
        "production_ids",
        "production_ids[1]",
        "page_size",
        "page_token",
    ]


async def test_another_houses_productions_are_not_there(catalogue: Catalogue) -> None:
    production = await made(catalogue, await signed_up(catalogue), "k")
    other = await signed_up(catalogue, "torino")
    assert await titles(catalogue, other, include_archived=True) == []
    place: dict[str, Any] = {"house_id": other, "production_id": production.production_id}
    stranger = pb.Production(house_id=other, production_id=production.production_id, etag=production.etag)
    calls = (
        catalogue.stub.GetProduction(pb.GetProductionRequest(**place)),
        catalogue.stub.ArchiveProduction(pb.ArchiveProductionRequest(**place, etag=production.etag)),
        catalogue.stub.UpdateProduction(update(stranger, title="Mine")),
    )
    for call in calls:
        assert (await refusal(call)).reason == "PRODUCTION_NOT_FOUND"
    assert await read(catalogue, production) == production


async def test_what_the_version_before_has_written_is_read(catalogue: Catalogue) -> None:
    house_id = "hse_old"
    await catalogue.damage(
        "INSERT INTO houses (house_id, label, name, time_zone, currency, created_at_ms)"
        " VALUES ('hse_old', 'old', 'Old', 'Europe/Oslo', 'NOK', 1)"
    )
    await catalogue.damage(
        "INSERT INTO productions (house_id, production_id, title, performer, created_at_ms) VALUES "
        f"('{house_id}', 'prd_old', 'Hamlet', 'Royal', 5), ('{house_id}', 'prd_mute', 'Mime', '', 5)"
    )
    old = await read(catalogue, pb.Production(house_id=house_id, production_id="prd_old"))
    assert (old.title, list(old.performers), old.default_language, old.etag) == ("Hamlet", ["Royal"], "en", '"1"')
    mute = await read(catalogue, pb.Production(house_id=house_id, production_id="prd_mute"))
    assert list(mute.performers) == []
