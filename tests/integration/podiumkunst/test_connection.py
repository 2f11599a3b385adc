"""The connection, what is kept of the platform whatever it answers, halls, and the portfolio (R0.4, R0.15)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from balcon.podiumkunst.v1 import links_service_pb2 as pb

from services.runtime.testing.refusals import refusal
from services.runtime.testing.servers import DatabaseUrl
from tests.integration.podiumkunst.links_stage import HOUSE, OTHER, SECRET, LinksStage, a_show, running_links, told

NUMBER, SECOND = "NL-26-0412-77|00042", "NL-26-0412-77|11484906"


@pytest.fixture
async def stage(database_url: DatabaseUrl) -> AsyncIterator[LinksStage]:
    async with running_links(database_url("podiumkunst"), database_url()) as running:
        yield running


async def test_the_secret_is_sealed_and_never_told_back(stage: LinksStage) -> None:
    empty = (await stage.stub.GetConnection(pb.GetConnectionRequest(house_id=HOUSE))).connection
    assert (empty.is_on, empty.etag, empty.client_id) == (False, '"0"', "")
    refused = await refusal(stage.set(pb.Connection(is_on=True), ["is_on"], empty.etag))
    assert sorted(one.field for one in refused.violations) == ["connection.client_id", "connection.client_secret"]
    kept = await stage.connect()
    assert (kept.client_id, kept.client_secret, kept.secret_tail, kept.is_on) == ("kring", "", SECRET[-4:], True)
    assert (await refusal(stage.set(pb.Connection(), ["is_on"], empty.etag))).reason == "ETAG_STALE"
    # Something else is changed: the secret stays.
    after = await stage.set(pb.Connection(theatre_ids=["t1", "t2"]), ["theatre_ids"], kept.etag)
    assert (after.secret_tail, list(after.theatre_ids)) == (SECRET[-4:], ["t1", "t2"])
    tables = ("connections", "outbox", "outbound_exchange")
    everything = [repr(await stage.rows(f"SELECT * FROM {one}")) for one in tables]
    assert SECRET not in " ".join(everything)
    assert "client_secret" in await stage.acts()
    without = await refusal(stage.set(pb.Connection(client_secret=""), ["client_secret"], after.etag))
    assert without.reason == "FIELD_INVALID", "on without a secret"


async def test_whatever_the_platform_answers_the_kept_list_stands(stage: LinksStage) -> None:
    await stage.enter(told(NUMBER, "De Storm", "2026-12-04 20:15"), told(SECOND, "De Storm", "2026-12-05 20:15"))
    check = pb.CheckConnectionRequest(house_id=HOUSE)
    assert (await stage.stub.CheckConnection(check)).look.answer == pb.LOOK_ANSWER_OFF
    connection = await stage.connect()
    told_at = (await stage.fetch()).look.told_at
    for how, answer in (
        ("500", pb.LOOK_ANSWER_SILENT),
        ("429", pb.LOOK_ANSWER_SILENT),
        ("html", pb.LOOK_ANSWER_UNREADABLE),
        ("wrong_json", pb.LOOK_ANSWER_UNREADABLE),
        ("error_in_200", pb.LOOK_ANSWER_REFUSED),
        ("token_refused", pb.LOOK_ANSWER_LOCKED),
    ):
        await stage.misbehave(how, path="/theaters" if how != "token_refused" else "/")
        fetched = await stage.fetch()
        assert (fetched.look.answer, fetched.performances, fetched.look.told_at) == (answer, 2, told_at), how
        assert fetched.look.note
        counted = await stage.stub.CountUnlinked(pb.CountUnlinkedRequest(house_id=HOUSE))
        assert (counted.unlinked, counted.look.answer) == (2, answer), how
    await stage.misbehave("")
    checked = await stage.stub.CheckConnection(check)
    assert (checked.look.answer, checked.performances) == (pb.LOOK_ANSWER_TOLD, 2)
    # A wrong secret is told as such, and the list stands as well.
    wrong = await stage.set(pb.Connection(client_secret="a wrong secret"), ["client_secret"], connection.etag)
    assert (await stage.fetch()).look.answer == pb.LOOK_ANSWER_LOCKED
    await stage.set(pb.Connection(is_on=False), ["is_on"], wrong.etag)
    assert ((await stage.fetch()).look.answer, await stage.count()) == (pb.LOOK_ANSWER_OFF, 2)


async def test_what_is_listed_no_more_stays_with_its_link_and_may_come_back(stage: LinksStage) -> None:
    here = told(NUMBER, "De Storm", "2026-12-04 20:15")
    elsewhere = told(SECOND, "De Storm", "2026-12-05 20:15", theater=theatre("t2", "Elders", "NH"))
    await stage.enter(here, elsewhere)
    connection = await stage.connect()
    await stage.enter(told("NL-26-1|1", "Hamlet", "2026-12-06 20:15"), {**here, "status": "cancellation"})
    fetched = await stage.fetch()
    assert (fetched.added, fetched.changed, fetched.gone, fetched.performances) == (1, 1, 0, 3)
    await stage.make(a_show("prf_2", "De storm", "2026-12-05 20:15"))
    await stage.accept(SECOND, performance_id="prf_2")
    theirs = pb.ListTheatresRequest(house_id=HOUSE)
    theatres = (await stage.stub.ListTheatres(theirs)).theatres
    assert [(one.theatre_id, list(one.locations)) for one in theatres] == [
        ("t1", ["Grote zaal"]),
        ("t2", ["Grote zaal"]),
    ]
    # From now on only one of the two theatres is the house's.
    narrowed = await stage.set(pb.Connection(theatre_ids=["t1"]), ["theatre_ids"], connection.etag)
    assert (await stage.fetch()).performances == 2
    [link] = await stage.links()
    assert pb.ODDITY_GONE in [one.oddity for one in link.alerts]
    await stage.set(pb.Connection(), ["theatre_ids"], narrowed.etag)
    assert (await stage.fetch()).performances == 3
    [link] = await stage.links()
    assert pb.ODDITY_GONE not in [one.oddity for one in link.alerts]


async def test_the_list_is_fetched_by_the_clock_and_a_silent_house_keeps_no_other_waiting(stage: LinksStage) -> None:
    await stage.enter(told(NUMBER, "De Storm", "2026-12-04 20:15"))
    await stage.enter(told(SECOND, "De Storm", "2026-12-05 20:15"), client_id="other")
    await stage.misbehave("silence")
    connection = (await stage.stub.GetConnection(pb.GetConnectionRequest(house_id=HOUSE))).connection
    wanted = pb.Connection(client_id="kring", client_secret=SECRET, is_on=True)
    await stage.set(wanted, ["client_id", "client_secret", "is_on"], connection.etag)
    await stage.connect(OTHER, "other")
    assert (await stage.count(OTHER), await stage.count()) == (1, 0)
    # It is due again an hour after it was leased, and not before.
    [(due_ms, now_ms)] = await stage.rows(
        f"SELECT list_due_at_ms, {stage.service.clock.now_ms()} FROM connections WHERE house_id = '{OTHER}'"
    )
    assert 0 < due_ms - now_ms <= 3_600_000
    await stage.misbehave("")


async def test_r0_15_halls_and_ranks_are_mapped_with_all_faults_at_once(stage: LinksStage) -> None:
    await stage.make(a_show("prf_1", "De storm", "2026-12-04 20:15"))
    [first, second] = (await stage.stub.ListHallMappings(pb.ListHallMappingsRequest(house_id=HOUSE))).halls
    assert (first.mapping.theatre_id, first.mapping.etag) == ("", '"0"')
    assert [(one.category, one.rank) for one in first.suggested_ranks] == [("Stalls", 1), ("Balcony", 2)]
    assert not second.suggested_ranks
    ranks = [pb.CategoryRank(category="Stalls", rank=1), pb.CategoryRank(category="Balcony", rank=1)]
    wanted = pb.HallMapping(hall_id="hal_1", theatre_id="t1", location="Grote zaal", ranks=ranks)
    mapped = await stage.map_hall(wanted, ["theatre_id", "location", "ranks"])
    # One house may have several theatres, and several halls of one (R0.15).
    await stage.map_hall(pb.HallMapping(hall_id="hal_2", theatre_id="t2"), ["theatre_id"])
    assert (mapped.etag, [one.rank for one in mapped.ranks]) == ('"1"', [1, 1])
    bad = [pb.CategoryRank(category="Stalls", rank=11), pb.CategoryRank(category="Stalls", rank=0)]
    refused = await refusal(stage.map_hall(pb.HallMapping(hall_id="hal_1", ranks=bad), ["ranks"]))
    assert sorted(one.field for one in refused.violations) == [
        "hall.ranks[0].rank",
        "hall.ranks[1].category",
        "hall.ranks[1].rank",
    ]
    alone = await refusal(stage.map_hall(pb.HallMapping(hall_id="hal_1"), ["theatre_id"]))
    assert [one.field for one in alone.violations] == ["hall.location"], "a theatre's hall without the theatre"
    unknown = await refusal(stage.map_hall(pb.HallMapping(hall_id="hal_9", theatre_id="t1"), ["theatre_id"]))
    assert unknown.reason == "HALL_NOT_FOUND"


async def test_r0_4_the_portfolio_is_seen_nationally_by_region_and_by_theatre(stage: LinksStage) -> None:
    mine = told(NUMBER, "De Storm", "2026-12-04 20:15")
    await stage.enter(mine)
    await stage.enter(
        told(SECOND, "De Storm", "2026-12-05 20:15", theater=theatre("t2", "Elders", "NH")), client_id="other"
    )
    await stage.sell(NUMBER, 40, 100_000)
    await stage.sell(SECOND, 50, 125_000, client_id="other")
    await stage.connect()
    await stage.fetch()
    await stage.make(a_show("prf_1", "De storm", "2026-12-04 20:15"))
    assert not (await stage.stub.GetPortfolio(portfolio(pb.PORTFOLIO_VIEW_NATIONAL))).looks, "nothing is linked"
    await stage.accept(NUMBER, performance_id="prf_1")
    fetch = pb.FetchPortfolioRequest(house_id=HOUSE)
    [look] = (await stage.stub.FetchPortfolio(fetch)).looks
    assert (look.production, look.look.answer, look.adds_up) == ("NL-26-0412-77", pb.LOOK_ANSWER_TOLD, True)
    seen: dict[str, Any] = {}
    for view in (pb.PORTFOLIO_VIEW_NATIONAL, pb.PORTFOLIO_VIEW_REGION, pb.PORTFOLIO_VIEW_THEATRE):
        answer = await stage.stub.GetPortfolio(portfolio(view))
        seen[pb.PortfolioView.Name(view)[15:]] = [
            (one.title, one.province, one.theatre, one.tickets, one.recette.amount_minor) for one in answer.lines
        ]
    assert seen == {
        "NATIONAL": [("De Storm", "", "", 90, 225_000)],
        "REGION": [("De Storm", "NB", "", 40, 100_000), ("De Storm", "NH", "", 50, 125_000)],
        "THEATRE": [("De Storm", "NB", "De Kring", 40, 100_000), ("De Storm", "NH", "Elders", 50, 125_000)],
    }
    # A bad day: what was told stays, with the time it was told at.
    await stage.misbehave("html", path="/productions")
    [after] = (await stage.stub.FetchPortfolio(fetch)).looks
    assert (after.look.answer, after.look.told_at) == (pb.LOOK_ANSWER_UNREADABLE, look.look.told_at)
    assert len((await stage.stub.GetPortfolio(portfolio(pb.PORTFOLIO_VIEW_THEATRE))).lines) == 2
    # It is nobody's portfolio but the house's that has linked it.
    assert not (await stage.stub.GetPortfolio(portfolio(pb.PORTFOLIO_VIEW_NATIONAL, OTHER))).lines


async def test_r0_4_a_production_without_sales_is_an_answer(stage: LinksStage) -> None:
    await stage.enter(told(NUMBER, "De Storm", "2026-12-04 20:15"))
    await stage.connect()
    await stage.fetch()
    await stage.make(a_show("prf_1", "De storm", "2026-12-04 20:15"))
    await stage.accept(NUMBER, performance_id="prf_1")
    [look] = (await stage.stub.FetchPortfolio(pb.FetchPortfolioRequest(house_id=HOUSE))).looks
    assert look.look.answer == pb.LOOK_ANSWER_REFUSED
    assert "no_sales_history" in look.look.note


def theatre(theatre_id: str, name: str, province: str) -> dict[str, Any]:
    return {"id": theatre_id, "name": name, "province": {"id": province, "name": province}}


def portfolio(view: pb.PortfolioView.ValueType, house_id: str = HOUSE) -> pb.GetPortfolioRequest:
    return pb.GetPortfolioRequest(house_id=house_id, view=view)
