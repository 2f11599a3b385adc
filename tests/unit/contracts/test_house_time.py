"""House time: what daylight saving skips or doubles is refused with its two instants; shifts keep the wall clock."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.contracts.house_time import (
    NoSuchLocalTime,
    calendar_day,
    day_begins_ms,
    local_instant,
    local_of,
    refused_or_instant,
    shifted,
    time_of_day,
)
from services.contracts.instants import instant_text
from services.runtime.errors import FieldInvalid

BERLIN = "Europe/Berlin"
SKIPPED = datetime(2026, 3, 29, 2, 30)  # noqa: DTZ001
DOUBLED = datetime(2026, 10, 25, 2, 30)  # noqa: DTZ001


def at(text: str, zone: str = BERLIN) -> int:
    found = refused_or_instant("starts_at", zone, text)
    assert isinstance(found, int), found
    return found


def test_an_evening_is_one_instant_in_winter_and_in_summer() -> None:
    assert instant_text(at("2026-01-10 20:00")) == "2026-01-10T19:00:00Z"
    assert instant_text(at("2026-07-10T20:00")) == "2026-07-10T18:00:00Z"
    assert local_of(BERLIN, at("2026-07-10 20:00")) == datetime(2026, 7, 10, 20)  # noqa: DTZ001


@pytest.mark.parametrize("fold", [None, 0, 1])
def test_a_skipped_time_is_refused_whatever_the_fold(fold: int | None) -> None:
    refused = local_instant(BERLIN, SKIPPED, fold)
    assert isinstance(refused, NoSuchLocalTime)
    assert not refused.is_doubled
    fault = refused.fault("starts_at")
    assert fault.problem == "is 2026-03-29 02:30, which daylight saving skips in Europe/Berlin"
    assert fault.limit == "2026-03-29T00:30:00Z or 2026-03-29T01:30:00Z"


def test_a_doubled_time_is_refused_unless_the_fold_picks_one() -> None:
    refused = local_instant(BERLIN, DOUBLED)
    assert isinstance(refused, NoSuchLocalTime)
    assert refused.is_doubled
    fault = refused.fault("doors_at")
    assert (fault.field, fault.limit) == ("doors_at", "2026-10-25T00:30:00Z or 2026-10-25T01:30:00Z")
    assert "shows twice" in fault.problem
    assert [local_instant(BERLIN, DOUBLED, fold) for fold in (0, 1)] == [refused.earlier_ms, refused.later_ms]


def test_the_hours_beside_the_change_are_times_like_any_other() -> None:
    for text in ("2026-03-29 01:59", "2026-03-29 03:00", "2026-10-25 01:59", "2026-10-25 03:00"):
        assert isinstance(refused_or_instant("starts_at", BERLIN, text), int)


def test_an_offset_tells_a_doubled_time_apart() -> None:
    assert at("2026-10-25T02:30+02:00") + 3_600_000 == at("2026-10-25T02:30+01:00")
    assert isinstance(refused_or_instant("starts_at", BERLIN, "2026-10-25 02:30"), FieldInvalid)


@pytest.mark.parametrize("text", ["", "tomorrow", "2026-02-30 20:00", "2026-10-25", "20:00", "2026-10-25 25:00"])
def test_what_is_no_local_time_is_refused_with_how_to_write_one(text: str) -> None:
    refused = refused_or_instant("starts_at", BERLIN, text)
    assert isinstance(refused, FieldInvalid)
    assert refused.field == "starts_at"
    assert "YYYY-MM-DD hh:mm" in refused.limit


def test_a_zone_that_changes_by_half_an_hour_has_its_own_gap() -> None:
    refused = local_instant("Australia/Lord_Howe", datetime(2026, 10, 4, 2, 15))  # noqa: DTZ001
    assert isinstance(refused, NoSuchLocalTime)
    assert refused.later_ms - refused.earlier_ms == 1_800_000


def test_a_shift_over_the_change_of_the_clocks_keeps_the_time_on_the_wall() -> None:
    start, doors, new = at("2026-10-20 20:00"), at("2026-10-20 19:30"), at("2026-10-27 20:00")
    moved = shifted(BERLIN, doors, from_ms=start, to_ms=new)
    assert moved == at("2026-10-27 19:30")
    # Seven days and one hour later.
    assert new - start == 7 * 86_400_000 + 3_600_000


def test_a_shift_onto_a_skipped_time_is_refused() -> None:
    start, closes, new = at("2026-03-21 20:00"), at("2026-03-22 02:30"), at("2026-03-28 20:00")
    assert isinstance(shifted(BERLIN, closes, from_ms=start, to_ms=new), NoSuchLocalTime)


@given(
    st.datetimes(datetime(2000, 1, 1), datetime(2099, 1, 1)),  # noqa: DTZ001
    st.sampled_from([BERLIN, "America/New_York", "Asia/Kolkata", "Europe/Dublin", "UTC", "Australia/Lord_Howe"]),
)
def test_a_local_time_is_one_instant_and_back_or_names_two(local: datetime, zone: str) -> None:
    local = local.replace(microsecond=0)
    found = local_instant(zone, local)
    if isinstance(found, int):
        assert local_of(zone, found) == local
        return
    shown = [local_of(zone, ms) for ms in (found.earlier_ms, found.later_ms)]
    assert found.earlier_ms < found.later_ms
    if found.is_doubled:
        assert shown == [local, local]
    else:
        assert shown[0] < local < shown[1]
        assert shown[1] - shown[0] <= timedelta(hours=4)


@pytest.mark.parametrize(
    ("zone", "day", "begins"),
    [
        ("Europe/Berlin", date(2026, 10, 25), "2026-10-24T22:00:00Z"),
        ("Europe/Berlin", date(2026, 10, 26), "2026-10-25T23:00:00Z"),
        # The clocks go from midnight to one.
        ("Africa/Cairo", date(2026, 4, 24), "2026-04-23T22:00:00Z"),
        # From one back to midnight: the day is 25 hours long.
        ("America/Havana", date(2026, 11, 1), "2026-11-01T04:00:00Z"),
    ],
)
def test_a_day_begins_at_midnight_or_where_the_clocks_are_put_to(zone: str, day: date, begins: str) -> None:
    assert instant_text(day_begins_ms(zone, day)) == begins


def test_days_and_times_of_people_are_read_or_are_none() -> None:
    assert calendar_day("2026-10-25") == date(2026, 10, 25)
    assert [calendar_day(text) for text in ("", "20261025", "2026-W43-7", "1999-12-31", "2026-02-30")] == [None] * 5
    assert time_of_day("00:00") == time()
    assert [time_of_day(text) for text in ("", "9:00", "T1000", "24:01", "10:00:00")] == [None] * 5
