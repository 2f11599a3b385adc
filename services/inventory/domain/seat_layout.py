"""The geometry of a seating plan: runs of seats side by side, as bit masks, and how near each is to the stage.

Built once per plan version and shared by all its performances. Bit b of a run's mask is its b-th seat from the left.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, pairwise
from math import hypot
from statistics import median

import msgspec

# Seats of one row further apart than this many of its usual distances have an aisle between them.
AISLE = 1.6


class SeatPlace(msgspec.Struct, frozen=True, gc=False):
    """Where a seat is and what it is. A standing place has a zone and a category and no neighbours."""

    zone: str
    row: str
    category: str
    x: float
    y: float
    accessible: bool = False
    standing: bool = False


class Run(msgspec.Struct, frozen=True):
    """Seats side by side, left to right; or all places of one standing area."""

    zone: str
    standing: bool
    seats: tuple[int, ...]
    masks: dict[str, int]
    accessible: int
    # Sums of the first n seats' distances to the focal point: a window's cost is a difference of two.
    sums: tuple[float, ...]
    nearest: float
    # The bit of the nearest seat.
    centre: int
    x: float
    y: float


class SeatLayout(msgspec.Struct, frozen=True):
    """All runs of a plan, nearest to the focal point first, and where each seat stands: (run, bit)."""

    runs: tuple[Run, ...]
    place_of: tuple[tuple[int, int], ...]
    categories: tuple[str, ...]

    def masks_of(self, seats: Sequence[int]) -> dict[int, int]:
        """The seats as masks by run."""
        masks: dict[int, int] = {}
        for seat in seats:
            run, bit = self.place_of[seat]
            masks[run] = masks.get(run, 0) | bit
        return masks


def lay_out(places: Sequence[SeatPlace], focal_point: tuple[float, float] | None = None) -> SeatLayout:
    """The layout of seats in the plan's order. Without a focal point: the middle of the plan's upper edge."""
    fx, fy = focal_point or _upper_middle(places)
    rows: dict[tuple[bool, str, str], list[int]] = {}
    for seat, place in enumerate(places):
        rows.setdefault((place.standing, place.zone, "" if place.standing else place.row), []).append(seat)
    runs = []
    for (standing, _, _), seats in rows.items():
        parts = [seats] if standing else _split_at_aisles(seats, places)
        runs += [_run(tuple(part), places, fx, fy) for part in parts]
    runs.sort(key=lambda run: (run.nearest, run.seats))
    place_of = [(0, 0)] * len(places)
    for number, run in enumerate(runs):
        for bit, seat in enumerate(run.seats):
            place_of[seat] = (number, 1 << bit)
    categories = tuple(dict.fromkeys(place.category for place in places))
    return SeatLayout(tuple(runs), tuple(place_of), categories)


def one_row(capacity: int) -> SeatLayout:
    """A hall of which nothing is known but the number of its seats: one row without aisles."""
    return lay_out([SeatPlace("", "", "", float(number), 0.0) for number in range(capacity)], (capacity / 2, 0.0))


def _upper_middle(places: Sequence[SeatPlace]) -> tuple[float, float]:
    if not places:
        return 0.0, 0.0
    xs = [place.x for place in places]
    return (min(xs) + max(xs)) / 2, min(place.y for place in places)


def _split_at_aisles(seats: Sequence[int], places: Sequence[SeatPlace]) -> list[list[int]]:
    ordered = sorted(seats, key=lambda seat: (places[seat].x, places[seat].y))
    gaps = [
        hypot(places[right].x - places[left].x, places[right].y - places[left].y) for left, right in pairwise(ordered)
    ]
    usual = median(gaps) if gaps else 0.0
    runs = [[ordered[0]]]
    for seat, gap in zip(ordered[1:], gaps, strict=True):
        if gap > usual * AISLE:
            runs.append([])
        runs[-1].append(seat)
    return runs


def _run(seats: tuple[int, ...], places: Sequence[SeatPlace], fx: float, fy: float) -> Run:
    costs = [hypot(places[seat].x - fx, places[seat].y - fy) for seat in seats]
    masks: dict[str, int] = {}
    accessible = 0
    for bit, seat in enumerate(seats):
        masks[places[seat].category] = masks.get(places[seat].category, 0) | 1 << bit
        accessible |= places[seat].accessible << bit
    return Run(
        zone=places[seats[0]].zone,
        standing=places[seats[0]].standing,
        seats=seats,
        masks=masks,
        accessible=accessible,
        sums=tuple(accumulate(costs, initial=0.0)),
        nearest=min(costs),
        centre=costs.index(min(costs)),
        x=sum(places[seat].x for seat in seats) / len(seats),
        y=sum(places[seat].y for seat in seats) / len(seats),
    )
