"""R1.12, R3.21: when a performance is over by the house's clock, also in the nights whose clocks are changed."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from services.reporting.domain.settlement_obstacles import ObstacleKind, UnderWay, obstacles, over_at_ms
from services.reporting.domain.settlement_sales import OfficeCount

ZONE = "Europe/Amsterdam"


def at(text: str, fold: int = 0) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(ZONE), fold=fold).timestamp() * 1000)


@pytest.mark.parametrize(
    ("starts", "over"),
    [
        ("2027-02-01 14:00", "2027-02-02 00:00"),
        # A late show is given its four hours.
        ("2027-02-01 23:00", "2027-02-02 03:00"),
        # The nights in which clocks are put forward (28 March) and back (31 October).
        ("2027-03-27 20:00", "2027-03-28 00:00"),
        ("2027-10-30 20:00", "2027-10-31 00:00"),
    ],
)
def test_r3_21_without_an_end_it_is_over_when_the_houses_next_day_begins(starts: str, over: str) -> None:
    assert over_at_ms(ZONE, at(starts), None) == at(over)


def test_r3_21_hours_of_a_late_show_are_elapsed_ones() -> None:
    # 23:00 and four hours: the clock shows 04:00 where it skipped one, and 02:00 again where it showed one twice.
    assert over_at_ms(ZONE, at("2027-03-27 23:00"), None) == at("2027-03-28 04:00")
    assert over_at_ms(ZONE, at("2027-10-30 23:00"), None) == at("2027-10-31 02:00", fold=1)


def test_r3_21_an_end_that_was_said_counts_alone() -> None:
    assert over_at_ms(ZONE, at("2027-02-01 20:00"), at("2027-02-01 21:30")) == at("2027-02-01 21:30")


def test_r1_12_every_allotment_is_to_be_closed_also_one_with_nothing_open() -> None:
    opened = OfficeCount("a1", "o1", 8, 5, 3, 0, is_closed=False)
    closed = OfficeCount("a2", "o1", 8, 5, 3, 0, is_closed=True)
    found = obstacles(10, 5, [opened, closed], UnderWay(), has_deal=True)
    assert [(one.kind, one.thing_id) for one in found] == [(ObstacleKind.ALLOTMENT_OPEN, "a1")]
    assert obstacles(10, 5, [closed], UnderWay(), has_deal=True) == ()


def test_r3_21_a_cancelled_performance_waits_for_no_end() -> None:
    assert [one.kind for one in obstacles(4, 5, (), UnderWay(), has_deal=True)] == [ObstacleKind.NOT_OVER]
    assert obstacles(4, None, (), UnderWay(), has_deal=True) == ()
