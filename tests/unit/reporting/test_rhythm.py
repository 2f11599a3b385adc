"""When reports are due (R3.10): both nights of daylight saving; in a year of any zone nothing is lost or doubled."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import takewhile
from typing import Final
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.contracts.house_time import NoSuchLocalTime, local_instant, local_of
from services.reporting.domain.rhythm import MISSED_TOLD_MS, Rhythm, due_since, moments, refused_times, refused_weekdays

AMSTERDAM, SANTIAGO, CAIRO = "Europe/Amsterdam", "America/Santiago", "Africa/Cairo"
EVERY_DAY: Final = tuple(range(1, 8))
DAY_MS = 86_400_000
# Half hours, whole and odd offsets, midnight changes, the southern half, a zone that moved its offset for good.
ZONES = (
    AMSTERDAM, SANTIAGO, CAIRO, "America/New_York", "Australia/Lord_Howe", "Asia/Beirut", "Asia/Kathmandu",
    "Atlantic/Azores", "America/Havana", "America/Asuncion", "Africa/Casablanca", "Pacific/Apia", "UTC",
)  # fmt: skip


def ms(text: str) -> int:
    """Of an instant with its offset."""
    return int(datetime.fromisoformat(text).timestamp() * 1000)


def between(rhythm: Rhythm, zone: str, first: str, last: str) -> list[str]:
    """As a clock of the zone shows them, with its offset."""
    found = takewhile(lambda moment: moment < ms(last), moments(rhythm, zone, ms(first)))
    return [datetime.fromtimestamp(moment / 1000, ZoneInfo(zone)).isoformat(timespec="minutes") for moment in found]


def test_r3_10_monday_and_thursday_at_half_past_seven() -> None:
    told = between(Rhythm((1, 4), ("07:30",)), AMSTERDAM, "2026-11-30T00:00+01:00", "2026-12-08T00:00+01:00")
    assert told == ["2026-11-30T07:30+01:00", "2026-12-03T07:30+01:00", "2026-12-07T07:30+01:00"]


def test_r3_10_the_hour_that_is_skipped_is_due_at_the_next_valid_moment() -> None:
    told = between(Rhythm(EVERY_DAY, ("02:30",)), AMSTERDAM, "2026-03-28T00:00+01:00", "2026-03-31T00:00+02:00")
    assert told == ["2026-03-28T02:30+01:00", "2026-03-29T03:00+02:00", "2026-03-30T02:30+02:00"]


def test_r3_10_the_hour_that_is_doubled_is_due_once() -> None:
    told = between(Rhythm(EVERY_DAY, ("02:30",)), AMSTERDAM, "2026-10-24T00:00+02:00", "2026-10-27T00:00+01:00")
    assert told == ["2026-10-24T02:30+02:00", "2026-10-25T02:30+02:00", "2026-10-26T02:30+01:00"]


def test_r3_10_where_midnight_is_skipped_it_is_due_at_one_of_the_same_day() -> None:
    told = between(Rhythm((7,), ("00:00",)), SANTIAGO, "2026-08-30T12:00-04:00", "2026-09-14T00:00-03:00")
    assert told == ["2026-09-06T01:00-03:00", "2026-09-13T00:00-03:00"]
    told = between(Rhythm((5,), ("00:00",)), CAIRO, "2026-04-23T12:00+02:00", "2026-04-25T00:00+03:00")
    assert told == ["2026-04-24T01:00+03:00"]


def test_r3_10_where_the_hour_before_midnight_is_doubled_it_is_due_once() -> None:
    told = between(Rhythm((6, 7), ("23:30",)), SANTIAGO, "2026-04-04T12:00-03:00", "2026-04-06T12:00-04:00")
    assert told == ["2026-04-04T23:30-03:00", "2026-04-05T23:30-04:00"]


def test_two_times_that_come_to_one_moment_are_due_once() -> None:
    rhythm = Rhythm(EVERY_DAY, ("02:10", "02:30", "03:00"))
    told = between(rhythm, AMSTERDAM, "2026-03-29T00:00+01:00", "2026-03-30T00:00+02:00")
    assert told == ["2026-03-29T03:00+02:00"]


def test_asked_within_the_second_showing_of_the_hour_the_first_is_past() -> None:
    first = next(moments(Rhythm(EVERY_DAY, ("02:30",)), AMSTERDAM, ms("2026-10-25T02:10+01:00")))
    assert first == ms("2026-10-26T02:30+01:00")


def expected(rhythm: Rhythm, zone: str, after_ms: int, until_ms: int) -> list[int]:
    """Day by day of the calendar, by a way of its own: the wall clock's instant, or where a skipped time ends."""
    found: set[int] = set()
    day = local_of(zone, after_ms).date() - timedelta(1)
    while day <= local_of(zone, until_ms).date():
        if day.isoweekday() in rhythm.weekdays:
            found |= {_instant(zone, day, time.fromisoformat(text)) for text in rhythm.local_times}
        day += timedelta(1)
    return sorted(moment for moment in found if after_ms < moment <= until_ms)


def _instant(zone: str, day: date, at: time) -> int:
    local = datetime.combine(day, at)
    while isinstance(found := local_instant(zone, local, fold=0), NoSuchLocalTime):
        local += timedelta(minutes=1)
    return found


RHYTHMS = st.builds(
    Rhythm,
    st.sets(st.integers(1, 7), min_size=1).map(lambda days: tuple(sorted(days))),
    st.sets(st.times().map(lambda at: at.strftime("%H:%M")), min_size=1, max_size=3).map(
        lambda all_: tuple(sorted(all_))
    ),
)


@given(RHYTHMS, st.sampled_from(ZONES), st.datetimes(datetime(2024, 1, 1), datetime(2030, 1, 1)))  # noqa: DTZ001
def test_over_a_year_of_any_zone_no_moment_is_lost_and_none_comes_twice(
    rhythm: Rhythm, zone: str, begin: datetime
) -> None:
    after_ms = int(begin.replace(tzinfo=UTC).timestamp()) * 1000
    until_ms = after_ms + 366 * DAY_MS
    told = list(takewhile(lambda moment: moment <= until_ms, moments(rhythm, zone, after_ms)))
    assert told == expected(rhythm, zone, after_ms, until_ms)


@given(
    RHYTHMS,
    st.sampled_from(ZONES),
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)),  # noqa: DTZ001
    st.lists(st.integers(1, 200), min_size=1, max_size=12),
)
def test_however_often_somebody_looks_each_moment_is_sent_or_missed_exactly_once(
    rhythm: Rhythm, zone: str, begin: datetime, pauses_in_hours: list[int]
) -> None:
    looked_ms = start_ms = int(begin.replace(tzinfo=UTC).timestamp()) * 1000
    told: list[int] = []
    for hours in pauses_in_hours:
        due = due_since(rhythm, zone, looked_ms, looked_ms + hours * 3_600_000)
        looked_ms += hours * 3_600_000
        told += [*due.missed_ms, *([] if due.now_ms is None else [due.now_ms])]
        assert due.next_ms > looked_ms
        assert due.now_ms is None or due.now_ms > max(due.missed_ms, default=0)
    assert told == expected(rhythm, zone, start_ms, looked_ms)


def test_after_an_absence_the_latest_is_sent_and_those_before_are_missed() -> None:
    rhythm = Rhythm((1, 4), ("07:30",))
    due = due_since(rhythm, AMSTERDAM, ms("2026-11-27T00:00+01:00"), ms("2026-12-08T09:00+01:00"))
    assert due.now_ms == ms("2026-12-07T07:30+01:00")
    assert due.missed_ms == (ms("2026-11-30T07:30+01:00"), ms("2026-12-03T07:30+01:00"))
    assert due.next_ms == ms("2026-12-10T07:30+01:00")


def test_what_is_sent_late_is_never_later_than_a_week_and_old_misses_are_not_told() -> None:
    rhythm, now_ms = Rhythm((1,), ("07:30",)), ms("2026-12-08T09:00+01:00")
    due = due_since(rhythm, AMSTERDAM, now_ms - 1_000 * DAY_MS, now_ms)
    assert due.now_ms is not None
    assert now_ms - due.now_ms <= 7 * DAY_MS
    assert len(due.missed_ms) == 4
    assert min(due.missed_ms) > now_ms - MISSED_TOLD_MS


@pytest.mark.parametrize(
    ("rhythm", "fields"),
    [
        (Rhythm((), ()), ["weekdays", "local_times"]),
        (Rhythm((1, 1), ("07:30",)), ["weekdays"]),
        (
            Rhythm((0, 8), ("7:30", "24:00", "07:30", "07:30")),
            ["weekdays", *(f"local_times[{at}]" for at in (0, 1, 3))],
        ),
        (Rhythm((1,), tuple(f"{hour:02}:00" for hour in range(13))), ["local_times"]),
    ],
)
def test_what_is_no_rhythm_is_refused_by_field(rhythm: Rhythm, fields: list[str]) -> None:
    faults = [*refused_weekdays("weekdays", rhythm.weekdays), *refused_times("local_times", rhythm.local_times)]
    assert [fault.field for fault in faults] == fields
