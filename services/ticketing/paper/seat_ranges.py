"""Seats told shortly: by zone and row, seats that follow each other as a range."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from services.ticketing.paper.documents import Place

RANGE = "\u2013"


@dataclass(frozen=True, slots=True)
class RowOfSeats:
    """The seats of one row, or the places of a standing area, whose row and seats are empty."""

    zone: str
    row: str
    seats: str
    count: int


def rows_of(places: Iterable[Place]) -> list[RowOfSeats]:
    """One for each row, in the order in which rows come first."""
    by_row: dict[tuple[str, str], list[str]] = {}
    for place in places:
        by_row.setdefault((place.zone, place.row), []).append(place.seat)
    return [RowOfSeats(zone, row, _told(seats), len(seats)) for (zone, row), seats in by_row.items()]


def _told(seats: Sequence[str]) -> str:
    named = [seat for seat in seats if seat]
    numbers = sorted(int(seat) for seat in named if _is_number(seat))
    others = [seat for seat in named if not _is_number(seat)]
    return ", ".join([*_ranges(numbers), *others])


def _is_number(seat: str) -> bool:
    # As it is written: 07 is a name of its own.
    return seat.isascii() and seat.isdigit() and str(int(seat)) == seat


def _ranges(numbers: Sequence[int]) -> list[str]:
    found: list[list[int]] = []
    for number in numbers:
        if found and number == found[-1][-1] + 1:
            found[-1].append(number)
        else:
            found.append([number])
    return [_range(run) for run in found]


def _range(run: Sequence[int]) -> str:
    match len(run):
        case 1:
            return str(run[0])
        case 2:
            return f"{run[0]}, {run[1]}"
        case _:
            return f"{run[0]}{RANGE}{run[-1]}"
