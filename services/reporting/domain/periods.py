"""Days of a house's calendar, from the moment at which somebody asks: both nights of daylight saving included."""

from __future__ import annotations

from datetime import date, timedelta
from typing import assert_never

from services.contracts.house_time import day_begins_ms, local_of
from services.reporting.domain.report_kinds import Period


def span_of(period: Period, zone: str, now_ms: int) -> tuple[int, int]:
    """Where the days begin and where the day after them begins, in unix milliseconds."""
    first, after = _days(period, local_of(zone, now_ms).date())
    return day_begins_ms(zone, first), day_begins_ms(zone, after)


def _days(period: Period, today: date) -> tuple[date, date]:
    day = timedelta(days=1)
    monday = today - today.weekday() * day
    first_of_month = today.replace(day=1)
    match period:
        case Period.TODAY:
            return today, today + day
        case Period.YESTERDAY:
            return today - day, today
        case Period.THIS_WEEK:
            return monday, monday + 7 * day
        case Period.LAST_WEEK:
            return monday - 7 * day, monday
        case Period.LAST_7_DAYS:
            return today - 6 * day, today + day
        case Period.LAST_14_DAYS:
            return today - 13 * day, today + day
        case Period.THIS_MONTH:
            return first_of_month, (first_of_month + 31 * day).replace(day=1)
        case Period.LAST_MONTH:
            return (first_of_month - day).replace(day=1), first_of_month
        case _:
            assert_never(period)
