"""Who sits beside whom in a row: the lines that its seats stand in, by their places and not by the order of the plan.

Most rows are one line. A row along both sides of a table is two: nobody sits beside the person opposite.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from math import atan2, cos, dist, hypot, inf, pi, sin
from statistics import fmean, median

Point = tuple[float, float]

# Cosines: of steps apart by more than 60, and by more than 120 degrees.
_TURNED, _TURNED_BACK = 0.5, -0.51
# Whoever is further off the row's direction than 65 degrees is not beside: this far across for each step along.
_ACROSS = 2.14
# The same for 30 degrees.
_ASLANT = 0.577
# Longer rows than this are several ones without names, which stand as the plan has them.
_LONGEST = 2_000
# Lines whose seats are nearer to each other than so much of what the others' are, are the lines that people sit in.
_CLEARLY = 0.9
# Of a round table: how unlike the distances from its middle, and the angles between its seats, may be.
_ROUND = 0.1
# Nearest seats agree on a direction when so much of them is left, added up as double angles.
_AGREED = 0.3


def lines_of(row: Sequence[Point], *, is_named: bool) -> list[Sequence[int]]:
    """Positions in `row`, in lines: each seat is beside those before and after it, unless an aisle is between."""
    line, turns = _one_line(row)
    # Most rows do not turn at all.
    turned_back = _turned_back(_steps(row, line)) if turns and len(row) <= _LONGEST else 0
    if not turned_back:
        return [line]
    around = _around(row)
    if around is not None:
        return [around]
    sides = _sides(row, is_named=is_named)
    return sides if sum(_turned_back(_steps(row, side)) for side in sides) < turned_back else [line]


def _one_line(row: Sequence[Point]) -> tuple[Sequence[int], int]:
    """The seats along the row's longer axis, or as the plan has them where that turns less often; and how often.

    The second is true of rows that bend back, and of several rows that share a name or have none.
    """
    xs, ys = [x for x, _ in row], [y for _, y in row]
    is_wide = max(xs) - min(xs) >= max(ys) - min(ys)
    listed = range(len(row))
    along = sorted(listed, key=row.__getitem__ if is_wide else list(zip(ys, xs, strict=True)).__getitem__)
    turns = _turns(_steps(row, along))
    if turns:
        as_listed = _turns(_steps(row, listed))
        if as_listed < turns:
            return listed, as_listed
    return along, turns


def _steps(row: Sequence[Point], line: Sequence[int]) -> list[Point]:
    return [(u - x, v - y) for (x, y), (u, v) in pairwise([row[at] for at in line])]


def _is_off(first: Point, second: Point, cosine: float) -> bool:
    (a, b), (c, d) = first, second
    return a * c + b * d < hypot(a, b) * hypot(c, d) * cosine


def _turns(steps: Sequence[Point]) -> int:
    """How often one goes off by more than 60 degrees on the way along the line."""
    # Not by _is_off(): every seat of every plan comes by here.
    return sum(a * c + b * d < hypot(a, b) * hypot(c, d) * _TURNED for (a, b), (c, d) in pairwise(steps))


def _turned_back(steps: Sequence[Point]) -> int:
    """How often one goes back to where one came from: at once, or after a step aside as around the end of a table.

    A row in zigzag turns at every seat and never does; nor does a bench that goes around a corner.
    """
    at_once = sum(_is_off(first, second, _TURNED_BACK) for first, second in pairwise(steps))
    around_an_end = sum(
        _is_off(first, last, _TURNED_BACK) and _is_off(first, aside, _TURNED) and _is_off(aside, last, _TURNED)
        for first, aside, last in zip(steps, steps[1:], steps[2:], strict=False)
    )
    return at_once + around_an_end


def _around(row: Sequence[Point]) -> Sequence[int] | None:
    """The seats of a round table one after the other; None if they do not stand around one.

    They begin after the widest gap, where the table may be open to the stage, or with the first if all are alike.
    """
    middle = _middle_of_circle(row)
    if middle is None:
        return None
    radii = [dist(point, middle) for point in row]
    angles = [atan2(y - middle[1], x - middle[0]) for x, y in row]
    order = sorted(range(len(row)), key=angles.__getitem__)
    gaps = [(angles[right] - angles[left]) % (2 * pi) for left, right in zip(order, order[1:] + order[:1], strict=True)]
    widest = max(gaps)
    others = sorted(gaps)[:-1]
    if max(radii) - min(radii) > _ROUND * fmean(radii) or others[-1] - others[0] > _ROUND * fmean(others):
        return None
    first = order.index(0) if widest <= (1 + _ROUND) * others[-1] else gaps.index(widest) + 1
    return order[first:] + order[:first]


def _middle_of_circle(row: Sequence[Point]) -> Point | None:
    """Of the circle that fits the places best (least squares); None: they stand on a line."""
    mx, my = fmean(x for x, _ in row), fmean(y for _, y in row)
    places = [(x - mx, y - my) for x, y in row]
    xx, yy, xy = (sum(terms) for terms in zip(*((x * x, y * y, x * y) for x, y in places), strict=True))
    right = sum(x * (x * x + y * y) for x, y in places) / 2
    below = sum(y * (x * x + y * y) for x, y in places) / 2
    flat = xx * yy - xy * xy
    if flat <= 1e-9 * (xx + yy) ** 2:
        return None
    return mx + (right * yy - below * xy) / flat, my + (below * xx - right * xy) / flat


def _sides(row: Sequence[Point], *, is_named: bool) -> list[Sequence[int]]:
    """The lines along the direction in which the seats are nearest to each other, or at its right angle."""
    direction = _direction(row)
    along, across = (_linked(row, angle) for angle in (direction, direction + pi / 2))
    if _usual_step(row, along) < _CLEARLY * _usual_step(row, across):
        return along
    # As near that way as this. A row is longer than it is wide; where it is not or has no name, the plan's order tells.
    if is_named and _length(row, direction) > _length(row, direction + pi / 2) / _CLEARLY:
        return along
    if is_named and _length(row, direction) < _length(row, direction + pi / 2) * _CLEARLY:
        return across
    return across if _as_listed(across) > _as_listed(along) else along


def _direction(row: Sequence[Point]) -> float:
    """Where most seats have their nearest one, if that is one direction; else the row's longer axis. As an angle."""
    c = s = total = 0.0
    for dx, dy in _to_the_nearest(row):
        weight = 1 / (dx**2 + dy**2)
        angle = 2 * atan2(dy, dx)
        c, s, total = c + weight * cos(angle), s + weight * sin(angle), total + weight
    if hypot(c, s) < _AGREED * total:
        mx, my = fmean(x for x, _ in row), fmean(y for _, y in row)
        c = sum((x - mx) ** 2 - (y - my) ** 2 for x, y in row)
        s = sum(2 * (x - mx) * (y - my) for x, y in row)
    return atan2(s, c) / 2


def _to_the_nearest(row: Sequence[Point]) -> Iterator[Point]:
    """From each place to the nearest other one."""
    order = sorted(set(row))
    for position, (x, y) in enumerate(order):
        step, nearest = (0.0, 0.0), inf
        for others in (order[position + 1 :], order[:position][::-1]):
            for u, v in others:
                if abs(u - x) >= nearest:
                    break
                if hypot(u - x, v - y) < nearest:
                    step, nearest = (u - x, v - y), hypot(u - x, v - y)
        yield step


def _linked(row: Sequence[Point], direction: float) -> list[Sequence[int]]:
    """Lines of seats of which each has the next as its nearest on that side, and the next has it."""
    turned = _turned(row, direction)
    order = sorted(range(len(row)), key=turned.__getitem__)
    following = _nearest_ahead(turned, order)
    preceding = _nearest_ahead([(-along, across) for along, across in turned], order[::-1])
    next_of = {left: right for left, right in following.items() if preceding.get(right) == left}
    lines: list[Sequence[int]] = []
    followers = set(next_of.values())
    for first in (at for at in order if at not in followers):
        line = [first]
        while line[-1] in next_of:
            line.append(next_of[line[-1]])
        lines.append(line)
    lines = _without_leaps(turned, lines)
    return sorted((line if line[0] < line[-1] else line[::-1] for line in lines), key=min)


def _without_leaps(turned: Sequence[Point], lines: Sequence[Sequence[int]]) -> list[Sequence[int]]:
    """The lines, parted where one goes on aslant and further than usual: from the end of one side to the other's."""
    usual = _usual_step(turned, lines)
    parted: list[Sequence[int]] = []
    for line in lines:
        start = 0
        for at, (along, across) in enumerate(_steps(turned, line), 1):
            if abs(across) > _ASLANT * abs(along) and hypot(along, across) * _CLEARLY > usual:
                parted.append(line[start:at])
                start = at
        parted.append(line[start:])
    return parted


def _turned(row: Sequence[Point], direction: float) -> list[Point]:
    c, s = cos(direction), sin(direction)
    return [(x * c + y * s, y * c - x * s) for x, y in row]


def _nearest_ahead(points: Sequence[Point], order: Sequence[int]) -> dict[int, int]:
    """For each seat that has one: the nearest of those ahead of it, in the order of what they are along."""
    found: dict[int, int] = {}
    for position, here in enumerate(order):
        nearest, least = inf, inf
        for there in order[position + 1 :]:
            along, across = points[there][0] - points[here][0], abs(points[there][1] - points[here][1])
            if along > nearest:
                break
            far = hypot(along, across)
            # Of two as near as each other, the one straight ahead.
            if across <= _ACROSS * along and (far < nearest * 0.999 or (far < nearest * 1.001 and across < least)):
                found[here], nearest, least = there, far, across
    return found


def _usual_step(row: Sequence[Point], lines: Iterable[Sequence[int]]) -> float:
    """Between two seats of a line; of lines of one seat each there is none, and no line could be worse."""
    steps = [hypot(*step) for line in lines for step in _steps(row, line)]
    return median(steps) if steps else inf


def _length(row: Sequence[Point], direction: float) -> float:
    along = [point[0] for point in _turned(row, direction)]
    return max(along) - min(along)


def _as_listed(lines: Iterable[Sequence[int]]) -> int:
    return sum(abs(left - right) == 1 for line in lines for left, right in pairwise(line))
