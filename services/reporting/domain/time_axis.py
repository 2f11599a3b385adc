"""Minutes, hours, days, weeks and months of a house's clock, none left out: a day without a sale is a day too."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Final

from services.contracts.house_time import NoSuchLocalTime, local_instant
from services.paper.tables import CellKind
from services.reporting.domain.report_kinds import Interval

# Points of an axis that are told one by one; beyond, only those at which something moved.
MOST_POINTS: Final = 400
_STEPS: Final = {
    Interval.MINUTE: timedelta(minutes=1),
    Interval.HOUR: timedelta(hours=1),
    Interval.DAY: timedelta(days=1),
    Interval.WEEK: timedelta(days=7),
}
_CELLS: Final = {
    Interval.MINUTE: CellKind.MOMENT,
    Interval.HOUR: CellKind.MOMENT,
    Interval.DAY: CellKind.DAY,
    Interval.WEEK: CellKind.DAY,
    Interval.MONTH: CellKind.MONTH,
}


def cell_kind(interval: Interval) -> CellKind:
    """How its points are told."""
    return _CELLS[interval]


def point_of(interval: Interval, text: str) -> datetime:
    """Of a figure's value: YYYY-MM-DDThh:mm, YYYY-MM-DDThh, YYYY-MM-DD or YYYY-MM."""
    return datetime.fromisoformat(f"{text}-01" if interval is Interval.MONTH else text)


def point_at(interval: Interval, local: datetime) -> datetime:
    """The point that a local time belongs to."""
    if interval is Interval.MINUTE:
        return local.replace(second=0, microsecond=0)
    if interval is Interval.HOUR:
        return local.replace(minute=0, second=0, microsecond=0)
    day = local.date()
    if interval is Interval.WEEK:
        day -= timedelta(days=day.weekday())
    return datetime.combine(day.replace(day=1) if interval is Interval.MONTH else day, time())


def cell_of(interval: Interval, point: datetime) -> date | datetime:
    """As a cell has it."""
    return point if _CELLS[interval] is CellKind.MOMENT else point.date()


def points(interval: Interval, zone: str, first: datetime, last: datetime) -> list[datetime] | None:
    """All from the first to the last; None where they are more than MOST_POINTS.

    An hour that daylight saving skips is none; one that it doubles is one point, for both.
    """
    found: list[datetime] = []
    for point in _steps(interval, first, last):
        if len(found) == MOST_POINTS:
            return None
        if _CELLS[interval] is not CellKind.MOMENT or _is_shown(zone, point):
            found.append(point)
    return found


def _steps(interval: Interval, first: datetime, last: datetime) -> Iterator[datetime]:
    point = first
    while point <= last:
        yield point
        point = (
            point_at(interval, point + timedelta(days=31)) if interval is Interval.MONTH else point + _STEPS[interval]
        )


def _is_shown(zone: str, point: datetime) -> bool:
    found = local_instant(zone, point)
    return not isinstance(found, NoSuchLocalTime) or found.is_doubled
