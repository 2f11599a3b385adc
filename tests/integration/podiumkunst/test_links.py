"""The linking screen end to end (R0.5 to R0.11), against the strict double of the platform."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from balcon.podiumkunst.v1 import links_service_pb2 as pb

from services.runtime.testing.servers import DatabaseUrl
from tests.integration.podiumkunst.links_stage import HOUSE, LinksStage, a_show, refusal, running_links, told

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
    assert (fetched.look.answer, fetched.performances, fetched.added) == (pb.LOOK_ANSWER_TOLD, 7, 7)
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
