"""What a look at the platform's list changes of what is kept."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, time

from services.integrations.podiumkunst.domain.connection import Connection
from services.integrations.podiumkunst.domain.platform import PlatformList, PlatformPerformance, Theatre
from services.integrations.podiumkunst.handlers.platform_lists import news_of
from services.integrations.podiumkunst.ports.transaction import Listed

EVERY_THEATRE = Connection("hse_1")


def one(number: str, theatre_id: str = "t1") -> PlatformPerformance:
    return PlatformPerformance(
        number=number,
        title="De Storm",
        performer="",
        theatre=Theatre(theatre_id, "De Kring"),
        location="",
        day=date(2026, 12, 4),
        at=time(20, 15),
        season="",
        status="agreed",
        kind="normal",
    )


def test_what_is_as_it_was_is_not_written_again() -> None:
    kept = {"A|1": Listed(one("A|1"))}
    news = news_of(kept, PlatformList([one("A|1")]), EVERY_THEATRE)
    assert (news.to_keep, news.added, news.gone) == ([], 0, [])


def test_new_changed_returned_and_gone_ones_are_told_apart() -> None:
    kept = {
        "A|1": Listed(one("A|1")),
        "A|2": Listed(one("A|2")),
        "A|3": Listed(one("A|3"), gone_at_ms=1),
    }
    changed = replace(one("A|1"), status="cancellation")
    news = news_of(kept, PlatformList([changed, one("A|3"), one("A|4")]), EVERY_THEATRE)
    assert [each.number for each in news.to_keep] == ["A|1", "A|3", "A|4"]
    assert (news.added, news.gone) == (2, ["A|2"])


def test_while_an_entry_cannot_be_read_nothing_is_taken_for_gone() -> None:
    kept = {"A|1": Listed(one("A|1")), "A|2": Listed(one("A|2"))}
    news = news_of(kept, PlatformList([one("A|1"), one("A|9")], unreadable=1), EVERY_THEATRE)
    assert (news.gone, news.added) == ([], 1)


def test_of_an_account_with_several_houses_theatres_only_the_house_s_are_kept() -> None:
    mine = replace(EVERY_THEATRE, theatre_ids=("t1",))
    news = news_of({"B|1": Listed(one("B|1", "t2"))}, PlatformList([one("A|1"), one("B|1", "t2")]), mine)
    assert ([each.number for each in news.to_keep], news.gone) == (["A|1"], ["B|1"])
