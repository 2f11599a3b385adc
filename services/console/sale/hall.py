"""The hall as a buyer sees it: rows of neighbours, and the choice of seats on a map. Pure; randomness is passed in."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import hypot
from random import Random  # noqa: TID251 (the type only; services.runtime.ids makes them)
from statistics import median

FREE = 1  # the value of balcon.types.v1.SEAT_STATE_FREE
# Wider than this many usual seat distances is an aisle: nobody calls those two neighbours.
_AISLE = 1.7
# A buyer compares so many places before taking one; more, and everybody wants the same seats.
_COMPARED = 6


@dataclass(frozen=True, slots=True)
class Place:
    """A seat of the plan; x and y in the drawing's own units."""

    seat_id: str
    zone: str
    row: str
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Hall:
    """`seat_ids` and `points` are in the plan's order; `runs` are seats side by side, as indexes of that order."""

    seat_ids: tuple[str, ...]
    points: tuple[tuple[float, float], ...]
    runs: tuple[tuple[int, ...], ...]


def hall_of(places: Sequence[Place]) -> Hall:
    """Groups the plan's seats into runs of neighbours; positions are scaled to 0..1 of the drawing."""
    rows: dict[tuple[str, str], list[int]] = defaultdict(list)
    for index, place in enumerate(places):
        rows[place.zone, place.row].append(index)
    runs: list[tuple[int, ...]] = []
    for row in rows.values():
        runs.extend(_runs_of(sorted(row, key=lambda index: (places[index].x, places[index].y)), places))
    return Hall(tuple(place.seat_id for place in places), _scaled(places), tuple(runs))


def _runs_of(row: list[int], places: Sequence[Place]) -> list[tuple[int, ...]]:
    gaps = [_distance(places[a], places[b]) for a, b in pairwise(row)]
    usual = median(gaps) if gaps else 0.0
    runs, current = [], row[:1]
    for gap, index in zip(gaps, row[1:], strict=True):
        if gap > usual * _AISLE:
            runs.append(tuple(current))
            current = []
        current.append(index)
    return [*runs, tuple(current)]


def _distance(a: Place, b: Place) -> float:
    return hypot(a.x - b.x, a.y - b.y)


def _scaled(places: Sequence[Place]) -> tuple[tuple[float, float], ...]:
    left, top = min(place.x for place in places), min(place.y for place in places)
    width = max(place.x for place in places) - left or 1.0
    height = max(place.y for place in places) - top or 1.0
    return tuple(((place.x - left) / width, (place.y - top) / height) for place in places)


def adjacent_choices(hall: Hall, states: Sequence[int], size: int) -> list[tuple[int, ...]]:
    """Every `size` free seats side by side."""
    choices = []
    for run in hall.runs:
        free_since = 0
        for position, seat in enumerate(run):
            if states[seat] != FREE:
                free_since = position + 1
            elif position + 1 - free_since >= size:
                choices.append(run[position + 1 - size : position + 1])
    return choices


def choose_seats(
    hall: Hall, states: Sequence[int], size: int, focus: tuple[float, float], random: Random
) -> tuple[int, ...]:
    """`size` free seats: side by side if there are any, else those nearest to `focus`; () when fewer are free."""
    if states.count(FREE) < size:
        return ()
    choices = adjacent_choices(hall, states, size)
    if choices:
        compared = random.sample(choices, min(_COMPARED, len(choices)))
        return min(compared, key=lambda seats: _from(hall, seats[0], focus))
    free = [index for index, state in enumerate(states) if state == FREE]
    return tuple(sorted(sorted(free, key=lambda index: _from(hall, index, focus))[:size]))


def _from(hall: Hall, index: int, focus: tuple[float, float]) -> float:
    x, y = hall.points[index]
    return (x - focus[0]) ** 2 + (y - focus[1]) ** 2
