"""Best available (R5.1): side by side with no orphan, else side by side, else close together; nearest the focal point.

Runs come nearest first, and those without room are never looked at, so that the search ends as soon as no later run can
do better.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import dist

import msgspec

from services.inventory.domain.free_seats import FreeDraft, FreeView
from services.inventory.domain.orphans import clean_windows, windows
from services.inventory.domain.quota_rooms import QuotaRooms
from services.inventory.domain.seat_layout import Run, bits, stretches


class SeatGroup(msgspec.Struct, frozen=True, gc=False):
    """Seats wanted together. Empty filters allow every category or zone; standing zones are taken only when named."""

    size: int
    categories: tuple[str, ...] = ()
    zones: tuple[str, ...] = ()
    # How many of them must be accessible seats; those are never taken unless asked for.
    accessible: int = 0


@dataclass(frozen=True, slots=True)
class Alternatives:
    """What would work for the group at `position`, which does not fit.

    `largest_group`: so many side by side, by the same wishes; 0 if none. `categories`: others that have room for it.
    """

    position: int
    largest_group: int
    categories: tuple[str, ...]


Choice = Callable[[FreeView, SeatGroup], list[int] | None]


@dataclass(frozen=True, slots=True)
class _Misfit:
    """The first group that does not fit, and what is free when it is its turn."""

    position: int
    left: FreeDraft
    rooms: QuotaRooms | None


def choose(
    free: FreeView, groups: Sequence[SeatGroup], *, may_split: bool, rooms: QuotaRooms | None = None
) -> tuple[int, ...] | Alternatives:
    """Ascending seat indexes for all the groups, none shared; or what would work for the first that does not fit.
    `rooms`: no more of any quota than there is room for.

    Groups are given the best seats one after the other. Where that fails, the most demanding ones choose first; where
    that fails, they sit as tightly as they can, however far from the focal point.
    """

    def best(left: FreeView, group: SeatGroup) -> list[int] | None:
        return _choose_group(left, group, may_split)

    def tight(left: FreeView, group: SeatGroup) -> list[int] | None:
        return _tight(left, group) or best(left, group)

    in_order = list(enumerate(groups))
    placed = _place(free, in_order, best, rooms)
    if isinstance(placed, tuple):
        return placed
    if len(groups) > 1:
        for demand, choice in ((_by_size, best), (_by_wishes, best), (_by_size, tight), (_by_wishes, tight)):
            again = _place(free, sorted(in_order, key=lambda entry: demand(entry[1])), choice, rooms)
            if isinstance(again, tuple):
                return again
    return _alternatives(placed, groups[placed.position], may_split)


def _by_size(group: SeatGroup) -> tuple[int, ...]:
    return -group.accessible, -group.size


def _by_wishes(group: SeatGroup) -> tuple[int, ...]:
    return -group.accessible, -bool(group.categories or group.zones), -group.size


def _place(
    free: FreeView,
    groups: Iterable[tuple[int, SeatGroup]],
    choice: Choice,
    rooms: QuotaRooms | None,
) -> tuple[int, ...] | _Misfit:
    left = FreeDraft(free)
    rooms = None if rooms is None else rooms.again()
    chosen: list[int] = []
    for position, group in groups:
        seats = choice(left, group) if rooms is None else _within(rooms, left, group, choice)
        if seats is None:
            return _Misfit(position, left, rooms)
        chosen += seats
        left.mark(seats, free=False)
        if rooms is not None:
            rooms.take(seats)
    return tuple(sorted(chosen))


def _within(rooms: QuotaRooms, left: FreeDraft, group: SeatGroup, choice: Choice) -> list[int] | None:
    """R4: the choice that takes no more of a quota than there is room for, as near to the best one as that allows."""
    for closed in rooms.closings(left, group.size, lambda run: _allowed(run, group)):
        left.closed = closed
        seats = choice(left, group)
        if seats is not None and rooms.fit(seats):
            return seats
    return None


def _choose_group(free: FreeView, group: SeatGroup, may_split: bool) -> list[int] | None:
    seats = (
        _standing_places(free, group)
        or _side_by_side(free, group, clean=True)
        or _side_by_side(free, group, clean=False)
    )
    return _close_together(free, group) if seats is None and may_split else seats


def _tight(free: FreeView, group: SeatGroup) -> list[int] | None:
    """One end of the shortest stretch that holds the group, so that the other groups have the long ones."""
    if group.accessible:
        return None
    layout, size = free.layout, group.size
    best: tuple[int, int] | None = None
    found: list[int] | None = None
    for number in bits(free.with_room(size) & layout.seated_runs_for(group.categories, group.zones)):
        run = layout.runs[number]
        for piece in stretches(free.mask(number) & _allowed(run, group) & ~free.closed.get(number, 0)):
            length = piece.bit_count()
            first = (piece & -piece).bit_length() - 1
            for start in (first, first + length - size) if length >= size else ():
                if best is None or (length, run.cost(start, size)) < best:
                    best = (length, run.cost(start, size))
                    found = list(run.seats[start : start + size])
    return found


def _allowed(run: Run, group: SeatGroup) -> int:
    """The seats of the run that the group's wishes allow. Accessible ones beside others only where both are wanted."""
    if not group.accessible:
        mask = run.regular
    elif group.accessible == group.size:
        mask = run.accessible
    else:
        mask = run.regular | run.accessible
    return mask & _of_categories(run, group)


def _of_categories(run: Run, group: SeatGroup) -> int:
    if not group.categories:
        return -1
    found = 0
    for category in group.categories:
        found |= run.masks.get(category, 0)
    return found


def _side_by_side(free: FreeView, group: SeatGroup, *, clean: bool) -> list[int] | None:
    """The cheapest window of all. Equal ones: the run nearest the focal point, then its first."""
    layout, size = free.layout, group.size
    roomy = free.with_clean_room(size) if clean else free.with_room(size)
    runs = layout.accessible_runs if group.accessible else roomy
    runs &= layout.seated_runs_for(group.categories, group.zones)
    best: tuple[int, Run, int] | None = None
    for number in bits(runs):
        run = layout.runs[number]
        if best is not None and run.nearest * size >= best[0]:
            break
        mask = free.mask(number)
        allowed = mask & _allowed(run, group) & ~free.closed.get(number, 0)
        starts = clean_windows(run, mask, allowed, size) if clean else windows(allowed, size)
        if not starts:
            continue
        for start in _worth_a_look(run, starts, group):
            cost = run.cost(start, size)
            if best is None or cost < best[0]:
                best = (cost, run, start)
    return None if best is None else list(best[1].seats[best[2] : best[2] + size])


def _worth_a_look(run: Run, starts: int, group: SeatGroup) -> Iterable[int]:
    """The starts of windows among which the cheapest is: the nearest ones on either side of where it would be."""
    size = group.size
    if group.accessible:
        window = (1 << size) - 1
        return [s for s in bits(starts) if (run.accessible >> s & window).bit_count() == group.accessible]
    if not run.is_valley:
        return bits(starts)
    ideal = run.cheapest_start(size)
    below = starts & ((1 << ideal) - 1)
    above = starts >> ideal
    nearest = [below.bit_length() - 1] if below else []
    return [*nearest, ideal + (above & -above).bit_length() - 1] if above else nearest


def _standing_places(free: FreeView, group: SeatGroup) -> list[int] | None:
    """Places of one standing area that the group names; which of them is nobody's concern."""
    if group.accessible:
        return None
    layout = free.layout
    for zone in group.zones:
        found: list[int] = []
        for number in bits(layout.standing_runs_of_zone.get(zone, 0)):
            run = layout.runs[number]
            for bit in bits(free.mask(number) & _of_categories(run, group) & ~free.closed.get(number, 0)):
                found.append(run.seats[bit])
                if len(found) == group.size:
                    return found
    return None


def _close_together(free: FreeView, group: SeatGroup) -> list[int] | None:
    """Accessible seats first, for there are few; then the others as near to them as can be."""
    left = FreeDraft(free)
    chosen: list[int] = []
    for size, accessible in ((group.accessible, group.accessible), (group.size - group.accessible, 0)):
        if not size:
            continue
        part = msgspec.structs.replace(group, size=size, accessible=accessible)
        seats = _in_pieces(left, part, chosen)
        if seats is None:
            return None
        chosen += seats
        left.mark(seats, free=False)
    return chosen


def _in_pieces(free: FreeView, group: SeatGroup, near: Sequence[int]) -> list[int] | None:
    """The largest part side by side, unless seats are given to be near to; the rest in pieces of the nearest runs."""
    layout = free.layout
    chosen = [] if near else _largest_part(free, group)
    around = list(near) or chosen
    if not around:
        return None
    points = [layout.runs[layout.run_of[seat]].points[layout.bit_of[seat]] for seat in around]
    middle = (sum(x for x, _ in points) / len(points), sum(y for _, y in points) / len(points))
    home = layout.runs[layout.run_of[around[0]]].zone
    runs = layout.accessible_runs if group.accessible else free.with_room(1)
    runs &= layout.seated_runs_for(group.categories, group.zones)

    def distance(number: int) -> tuple[bool, float]:
        run = layout.runs[number]
        return run.zone != home, dist((run.x, run.y), middle)

    for number in sorted(bits(runs), key=distance):
        if len(chosen) == group.size:
            break
        run = layout.runs[number]
        taken = layout.masks_of(chosen).get(number, 0) | free.closed.get(number, 0)
        chosen += _pieces_of(run, free.mask(number) & _allowed(run, group) & ~taken, group.size - len(chosen), middle)
    return chosen if len(chosen) == group.size else None


def _largest_part(free: FreeView, group: SeatGroup) -> list[int]:
    for size in range(group.size, 0, -1):
        accessible = size if group.accessible else 0
        part = msgspec.structs.replace(group, size=size, accessible=accessible)
        seats = _side_by_side(free, part, clean=False)
        if seats is not None:
            return seats
    return []


def _pieces_of(run: Run, allowed: int, wanted: int, middle: tuple[float, float]) -> list[int]:
    """At most `wanted` seats of the run, the largest pieces first, each as near to the middle as it can be."""
    chosen: list[int] = []
    sums: list[float] = []
    while allowed and len(chosen) < wanted:
        sums = sums or list(accumulate((dist(point, middle) for point in run.points), initial=0.0))
        size = min(wanted - len(chosen), allowed.bit_count())
        while not (starts := windows(allowed, size)):
            size -= 1
        start = min(bits(starts), key=lambda at: sums[at + size] - sums[at])
        chosen += run.seats[start : start + size]
        allowed &= ~(((1 << size) - 1) << start)
    return chosen


def _alternatives(misfit: _Misfit, group: SeatGroup, may_split: bool) -> Alternatives:
    """Everything told here has been tried."""
    free, rooms = misfit.left, misfit.rooms

    def fits(wanted: SeatGroup, *, split: bool) -> bool:
        if rooms is None:
            return _choose_group(free, wanted, split) is not None
        return _within(rooms, free, wanted, lambda left, group: _choose_group(left, group, split)) is not None

    def smaller(size: int) -> SeatGroup:
        return msgspec.structs.replace(group, size=size, accessible=min(group.accessible, size))

    largest = next((size for size in range(group.size - 1, 0, -1) if fits(smaller(size), split=False)), 0)
    # A group that takes any category finds no more in one of them.
    others = [category for category in free.layout.categories if group.categories and category not in group.categories]
    works = [
        category for category in others if fits(msgspec.structs.replace(group, categories=(category,)), split=may_split)
    ]
    return Alternatives(misfit.position, largest, tuple(works))
