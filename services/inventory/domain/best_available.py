"""Best available (R5.1): side by side with no orphan, else side by side, else close together; nearest the focal point.

Runs come nearest first, so that the search ends as soon as no later run can do better.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import hypot

import msgspec

from services.inventory.domain.orphans import FreeMask, bits, clean_windows, windows
from services.inventory.domain.seat_layout import Run, SeatLayout


class SeatGroup(msgspec.Struct, frozen=True, gc=False):
    """Seats wanted together. Empty filters allow every category or zone; standing zones are taken only when named."""

    size: int
    categories: tuple[str, ...] = ()
    zones: tuple[str, ...] = ()
    # How many of them must be accessible seats; those are never taken unless asked for.
    accessible: int = 0


@dataclass(frozen=True, slots=True)
class Alternatives:
    """What would work where a group does not fit: the largest group side by side, and categories that have room."""

    largest_group: int
    categories: tuple[str, ...]


def choose(
    layout: SeatLayout, free: FreeMask, groups: Sequence[SeatGroup], *, may_split: bool
) -> tuple[int, ...] | Alternatives:
    """Ascending seat indexes for all the groups, none shared; or what would work for the first that does not fit."""
    taken: dict[int, int] = {}

    def left(number: int) -> int:
        return free(number) & ~taken.get(number, 0)

    chosen: list[int] = []
    for group in groups:
        seats = _choose_group(layout, left, group, may_split)
        if seats is None:
            return _alternatives(layout, left, group)
        chosen += seats
        for number, mask in layout.masks_of(seats).items():
            taken[number] = taken.get(number, 0) | mask
    return tuple(sorted(chosen))


def _choose_group(layout: SeatLayout, free: FreeMask, group: SeatGroup, may_split: bool) -> list[int] | None:
    standing = _standing_places(layout, free, group)
    if standing is not None:
        return standing
    together = _side_by_side(layout, free, group, clean=True) or _side_by_side(layout, free, group, clean=False)
    if together is not None or not may_split or group.accessible:
        return together
    return _close_together(layout, free, group)


def _allowed(run: Run, group: SeatGroup) -> int:
    """The seats of the run that the group's filters allow."""
    if run.standing or (group.zones and run.zone not in group.zones):
        return 0
    if group.categories:
        mask = 0
        for category in group.categories:
            mask |= run.masks.get(category, 0)
    else:
        mask = (1 << len(run.seats)) - 1
    return mask if group.accessible else mask & ~run.accessible


def _side_by_side(layout: SeatLayout, free: FreeMask, group: SeatGroup, *, clean: bool) -> list[int] | None:
    size = group.size
    best: tuple[float, Run, int] | None = None
    for number, run in enumerate(layout.runs):
        if best is not None and run.nearest * size >= best[0]:
            break
        if len(run.seats) < size:
            continue
        mask = free(number)
        allowed = mask & _allowed(run, group)
        if not allowed:
            continue
        starts = clean_windows(mask, allowed, size) if clean else windows(allowed, size)
        for start in bits(starts) if group.accessible else _nearest_two(starts, run.centre - size // 2):
            if group.accessible and (run.accessible >> start & (1 << size) - 1).bit_count() != group.accessible:
                continue
            cost = run.sums[start + size] - run.sums[start]
            if best is None or cost < best[0]:
                best = (cost, run, start)
    return None if best is None else list(best[1].seats[best[2] : best[2] + size])


def _nearest_two(starts: int, ideal: int) -> list[int]:
    """Of the windows' starts the nearest on either side of the ideal: along a row the cost only grows from there."""
    ideal = max(ideal, 0)
    below = starts & ((1 << ideal) - 1)
    above = starts >> ideal
    nearest = [below.bit_length() - 1] if below else []
    return [*nearest, ideal + (above & -above).bit_length() - 1] if above else nearest


def _standing_places(layout: SeatLayout, free: FreeMask, group: SeatGroup) -> list[int] | None:
    """Places of one standing area that the group names; which of them is nobody's concern."""
    for number, run in enumerate(layout.runs):
        if not run.standing or run.zone not in group.zones:
            continue
        mask = free(number)
        if mask.bit_count() >= group.size:
            found = []
            for _ in range(group.size):
                lowest = mask & -mask
                found.append(run.seats[lowest.bit_length() - 1])
                mask ^= lowest
            return found
    return None


def _close_together(layout: SeatLayout, free: FreeMask, group: SeatGroup) -> list[int] | None:
    """The largest part side by side, the rest in the largest pieces that the nearest runs still have."""
    for size in range(group.size - 1, 0, -1):
        first = _side_by_side(layout, free, msgspec.structs.replace(group, size=size), clean=False)
        if first is not None:
            return _grow(layout, free, group, first)
    return None


def _grow(layout: SeatLayout, free: FreeMask, group: SeatGroup, seed: list[int]) -> list[int] | None:
    home = layout.runs[layout.place_of[seed[0]][0]]
    chosen = list(seed)
    for number in sorted(range(len(layout.runs)), key=_nearness(layout, home)):
        run = layout.runs[number]
        own = layout.masks_of(chosen).get(number, 0)
        allowed = free(number) & _allowed(run, group) & ~own
        while allowed and len(chosen) < group.size:
            size = min(group.size - len(chosen), allowed.bit_count())
            while not (starts := windows(allowed, size)):
                size -= 1
            start = min(bits(starts), key=_cost_of_window(run, size))
            chosen += run.seats[start : start + size]
            allowed &= ~(((1 << size) - 1) << start)
        if len(chosen) == group.size:
            return chosen
    return None


def _cost_of_window(run: Run, size: int) -> Callable[[int], float]:
    return lambda start: run.sums[start + size] - run.sums[start]


def _nearness(layout: SeatLayout, home: Run) -> Callable[[int], tuple[bool, float]]:
    def key(number: int) -> tuple[bool, float]:
        run = layout.runs[number]
        return run.zone != home.zone, hypot(run.x - home.x, run.y - home.y)

    return key


def _alternatives(layout: SeatLayout, free: FreeMask, group: SeatGroup) -> Alternatives:
    largest = 0
    for number, run in enumerate(layout.runs):
        allowed = free(number) & _allowed(run, group)
        if allowed.bit_count() > largest:
            while largest < group.size - 1 and windows(allowed, largest + 1):
                largest += 1
    fits = []
    for category in layout.categories:
        other = msgspec.structs.replace(group, categories=(category,))
        if category not in group.categories and _side_by_side(layout, free, other, clean=False) is not None:
            fits.append(category)
    return Alternatives(largest, tuple(fits))
