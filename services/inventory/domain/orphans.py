"""The orphan rule (R5.2): no choice may leave a single free seat while another choice of its size would not."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from services.inventory.domain.seat_layout import SeatLayout

# With less than this share of the seats left the rule is lenient: the last ones are sold as people want them.
LENIENT_SHARE = 0.05

FreeMask = Callable[[int], int]


def singles(free: int) -> int:
    """The free seats with no free neighbour."""
    return free & ~(free << 1) & ~(free >> 1)


def orphans_left(layout: SeatLayout, free: FreeMask, chosen: Mapping[int, int]) -> list[int]:
    """Seats that the choice (masks by run) would leave single and that are not so already."""
    left = []
    for number, mask in chosen.items():
        run = layout.runs[number]
        if run.standing:
            continue
        before = free(number)
        fresh = singles(before & ~mask) & ~singles(before)
        left += [run.seats[bit] for bit in bits(fresh)]
    return left


def windows(free: int, size: int) -> int:
    """Bits at which `size` free seats side by side begin."""
    found, have = free, 1
    while have < size:
        step = min(have, size - have)
        found &= found >> step
        have += step
    return found


def clean_windows(free: int, allowed: int, size: int) -> int:
    """Those of the windows within `allowed` that leave no single free seat on either side."""
    left_single = (free << 1) & ~(free << 2)
    right_single = (free >> size) & ~(free >> (size + 1))
    return windows(allowed, size) & ~left_single & ~right_single


def could_avoid(layout: SeatLayout, free: FreeMask, size: int) -> bool:
    """Whether some choice of so many seats side by side leaves no orphan."""
    for number, run in enumerate(layout.runs):
        if not run.standing:
            mask = free(number)
            if clean_windows(mask, mask & ~run.accessible, size):
                return True
    return False


def bits(mask: int) -> list[int]:
    """Positions of the set bits, lowest first."""
    found = []
    while mask:
        lowest = mask & -mask
        found.append(lowest.bit_length() - 1)
        mask ^= lowest
    return found
