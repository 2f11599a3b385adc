"""The orphan rule (R5.2): no choice may leave a single free seat while another choice of its size would not.

Standing places and accessible seats are no orphans and no company for one: whoever did not ask for them is not offered
them. Another choice is one of the same price categories: the rule moves nobody to another price.
"""

from __future__ import annotations

from collections.abc import Mapping

from services.inventory.domain.free_seats import FreeDraft, FreeView
from services.inventory.domain.seat_layout import Run, bits, stretches

# With less than this share of the seats left the rule is lenient: the last ones are sold as people want them.
LENIENT_SHARE = 0.05


def is_lenient(free: FreeView) -> bool:
    """Whether so few seats are left that people may take them as they like."""
    return free.regular < free.layout.regular_seats * LENIENT_SHARE


def singles(free: int) -> int:
    """The free seats with no free neighbour."""
    return free & ~(free << 1) & ~(free >> 1)


def orphans_left(free: FreeView, chosen: Mapping[int, int]) -> list[int]:
    """Seats that the choice (masks by run) would leave single and that are not so already."""
    left = []
    for number, mask in chosen.items():
        run = free.layout.runs[number]
        left += [run.seats[bit] for bit in bits(_orphans_of(run, free.mask(number), mask))]
    return left


def windows(free: int, size: int) -> int:
    """Bits at which `size` free seats side by side begin."""
    found, have = free, 1
    while have < size:
        step = min(have, size - have)
        found &= found >> step
        have += step
    return found


def clean_windows(run: Run, free: int, allowed: int, size: int) -> int:
    """Those of the windows within `allowed` that leave no single free seat on either side."""
    regular = free & run.regular
    left_single = regular & (regular << 1) & ~(regular << 2)
    right_single = (regular >> size - 1) & (regular >> size) & ~(regular >> size + 1)
    return windows(allowed, size) & ~left_single & ~right_single


def could_avoid(free: FreeView, chosen: Mapping[int, int]) -> bool:
    """Whether as many seats, of the same categories, could be taken without leaving an orphan.

    Side by side; or, where the choice is in parts, with each part that leaves an orphan put elsewhere in one piece.
    """
    layout = free.layout
    pieces = [
        (number, piece) for number, mask in chosen.items() for piece in stretches(mask & layout.runs[number].regular)
    ]
    categories = _categories(free, pieces)
    if _clean_place(free, sum(piece.bit_count() for _, piece in pieces), categories):
        return True
    if len(pieces) == 1:
        return False
    kept = FreeDraft(free)
    to_place = []
    for number, piece in pieces:
        run = layout.runs[number]
        around = piece << 1 | piece >> 1
        if around & _orphans_of(run, free.mask(number), chosen[number]):
            to_place.append(piece.bit_count())
        else:
            kept.mark([run.seats[bit] for bit in bits(piece)], free=False)
    for size in sorted(to_place, reverse=True):
        place = _clean_place(kept, size, categories)
        if place is None:
            return False
        kept.mark(place, free=False)
    return True


def _orphans_of(run: Run, free: int, chosen: int) -> int:
    before = free & run.regular
    return singles(before & ~chosen) & ~singles(before)


def _categories(free: FreeView, pieces: list[tuple[int, int]]) -> list[str]:
    runs = free.layout.runs
    found = (category for number, piece in pieces for category, mask in runs[number].masks.items() if mask & piece)
    return list(dict.fromkeys(found))


def _clean_place(free: FreeView, size: int, categories: list[str]) -> list[int] | None:
    """Some window of that size that leaves no orphan."""
    layout = free.layout
    for number in bits(free.with_clean_room(size) & layout.seated_runs_for(categories, ())):
        run = layout.runs[number]
        mask = free.mask(number)
        of_categories = 0
        for category in categories:
            of_categories |= run.masks.get(category, 0)
        starts = clean_windows(run, mask, mask & run.regular & of_categories, size)
        if starts:
            start = (starts & -starts).bit_length() - 1
            return list(run.seats[start : start + size])
    return None
