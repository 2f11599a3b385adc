"""The geometry of a seating plan: runs of seats side by side, as bit masks, and how near each is to the stage.

Built once per plan version and shared by all its performances. Bit b of a run's mask is its b-th seat from one end.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, pairwise
from math import dist, hypot
from statistics import median

import msgspec

from services.inventory.domain.neighbours import lines_of

# Seats of one row further apart than this many of its usual distances have an aisle between them.
AISLE = 1.6
# Longer runs are cut: no row is that long, and masks of a standing area stay cheap.
MAX_RUN = 512
# Distances are whole thousandths of the plan's unit: sums of them are exact, so that equal costs compare equal.
COST_UNITS = 1_000


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
    """Seats side by side; or places of one standing area."""

    zone: str
    standing: bool
    seats: tuple[int, ...]
    # By category.
    masks: dict[str, int]
    accessible: int
    # Neither standing nor accessible: what anybody may be given, and what the orphan rule looks at.
    regular: int
    points: tuple[tuple[float, float], ...]
    # Sums of the first n seats' distances to the focal point: a window's cost is a difference of two.
    sums: tuple[int, ...]
    nearest: int
    # The cost of a window only grows on both sides of the cheapest one. Not so where a row bends back on itself.
    is_valley: bool
    # The start of the cheapest window by size, found when first asked for.
    cheapest: dict[int, int]
    x: float
    y: float
    # Its name, empty for standing places.
    row: str = ""

    def cost(self, start: int, size: int) -> int:
        """Distance to the focal point, summed over a window."""
        return self.sums[start + size] - self.sums[start]

    def cheapest_start(self, size: int) -> int:
        """Where the cheapest window of all would begin, were every seat free."""
        start = self.cheapest.get(size)
        if start is None:
            sums = self.sums
            start = min(range(len(self.seats) - size + 1), key=lambda at: sums[at + size] - sums[at])
            self.cheapest[size] = start
        return start


class SeatLayout(msgspec.Struct, frozen=True):
    """All runs of a plan, nearest to the focal point first, and where each seat stands.

    Sets of runs are masks too: bit r is run r. Filters by zone and category leave standing areas out.
    """

    runs: tuple[Run, ...]
    run_of: tuple[int, ...]
    # The seat's bit in its run's masks, as a position.
    bit_of: tuple[int, ...]
    # Those that have seats first; the plan may have others.
    categories: tuple[str, ...]
    zones: frozenset[str]
    seated_runs: int
    accessible_runs: int
    runs_of_zone: dict[str, int]
    runs_of_category: dict[str, int]
    standing_runs_of_zone: dict[str, int]
    regular_seats: int

    def masks_of(self, seats: Iterable[int]) -> dict[int, int]:
        """The seats as masks by run."""
        masks: dict[int, int] = {}
        for seat in seats:
            run = self.run_of[seat]
            masks[run] = masks.get(run, 0) | 1 << self.bit_of[seat]
        return masks

    def seated_runs_for(self, categories: Sequence[str], zones: Sequence[str]) -> int:
        """Runs of seats that have any of the categories and any of the zones; empty filters allow all."""
        found = self.seated_runs
        if categories:
            found &= _union(self.runs_of_category, categories)
        if zones:
            found &= _union(self.runs_of_zone, zones)
        return found


def lay_out(
    places: Sequence[SeatPlace], focal_point: tuple[float, float] | None = None, seatless: Sequence[str] = ()
) -> SeatLayout:
    """The layout of seats in the plan's order. Without a focal point: the middle of the plan's upper edge.

    `seatless`: categories of the plan that no seat has.
    """
    focus = focal_point or _upper_middle(places)
    runs = sorted((_run(part, places, focus) for part in _parts(places)), key=lambda run: (run.nearest, run.seats))
    run_of = [0] * len(places)
    bit_of = [0] * len(places)
    of_zone: dict[str, int] = {}
    of_category: dict[str, int] = {}
    standing_of_zone: dict[str, int] = {}
    accessible_runs = 0
    for number, run in enumerate(runs):
        for bit, seat in enumerate(run.seats):
            run_of[seat], bit_of[seat] = number, bit
        by_zone = standing_of_zone if run.standing else of_zone
        by_zone[run.zone] = by_zone.get(run.zone, 0) | 1 << number
        if run.accessible:
            accessible_runs |= 1 << number
        for category in () if run.standing else run.masks:
            of_category[category] = of_category.get(category, 0) | 1 << number
    return SeatLayout(
        runs=tuple(runs),
        run_of=tuple(run_of),
        bit_of=tuple(bit_of),
        categories=tuple(dict.fromkeys([*(place.category for place in places), *seatless])),
        zones=frozenset(run.zone for run in runs),
        seated_runs=sum(1 << number for number, run in enumerate(runs) if not run.standing),
        accessible_runs=accessible_runs,
        runs_of_zone=of_zone,
        runs_of_category=of_category,
        standing_runs_of_zone=standing_of_zone,
        regular_seats=sum(run.regular.bit_count() for run in runs),
    )


def one_row(capacity: int) -> SeatLayout:
    """A hall of which nothing is known but the number of its seats: one row without aisles, cut at MAX_RUN."""
    return lay_out([SeatPlace("", "", "", float(number), 0.0) for number in range(capacity)], (capacity / 2, 0.0))


def bits(mask: int) -> Iterator[int]:
    """Positions of the set bits, lowest first."""
    while mask:
        lowest = mask & -mask
        yield lowest.bit_length() - 1
        mask ^= lowest


def stretches(mask: int) -> Iterator[int]:
    """The mask in parts without gaps, lowest first."""
    while mask:
        rest = mask & (mask + (mask & -mask))
        yield mask ^ rest
        mask = rest


def _union(masks: dict[str, int], names: Iterable[str]) -> int:
    found = 0
    for name in names:
        found |= masks.get(name, 0)
    return found


def _upper_middle(places: Sequence[SeatPlace]) -> tuple[float, float]:
    if not places:
        return 0.0, 0.0
    xs = [place.x for place in places]
    return (min(xs) + max(xs)) / 2, min(place.y for place in places)


def _parts(places: Sequence[SeatPlace]) -> Iterator[Sequence[int]]:
    """The seats of each run: a row between two aisles, or a piece of a standing area."""
    standing: dict[str, list[int]] = {}
    zones: dict[str, dict[str, list[int]]] = {}
    for seat, place in enumerate(places):
        if place.standing:
            standing.setdefault(place.zone, []).append(seat)
        else:
            zones.setdefault(place.zone, {}).setdefault(place.row, []).append(seat)
    parts: list[Sequence[int]] = list(standing.values())
    for rows in zones.values():
        parts += _split_at_aisles([line for row in rows.values() for line in _lines(row, places)], places)
    for part in parts:
        for start in range(0, len(part), MAX_RUN):
            yield part[start : start + MAX_RUN]


def _lines(row: Sequence[int], places: Sequence[SeatPlace]) -> list[Sequence[int]]:
    own = [places[seat] for seat in row]
    lines = lines_of([(place.x, place.y) for place in own], is_named=bool(own[0].row))
    return [[row[at] for at in line] for line in lines]


def _steps(row: Sequence[int], places: Sequence[SeatPlace]) -> list[float]:
    points = [(places[seat].x, places[seat].y) for seat in row]
    return [dist(left, right) for left, right in pairwise(points)]


def _split_at_aisles(rows: Sequence[Sequence[int]], places: Sequence[SeatPlace]) -> list[Sequence[int]]:
    """The lines of one zone in runs. A line of few seats far apart is measured by its zone: two may have an aisle."""
    steps = [_steps(row, places) for row in rows]
    of_zone = [step for row in steps for step in row]
    usual_of_zone = median(of_zone) if of_zone else 0.0
    runs: list[Sequence[int]] = []
    for row, gaps in zip(rows, steps, strict=True):
        widest = AISLE * min(median(gaps), AISLE * usual_of_zone) if gaps else 0.0
        start = 0
        for at, gap in enumerate(gaps, 1):
            if gap > widest:
                runs.append(row[start:at])
                start = at
        runs.append(row[start:])
    return runs


def _run(seats: Sequence[int], places: Sequence[SeatPlace], focus: tuple[float, float]) -> Run:
    own = [places[seat] for seat in seats]
    fx, fy = focus
    costs = [round(hypot(place.x - fx, place.y - fy) * COST_UNITS) for place in own]
    masks: dict[str, int] = {}
    accessible = 0
    for bit, place in enumerate(own):
        masks[place.category] = masks.get(place.category, 0) | 1 << bit
        if place.accessible:
            accessible |= 1 << bit
    standing = own[0].standing
    return Run(
        zone=own[0].zone,
        standing=standing,
        seats=tuple(seats),
        masks=masks,
        accessible=0 if standing else accessible,
        regular=0 if standing else (1 << len(own)) - 1 & ~accessible,
        points=tuple((place.x, place.y) for place in own),
        sums=tuple(accumulate(costs, initial=0)),
        nearest=min(costs),
        is_valley=_is_valley(costs),
        cheapest={},
        x=sum(place.x for place in own) / len(own),
        y=sum(place.y for place in own) / len(own),
        row="" if standing else own[0].row,
    )


def _is_valley(costs: Sequence[int]) -> bool:
    """Whether they fall to a lowest point and rise after it; flat stretches are fine."""
    lowest = costs.index(min(costs))
    return all(left >= right for left, right in pairwise(costs[: lowest + 1])) and all(
        left <= right for left, right in pairwise(costs[lowest:])
    )
