"""What staff should look at before or after they link: told beside the answer, never a refusal. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from services.contracts.house_time import NoSuchLocalTime, local_instant
from services.integrations.podiumkunst.domain.hall_mapping import HallMapping
from services.integrations.podiumkunst.domain.linkable import is_cancelled, is_usual
from services.integrations.podiumkunst.domain.platform import PlatformPerformance
from services.integrations.podiumkunst.domain.show import Show, ShowState


class Oddity(StrEnum):
    """What is odd about a number, or about a number and a performance."""

    # Another number has the same theatre, date and time (R0.11): the provider and the theatre must use the same one.
    SAME_TIME_AND_PLACE = "same_time_and_place"
    # The house's clock never shows that time on that date, or shows it twice.
    TIME_SKIPPED = "time_skipped"
    TIME_DOUBLED = "time_doubled"
    # It is in the platform's list no more.
    GONE = "gone"
    # A montage, private, or for schools.
    UNUSUAL = "unusual"
    DATE_DIFFERS = "date_differs"
    TIME_DIFFERS = "time_differs"
    # Cancelled there and not here; cancelled here and not there.
    CANCELLED_THERE = "cancelled_there"
    CANCELLED_HERE = "cancelled_here"
    HALL_NOT_MAPPED = "hall_not_mapped"
    HALL_DIFFERS = "hall_differs"
    CAPACITY_DIFFERS = "capacity_differs"


@dataclass(frozen=True, slots=True)
class Alert:
    """`detail`: the two values that do not agree, in words."""

    oddity: Oddity
    detail: str = ""


def of_number(
    line: PlatformPerformance, others: Iterable[PlatformPerformance], zone: str, *, is_gone: bool = False
) -> Sequence[Alert]:
    """Of a number by itself. `others`: numbers of the same theatre and day."""
    found = [
        Alert(Oddity.SAME_TIME_AND_PLACE, f"{other.number}{f' in {other.location}' if other.location else ''}")
        for other in others
        if other.number != line.number
        and (other.theatre.theatre_id, other.day, other.at) == (line.theatre.theatre_id, line.day, line.at)
    ]
    if line.at is not None:
        instant = local_instant(zone, line.starts)
        if isinstance(instant, NoSuchLocalTime):
            how = Oddity.TIME_DOUBLED if instant.is_doubled else Oddity.TIME_SKIPPED
            found.append(Alert(how, f"{line.day} {line.at:%H:%M} in {zone}"))
    if is_gone:
        found.append(Alert(Oddity.GONE))
    if not is_usual(line):
        found.append(Alert(Oddity.UNUSUAL, _kind(line)))
    return found


def of_pair(line: PlatformPerformance, show: Show, hall: HallMapping | None, zone: str) -> Sequence[Alert]:
    """Of a number and the performance that it is linked with, or may be."""
    return [*_of_times(line, show, zone), *_of_life(line, show), *_of_hall(line, show, hall)]


def _of_times(line: PlatformPerformance, show: Show, zone: str) -> Iterable[Alert]:
    starts = show.starts(zone)
    if starts.date() != line.day:
        yield Alert(Oddity.DATE_DIFFERS, f"{line.day} there, {starts.date()} here")
    elif line.at is not None and starts.time().replace(second=0) != line.at.replace(second=0):
        yield Alert(Oddity.TIME_DIFFERS, f"{line.at:%H:%M} there, {starts:%H:%M} here")


def _of_life(line: PlatformPerformance, show: Show) -> Iterable[Alert]:
    is_off_here = show.state is ShowState.CANCELLED
    if is_cancelled(line) and not is_off_here:
        yield Alert(Oddity.CANCELLED_THERE, f"cancelled there, {show.state.value.replace('_', ' ')} here")
    if is_off_here and not is_cancelled(line):
        yield Alert(Oddity.CANCELLED_HERE, f"{line.status or 'planned'} there, cancelled here")


def _of_hall(line: PlatformPerformance, show: Show, hall: HallMapping | None) -> Iterable[Alert]:
    if hall is None or not hall.is_mapped:
        yield Alert(Oddity.HALL_NOT_MAPPED, show.hall_id)
    elif hall.theatre_id != line.theatre.theatre_id or _is_another(hall.location, line.location):
        there = f"{line.theatre.theatre_id} {line.location}".strip()
        yield Alert(Oddity.HALL_DIFFERS, f"{there} there, {f'{hall.theatre_id} {hall.location}'.strip()} here")
    seats = sum(line.capacity)
    if seats and show.capacity and seats != show.capacity:
        yield Alert(Oddity.CAPACITY_DIFFERS, f"{seats} there, {show.capacity} here")


def _is_another(one: str, other: str) -> bool:
    return bool(one) and bool(other) and one.casefold() != other.casefold()


def _kind(line: PlatformPerformance) -> str:
    told = [line.kind or "no type"]
    told += ["private"] if line.is_private else []
    told += ["for schools"] if line.is_school else []
    return ", ".join(told)
