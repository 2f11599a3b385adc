"""What may be linked, what is suggested, what is warned of, and how ranks and views are made up. Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.integrations.podiumkunst.domain.alert import Oddity, of_number, of_pair
from services.integrations.podiumkunst.domain.hall_mapping import (
    CategoryRank,
    HallMapping,
    refused_mapping,
    suggested_ranks,
)
from services.integrations.podiumkunst.domain.linkable import is_linkable, season_of
from services.integrations.podiumkunst.domain.place import item_of_number, number_of_item
from services.integrations.podiumkunst.domain.platform import MAX_NUMBER_CHARS, PlatformPerformance, Theatre, is_number
from services.integrations.podiumkunst.domain.portfolio import Figure, PortfolioView, seen
from services.integrations.podiumkunst.domain.show import Show, ShowState
from services.integrations.podiumkunst.domain.suggestion import certainty_of, suggested, title_likeness
from services.runtime.ids import refused_key

ZONE = "Europe/Amsterdam"
HALL = HallMapping("hal_1", "t1", "Grote zaal")


def a_line(number: str = "NL-1|1", title: str = "De Storm", local: str = "2026-12-04 20:15") -> PlatformPerformance:
    at = datetime.fromisoformat(local)
    return PlatformPerformance(
        number=number,
        title=title,
        performer="",
        theatre=Theatre("t1", "De Kring"),
        location="Grote zaal",
        day=at.date(),
        at=at.time(),
        season="2026-2027",
        status="agreed",
        kind="normal",
    )


def a_show(
    title: str = "De storm", local: str = "2026-12-04 20:15", performance_id: str = "prf_1", fold: int = 0
) -> Show:
    starts = datetime.fromisoformat(local).replace(tzinfo=ZoneInfo(ZONE), fold=fold)
    return Show(
        house_id="hse_1",
        performance_id=performance_id,
        code=performance_id.upper(),
        title=title,
        production_id="prd_1",
        hall_id="hal_1",
        starts_at_ms=int(starts.timestamp() * 1000),
        state=ShowState.ON_SALE,
        capacity=400,
    )


def oddities(line: PlatformPerformance, show: Show, hall: HallMapping | None = HALL) -> list[Oddity]:
    return [one.oddity for one in of_pair(line, show, hall, ZONE)]


@pytest.mark.parametrize("kind", ["normal", "Try-out", "tryout", "Première", "premiere", "Dernière"])
def test_r0_8_the_usual_types_are_linked_however_they_are_spelt(kind: str) -> None:
    assert is_linkable(replace(a_line(), kind=kind))


@pytest.mark.parametrize(
    "change",
    [{"kind": "montage"}, {"kind": ""}, {"is_private": True}, {"is_school": True}, {"status": "cancellation"}],
)
def test_r0_8_a_montage_private_school_and_cancelled_ones_are_not(change: dict[str, str]) -> None:
    assert not is_linkable(replace(a_line(), **change))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("season", "day", "year"),
    [
        ("2026-2027", date(2030, 1, 1), 2026),
        ("seizoen 2026/27", date(2030, 1, 1), 2026),
        ("", date(2026, 7, 31), 2025),
        ("", date(2026, 8, 1), 2026),
        ("20267", date(2026, 8, 1), 2026),
    ],
)
def test_r0_8_a_season_is_what_the_platform_says_else_it_begins_in_august(season: str, day: date, year: int) -> None:
    assert season_of(replace(a_line(), season=season, day=day)) == year


def test_r0_8_the_same_title_date_time_and_hall_are_certain() -> None:
    assert certainty_of(a_line(), a_show(), HALL, ZONE) == 100


def test_r0_8_each_thing_that_differs_takes_certainty_away_and_another_date_all_of_it() -> None:
    exact = certainty_of(a_line(), a_show(), HALL, ZONE)
    less = [
        certainty_of(a_line(), a_show(local="2026-12-04 20:00"), HALL, ZONE),
        certainty_of(a_line(), a_show(local="2026-12-04 14:00"), HALL, ZONE),
        certainty_of(a_line(), a_show(title="Storm op komst"), HALL, ZONE),
        certainty_of(a_line(), a_show(), replace(HALL, location="Kleine zaal"), ZONE),
        certainty_of(a_line(), a_show(), replace(HALL, theatre_id="t2"), ZONE),
        certainty_of(a_line(), a_show(), None, ZONE),
    ]
    assert all(0 < one < exact for one in less), less
    assert certainty_of(a_line(), a_show(local="2026-12-05 20:15"), HALL, ZONE) == 0
    assert certainty_of(a_line(), a_show(title="Notenkraker"), HALL, ZONE) == 0


@pytest.mark.parametrize(
    ("platform", "performer", "ours"),
    [
        ("De Storm", "", "storm"),
        ("Hamlet", "Toneelgroep Zuid", "Toneelgroep Zuid: Hamlet"),
        ("Hamlet", "Toneelgroep Zuid", "Hamlet - Toneelgroep Zuid"),
        ("Één", "", "EEN"),
        ("Notre-Dame de Paris", "", "Notre Dame de Paris (reprise)"),
    ],
)
def test_titles_are_alike_whatever_stands_around_them(platform: str, performer: str, ours: str) -> None:
    assert title_likeness(platform, performer, ours) >= 0.9


@given(st.text(max_size=40), st.text(max_size=40))
def test_likeness_is_the_same_either_way_and_within_its_bounds(one: str, other: str) -> None:
    there = title_likeness(one, "", other)
    assert 0.0 <= there <= 1.0
    assert there == title_likeness(other, "", one)


def test_a_suggestion_is_clear_only_where_nothing_comes_near_it() -> None:
    halls = {"hal_1": HALL}
    alone = suggested([a_line()], [a_show()], halls, ZONE)
    assert [one.is_clear for one in alone["NL-1|1"]] == [True]
    twins = suggested([a_line(), a_line("NL-2|9")], [a_show()], halls, ZONE)
    assert [one.is_clear for likely in twins.values() for one in likely] == [False, False]
    two_shows = [a_show(), a_show(performance_id="prf_2")]
    assert [one.is_clear for one in suggested([a_line()], two_shows, halls, ZONE)["NL-1|1"]] == [False, False]


def test_cancelled_and_archived_performances_are_not_suggested() -> None:
    shows = [replace(a_show(), state=ShowState.CANCELLED), replace(a_show(performance_id="prf_2"), is_archived=True)]
    assert suggested([a_line()], shows, {}, ZONE) == {"NL-1|1": []}


def test_a_day_of_a_thousand_slots_is_suggested_from_by_its_nearest() -> None:
    slots = [a_show("Rondleiding", f"2026-12-04 {n // 60 % 24:02}:{n % 60:02}", f"prf_{n}") for n in range(1_000)]
    [first, *_] = suggested([a_line(title="Rondleiding", local="2026-12-04 09:30")], slots, {}, ZONE)["NL-1|1"]
    assert (first.show.performance_id, first.is_clear) == ("prf_570", False)


def test_what_agrees_is_not_warned_of() -> None:
    assert oddities(replace(a_line(), capacity=(300, 100)), a_show()) == []
    assert of_number(a_line(), [a_line()], ZONE) == []


@pytest.mark.parametrize(
    ("line", "show", "hall", "expected"),
    [
        (a_line(), a_show(local="2026-12-05 20:15"), HALL, Oddity.DATE_DIFFERS),
        (a_line(), a_show(local="2026-12-04 20:00"), HALL, Oddity.TIME_DIFFERS),
        (replace(a_line(), status="cancellation"), a_show(), HALL, Oddity.CANCELLED_THERE),
        (a_line(), replace(a_show(), state=ShowState.CANCELLED), HALL, Oddity.CANCELLED_HERE),
        (a_line(), a_show(), None, Oddity.HALL_NOT_MAPPED),
        (a_line(), a_show(), replace(HALL, theatre_id="t2"), Oddity.HALL_DIFFERS),
        (a_line(), a_show(), replace(HALL, location="Kleine zaal"), Oddity.HALL_DIFFERS),
        (replace(a_line(), capacity=(300, 120)), a_show(), HALL, Oddity.CAPACITY_DIFFERS),
    ],
)
def test_r0_11_each_thing_that_does_not_agree_is_warned_of(
    line: PlatformPerformance, show: Show, hall: HallMapping | None, expected: Oddity
) -> None:
    assert oddities(line, show, hall) == [expected]


def test_r0_11_two_numbers_with_equal_theatre_date_and_time_are_warned_of() -> None:
    twin = a_line("NL-2|9", title="Een andere titel")
    elsewhere = replace(a_line("NL-3|1"), theatre=Theatre("t2", "Elders"))
    later = a_line("NL-4|1", local="2026-12-04 20:30")
    [found] = of_number(a_line(), [a_line(), twin, elsewhere, later], ZONE)
    assert (found.oddity, found.detail) == (Oddity.SAME_TIME_AND_PLACE, "NL-2|9 in Grote zaal")


def test_r0_15_both_nights_of_daylight_saving_are_told_apart_from_the_others() -> None:
    skipped = a_line(local="2027-03-28 02:30")
    doubled = a_line(local="2026-10-25 02:30")
    assert [one.oddity for one in of_number(skipped, [], ZONE)] == [Oddity.TIME_SKIPPED]
    assert [one.oddity for one in of_number(doubled, [], ZONE)] == [Oddity.TIME_DOUBLED]
    # Of a doubled time both are meant, as far as anybody can tell; a skipped one is at no time of ours.
    both = [a_show(local="2026-10-25 02:30", fold=fold) for fold in (0, 1)]
    assert both[0].starts_at_ms + 3_600_000 == both[1].starts_at_ms
    assert [oddities(doubled, one) for one in both] == [[], []]
    assert oddities(skipped, a_show(local="2027-03-28 03:30")) == [Oddity.TIME_DIFFERS]


@pytest.mark.parametrize("local", ["2026-07-01 20:15", "2026-12-01 20:15", "2026-10-25 20:15", "2027-03-28 00:30"])
def test_r0_15_a_time_without_zone_is_the_house_s_in_summer_and_in_winter(local: str) -> None:
    assert oddities(a_line(local=local), a_show(local=local)) == []


def test_a_time_that_was_not_told_is_not_warned_of() -> None:
    assert oddities(replace(a_line(), at=None), a_show()) == []


def test_r0_15_ranks_are_suggested_by_the_order_of_prices_and_may_be_shared() -> None:
    ranks = suggested_ranks({"Balcony": 1_500, "Stalls": 2_500, "Boxes": 2_500})
    assert [(one.category, one.rank) for one in ranks] == [("Boxes", 1), ("Stalls", 1), ("Balcony", 2)]


@given(st.dictionaries(st.text(min_size=1, max_size=5), st.integers(0, 10_000), max_size=30))
def test_r0_15_suggested_ranks_are_1_to_10_and_never_against_the_prices(prices: dict[str, int]) -> None:
    ranks = {one.category: one.rank for one in suggested_ranks(prices)}
    assert ranks.keys() == prices.keys()
    assert all(1 <= rank <= 10 for rank in ranks.values())
    for one, other in [(one, other) for one in prices for other in prices]:
        assert prices[one] > prices[other] or ranks[one] >= ranks[other]


def test_r0_15_what_is_settled_stays_as_it_is() -> None:
    settled = (CategoryRank("Balcony", 1),)
    ranks = suggested_ranks({"Balcony": 1_500, "Stalls": 2_500}, settled)
    assert ranks == (CategoryRank("Balcony", 1), CategoryRank("Stalls", 1))


def test_r0_15_all_faults_of_a_mapping_are_told_at_once() -> None:
    ranks = (CategoryRank("Stalls", 0), CategoryRank("Stalls", 11), CategoryRank("", 5))
    refused = refused_mapping(HallMapping("hal_1", "", "Grote zaal", ranks))
    assert refused is not None
    assert [one.field for one in refused.violations()] == [
        "hall.location",
        "hall.ranks[0].rank",
        "hall.ranks[1].category",
        "hall.ranks[1].rank",
        "hall.ranks[2].category",
    ]
    shared = (CategoryRank("Stalls", 10), CategoryRank("Boxes", 10))
    assert refused_mapping(HallMapping("hal_1", "t1", "", shared)) is None


def figure(theatre: str, province: str, tickets: int, production: str = "NL-1") -> Figure:
    return Figure(production, "De Storm", theatre, theatre, province, province, tickets, tickets * 2_500)


def test_r0_4_the_same_figures_are_seen_nationally_by_region_and_by_theatre() -> None:
    figures = [figure("t1", "NB", 40), figure("t2", "NB", 50), figure("t3", "NH", 10)]
    [national] = seen(figures, PortfolioView.NATIONAL)
    assert (national.tickets, national.recette_minor, national.theatres) == (100, 250_000, 3)
    regions = seen(figures, PortfolioView.REGION)
    assert [(one.province, one.tickets, one.theatres) for one in regions] == [("NB", 90, 2), ("NH", 10, 1)]
    theatres = seen(figures, PortfolioView.THEATRE)
    assert [(one.theatre, one.tickets) for one in theatres] == [("t1", 40), ("t2", 50), ("t3", 10)]


@given(
    st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from(["", "NB", "NH"]), st.integers(0, 500))),
)
def test_r0_4_whatever_the_view_a_production_adds_up_to_the_same(rows: list[tuple[str, str, int]]) -> None:
    figures = [figure(*row) for row in rows]
    sums = {sum(one.tickets for one in seen(figures, view)) for view in PortfolioView}
    assert sums == {sum(row[2] for row in rows)}


@given(st.from_regex(rf"[\x21-\x7e]{{1,{MAX_NUMBER_CHARS}}}", fullmatch=True))
def test_r0_5_a_number_of_any_signs_has_its_place_in_a_list(number: str) -> None:
    assert is_number(number)
    assert refused_key("page_token", item_of_number(number)) is None
    assert number_of_item(item_of_number(number)) == number


@given(st.text(max_size=70))
def test_a_place_that_nobody_made_is_a_place_all_the_same(item: str) -> None:
    assert isinstance(number_of_item(item), str)


def test_times_of_a_line_are_its_wall_time() -> None:
    assert replace(a_line(), at=None).starts == datetime(2026, 12, 4)  # noqa: DTZ001 (a wall time)
    assert a_line().starts.time() == time(20, 15)
