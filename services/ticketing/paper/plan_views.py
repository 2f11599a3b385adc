"""Cuts a hall into pages: all of it first, then closer looks at marked seats until their numbers can be read."""

from __future__ import annotations

import itertools
import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from services.ticketing.paper.documents import DrawnSeat

# Millimetres of a page that seats are drawn on.
AREA_WIDTH: Final = 265.0
AREA_HEIGHT: Final = 142.0
# A number of two figures can be read in a circle of this radius.
READABLE_MM: Final = 1.35
_LARGEST_MM = 3.4
# Of the way to the next seat.
_FILLS = 0.43
MAX_VIEWS: Final = 40


@dataclass(frozen=True, slots=True)
class View:
    """One page: its seats, and where the plan's pixels are on it."""

    seats: tuple[DrawnSeat, ...]
    left: float
    top: float
    scale: float
    radius_mm: float
    # Room that is left beside the drawing.
    shift_x: float
    shift_y: float

    @property
    def is_readable(self) -> bool:
        """Whether the seats' numbers can be read."""
        return self.radius_mm >= READABLE_MM

    def at(self, x: float, y: float) -> tuple[float, float]:
        """A point of the plan, in millimetres from the drawing's upper left corner."""
        return self.shift_x + (x - self.left) * self.scale, self.shift_y + (y - self.top) * self.scale


def views_of(seats: Sequence[DrawnSeat], focal_point: tuple[float, float] | None) -> list[View]:
    """The whole hall, with room for the stage; where its numbers are too small, parts of it that have marked seats."""
    if not seats:
        return []
    pitch = seat_pitch(seats)
    points = [(seat.x, seat.y) for seat in seats]
    whole = _view(seats, [*points, focal_point] if focal_point else points, pitch)
    if whole.is_readable:
        return [whole]
    return [whole, *_closer([seat for seat in seats if seat.is_marked], seats, pitch)][:MAX_VIEWS]


def seat_pitch(seats: Sequence[DrawnSeat]) -> float:
    """How far the nearest seat is, in the plan's pixels, of those that stand close; 1 where there is no other."""
    steps = sorted(
        step for one, other in itertools.pairwise(seats) if (step := math.dist((one.x, one.y), (other.x, other.y))) > 0
    )
    if not steps:
        return 1.0
    guess = steps[len(steps) // 2]
    cells: dict[tuple[int, int], list[DrawnSeat]] = defaultdict(list)
    for seat in seats:
        cells[int(seat.x // guess), int(seat.y // guess)].append(seat)
    # A sample will do, and keeps halls with all seats in one spot from taking for ever.
    sample = seats[:: max(1, len(seats) // 500)]
    nearest = sorted(filter(None, (_nearest(seat, cells, guess) for seat in sample)))
    return nearest[len(nearest) // 20] if nearest else guess


def _nearest(seat: DrawnSeat, cells: dict[tuple[int, int], list[DrawnSeat]], size: float) -> float:
    column, row = int(seat.x // size), int(seat.y // size)
    around = (
        other
        for x in (column - 1, column, column + 1)
        for y in (row - 1, row, row + 1)
        for other in cells.get((x, y), ())[:64]
    )
    steps = (math.dist((seat.x, seat.y), (other.x, other.y)) for other in around)
    return min((step for step in steps if step > 0), default=0.0)


def _closer(marked: Sequence[DrawnSeat], seats: Sequence[DrawnSeat], pitch: float) -> Iterable[View]:
    """Halves of the marked seats' part, and halves of those, until numbers can be read or nothing can be halved."""
    if not marked:
        return
    view = _view_around(marked, seats, pitch)
    xs, ys = {seat.x for seat in marked}, {seat.y for seat in marked}
    if view.is_readable or (len(xs) == 1 and len(ys) == 1):
        yield view
        return
    across = (max(xs) - min(xs)) / AREA_WIDTH >= (max(ys) - min(ys)) / AREA_HEIGHT
    low, high = (min(xs), max(xs)) if across else (min(ys), max(ys))
    middle = (low + high) / 2
    first = [seat for seat in marked if (seat.x if across else seat.y) <= middle]
    last = [seat for seat in marked if (seat.x if across else seat.y) > middle]
    for half in (first, last):
        yield from _closer(half, seats, pitch)


def _view_around(marked: Sequence[DrawnSeat], seats: Sequence[DrawnSeat], pitch: float) -> View:
    """The marked seats and what stands two seats around them."""
    edge = 2.2 * pitch
    left, right = min(seat.x for seat in marked) - edge, max(seat.x for seat in marked) + edge
    top, bottom = min(seat.y for seat in marked) - edge, max(seat.y for seat in marked) + edge
    shown = [seat for seat in seats if left <= seat.x <= right and top <= seat.y <= bottom]
    return _view(shown, [(left, top), (right, bottom)], pitch)


def _view(seats: Sequence[DrawnSeat], points: Sequence[tuple[float, float]], pitch: float) -> View:
    left, right = min(x for x, _ in points) - pitch, max(x for x, _ in points) + pitch
    top, bottom = min(y for _, y in points) - pitch, max(y for _, y in points) + pitch
    most = _LARGEST_MM / (_FILLS * pitch)
    scale = min(AREA_WIDTH / (right - left), AREA_HEIGHT / (bottom - top), most)
    return View(
        seats=tuple(seats),
        left=left,
        top=top,
        scale=scale,
        radius_mm=_FILLS * pitch * scale,
        shift_x=(AREA_WIDTH - (right - left) * scale) / 2,
        shift_y=(AREA_HEIGHT - (bottom - top) * scale) / 2,
    )
