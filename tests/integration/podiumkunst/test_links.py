"""The linking screen end to end (R0.5 to R0.11), against the strict double of the platform."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import grpc
import pytest
from balcon.catalogue.v1 import catalogue_service_pb2 as catalogue
from balcon.podiumkunst.v1 import links_service_pb2 as pb

from services.runtime.rpc.errors import refusal_of
from services.runtime.testing.refusals import refusal
from services.runtime.testing.servers import DatabaseUrl
from tests.integration.podiumkunst.links_stage import HOUSE, OTHER, LinksStage, a_show, running_links, told

NUMBER, SECOND = "NL-26-0412-77|00042", "NL-26-0412-77|11484906"


@pytest.fixture
async def stage(database_url: DatabaseUrl) -> AsyncIterator[LinksStage]:
    async with running_links(database_url("podiumkunst"), database_url()) as running:
        yield running


async def test_r0_7_r0_8_r0_11_count_lines_accept_and_unlink(stage: LinksStage) -> None:
    await stage.enter(
        told(NUMBER, "De Storm", "2026-12-04 20:15", performer="Toneelgroep Zuid"),
        told(SECOND, "De Storm", "2026-12-05 20:15"),
        told("NL-26-1|1", "Opbouw", "2026-12-04 10:00", type="montage"),
        told("NL-26-1|2", "Besloten", "2026-12-04 11:00", private=True),
        told("NL-26-1|3", "Voor scholen", "2026-12-04 12:00", school=True),
        told("NL-26-1|4", "Gaat niet door", "2026-12-04 13:00", status="cancellation"),
        told("NL-25-1|5", "Vorig seizoen", "2026-04-04 13:00", season="2025-2026"),
    )
    await stage.connect()
    fetched = await stage.fetch()
    assert (fetched.look.answer, fetched.performances, fetched.added) == (pb.LOOK_ANSWER_TOLD, 7, 0)
    await stage.make(
        a_show("prf_1", "De storm", "2026-12-04 20:15", code="STORM-1"),
        a_show("prf_2", "De storm", "2026-12-05 20:00", code="STORM-2"),
    )

    assert await stage.count() == 2
    assert await stage.count(with_others=True) == 6
    assert await stage.count(with_others=True, season=2025) == 7
    first, second = await stage.lines(page_size=1)
    shown = first.performance
    assert (shown.title, shown.date, shown.time, shown.number) == ("De Storm", "2026-12-04", "20:15", NUMBER)
    assert shown.production == "NL-26-0412-77"
    assert [one.performance.code for one in first.suggestions] == ["STORM-1"]
    assert first.suggestions[0].is_clear
    assert [one.oddity for one in second.suggestions[0].alerts] == [
        pb.ODDITY_TIME_DIFFERS,
        pb.ODDITY_HALL_NOT_MAPPED,
    ]

    accepted = await stage.accept(NUMBER, code="STORM-1")
    assert (accepted.unlinked, accepted.link.performance.performance_id) == (1, "prf_1")
    again = await stage.accept(NUMBER, performance_id="prf_1")
    assert (again.unlinked, again.link.linked_at) == (1, accepted.link.linked_at)
    assert [one.performance.number for one in await stage.lines()] == [SECOND]
    assert [one.number for one in await stage.links()] == [NUMBER]

    unlinked = await stage.stub.Unlink(pb.UnlinkRequest(house_id=HOUSE, number=NUMBER, reason="the wrong one"))
    assert unlinked.unlinked == 2 == await stage.count()
    assert (
        await refusal(stage.stub.Unlink(pb.UnlinkRequest(house_id=HOUSE, number=NUMBER)))
    ).reason == "LINK_NOT_FOUND"
    acts = await stage.acts()
    assert [acts.count(one) for one in ("link.accepted", "link.removed", "connection.set")] == [1, 1, 1]


async def test_r0_9_r0_11_what_is_linked_already_unknown_or_another_house_s_is_refused_by_its_name(
    stage: LinksStage,
) -> None:
    await stage.enter(told(NUMBER, "De Storm", "2026-12-04 20:15"), told(SECOND, "De Storm", "2026-12-05 20:15"))
    # Two houses of one theatre: the same number is linked in each (R0.11 is of one house).
    for house_id in (HOUSE, OTHER):
        await stage.connect(house_id)
        await stage.fetch(house_id)
    theirs = a_show("prf_9", "De storm", "2026-12-04 20:15", house_id=OTHER, code="STORM-1")
    await stage.make(a_show("prf_1", "De storm", "2026-12-04 20:15", code="STORM-1"), theirs)
    # Its event is still on its way: the catalogue is asked.
    new = a_show("prf_2", "De storm", "2026-12-05 20:15", code="STORM-2")
    await stage.make(new, is_heard=False)
    await stage.accept(NUMBER, code="STORM-1")
    assert (await stage.accept(NUMBER, OTHER, code="STORM-1")).link.performance.performance_id == "prf_9"

    taken = await refusal(stage.accept(NUMBER, performance_id="prf_2"))
    assert (taken.reason, taken.facts["performance_id"], taken.facts["code"]) == ("NUMBER_LINKED", "prf_1", "STORM-1")
    busy = await refusal(stage.accept(SECOND, code="STORM-1"))
    assert (busy.reason, busy.facts["number"], busy.facts["performance_id"]) == ("PERFORMANCE_LINKED", NUMBER, "prf_1")
    for picked, reason in (
        ({"performance_id": "prf_9"}, "PERFORMANCE_NOT_FOUND"),
        ({"performance_id": "prf_0"}, "PERFORMANCE_NOT_FOUND"),
        ({"code": "NONE"}, "CODE_UNKNOWN"),
    ):
        assert (await refusal(stage.accept(SECOND, **picked))).reason == reason
    assert (await refusal(stage.accept("NL-0|0", performance_id="prf_2"))).reason == "NUMBER_NOT_FOUND"

    pairs = [
        pb.LinkPair(number=SECOND, performance_id="prf_2"),
        pb.LinkPair(number=NUMBER, performance_id="prf_8"),
        pb.LinkPair(number="NL-0|0", performance_id="prf_1"),
    ]
    many = await stage.stub.AcceptLinks(pb.AcceptLinksRequest(house_id=HOUSE, pairs=pairs))
    assert [one.number for one in many.links] == [SECOND]
    assert [one.reason for one in many.refused] == ["PERFORMANCE_NOT_FOUND", "NUMBER_NOT_FOUND"]
    assert (many.unlinked, await stage.count(OTHER)) == (0, 1)
    assert await stage.rows("SELECT house_id, number, performance_id FROM links ORDER BY 1, 2") == [
        (HOUSE, NUMBER, "prf_1"),
        (HOUSE, SECOND, "prf_2"),
        (OTHER, NUMBER, "prf_9"),
    ]
    assert [check for check in await stage.audit() if check.violations] == []
    # The control: a link that nobody could have made is found.
    await stage.rows("UPDATE links SET performance_id = 'prf_9' WHERE number = '" + SECOND + "'")
    assert [check.name for check in await stage.audit() if check.violations] == [
        "each link is of a performance of its own house"
    ]


async def test_r0_11_who_links_the_same_number_at_once_is_told_who_was_first(stage: LinksStage) -> None:
    await stage.enter(told(NUMBER, "De Storm", "2026-12-04 20:15"))
    await stage.connect()
    await stage.fetch()
    shows = [a_show(f"prf_{n}", "De storm", "2026-12-04 20:15") for n in range(6)]
    await stage.make(*shows)
    asked = [stage.accept(NUMBER, performance_id=one.performance_id) for one in shows]
    answers = await asyncio.gather(*asked, return_exceptions=True)
    refused = [refusal_of(one) for one in answers if isinstance(one, grpc.aio.AioRpcError)]
    assert [one.reason for one in refused if one is not None] == ["NUMBER_LINKED"] * 5
    assert len(await stage.links()) == 1


async def test_r0_8_r0_11_warnings_are_told_before_and_after_and_keep_nobody_from_linking(stage: LinksStage) -> None:
    twin = "NL-26-9|1"
    await stage.enter(
        told(NUMBER, "De Storm", "2026-12-04 20:15", amount_rank1=300, amount_rank2=120),
        told(twin, "Een ander", "2026-12-04 20:15"),
    )
    await stage.connect()
    await stage.fetch()
    await stage.make(a_show("prf_1", "De storm", "2026-12-04 20:15"))
    [line, _] = await stage.lines()
    assert [(one.oddity, one.detail) for one in line.alerts] == [
        (pb.ODDITY_SAME_TIME_AND_PLACE, f"{twin} in Grote zaal")
    ]
    accepted = await stage.accept(NUMBER, performance_id="prf_1")
    assert [one.oddity for one in accepted.link.alerts] == [
        pb.ODDITY_SAME_TIME_AND_PLACE,
        pb.ODDITY_HALL_NOT_MAPPED,
        pb.ODDITY_CAPACITY_DIFFERS,
    ]
    assert accepted.link.alerts[2].detail == "420 there, 400 here"

    hall = pb.HallMapping(hall_id="hal_1", theatre_id="t1", location="Grote zaal")
    await stage.map_hall(hall, ["theatre_id", "location"])
    # Cancelled and moved there, on sale here.
    await stage.enter(told(NUMBER, "De Storm", "2026-12-05 20:15", status="cancellation"))
    assert (await stage.fetch()).changed == 1
    [link] = await stage.links(only_odd=True)
    assert [(one.oddity, one.detail) for one in link.alerts] == [
        (pb.ODDITY_DATE_DIFFERS, "2026-12-05 there, 2026-12-04 here"),
        (pb.ODDITY_CANCELLED_THERE, "cancelled there, on sale here"),
    ]
    await stage.make(a_show("prf_1", "De storm", "2026-12-05 20:15", state=catalogue.SALE_STATE_CANCELLED))
    assert (await stage.links(only_odd=True), len(await stage.links())) == ([], 1)


async def test_r0_8_many_are_accepted_by_their_clear_suggestions(stage: LinksStage) -> None:
    numbers = [f"NL-26-1|{n:05}" for n in range(3)]
    await stage.enter(*(told(one, f"Voorstelling {n}", f"2026-12-0{n + 1} 20:15") for n, one in enumerate(numbers)))
    await stage.connect()
    await stage.fetch()
    await stage.make(
        a_show("prf_0", "Voorstelling 0", "2026-12-01 20:15"),
        a_show("prf_1", "Voorstelling 1", "2026-12-02 20:15"),
        a_show("prf_2", "Heel iets anders", "2026-12-03 20:15"),
    )
    lines = await stage.lines(least_certainty=90)
    pairs = [
        pb.LinkPair(number=one.performance.number, performance_id=one.suggestions[0].performance.performance_id)
        for one in lines
    ]
    many = await stage.stub.AcceptLinks(pb.AcceptLinksRequest(house_id=HOUSE, pairs=pairs))
    assert ([one.number for one in many.links], many.unlinked) == (numbers[:2], 1)
    left = await stage.stub.ListCandidates(pb.ListCandidatesRequest(house_id=HOUSE, from_date="2026-12-01"))
    assert [one.performance_id for one in left.performances] == ["prf_2"]
    every = await stage.stub.ListCandidates(pb.ListCandidatesRequest(house_id=HOUSE, with_linked=True, text="STELLING"))
    assert [(one.performance_id, one.number) for one in every.performances] == [
        ("prf_0", numbers[0]),
        ("prf_1", numbers[1]),
    ]


async def test_r0_15_times_of_both_nights_are_kept_as_they_were_told(stage: LinksStage) -> None:
    twice, never = "2026-10-25 02:30", "2027-03-28 02:30"
    await stage.enter(told(NUMBER, "Nacht van het theater", twice), told(SECOND, "Nacht van het theater", never))
    await stage.connect()
    await stage.fetch()
    lines = await stage.lines()
    assert [f"{one.performance.date} {one.performance.time}" for one in lines] == [twice, never]
    assert [one.performance.HasField("starts_at") for one in lines] == [True, False]
    assert [[each.oddity for each in one.alerts] for one in lines] == [
        [pb.ODDITY_TIME_DOUBLED],
        [pb.ODDITY_TIME_SKIPPED],
    ]
