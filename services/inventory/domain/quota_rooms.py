"""What a channel may still take of each quota (R4), for the search of best available: which seats it leaves alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence

from services.inventory.domain.free_seats import FreeView
from services.inventory.domain.quotas import NO_QUOTA, SeatQuotas
from services.inventory.domain.seat_layout import Run, SeatLayout, bits

# By run: seats that may not be given.
Closed = Mapping[int, int]


class QuotaRooms:
    """Places left by quota number, while the groups of one command are placed one after the other."""

    __slots__ = ("_layout", "_left", "_limits", "_masks")

    def __init__(self, quotas: SeatQuotas, channel: int, now_ms: int, layout: SeatLayout) -> None:
        self._limits = quotas.limits
        self._layout = layout
        caps = quotas.limits.caps(channel, now_ms)
        self._left = [max(0, cap - used) for cap, used in zip(caps, quotas.used, strict=True)]
        self._masks: dict[int, Closed] = {}

    def again(self) -> QuotaRooms:
        """The same, from before the first group was placed."""
        other = object.__new__(QuotaRooms)
        other._limits, other._layout, other._masks = self._limits, self._layout, self._masks
        other._left = list(self._left)
        return other

    def fit(self, seats: Sequence[int]) -> bool:
        """Whether there is room for all of them."""
        asked = Counter(self._limits.quota_of[seat] for seat in seats)
        return all(count <= self._left[number] for number, count in asked.items())

    def take(self, seats: Sequence[int]) -> None:
        """A group has them."""
        for seat in seats:
            self._left[self._limits.quota_of[seat]] -= 1

    def closings(self, free: FreeView, size: int, allowed: Callable[[Run], int]) -> Iterator[Closed]:
        """What to leave alone for a group of that size, from the least to the most: what is used up; what has no room
        for all of the group; all but as many seats, the nearest first, as there is room for."""
        used_up = [number for number, left in enumerate(self._left) if not left]
        yield self._closed(used_up)
        tight = [number for number, left in enumerate(self._left) if left < size]
        if len(tight) > len(used_up):
            yield self._closed(tight)
            yield self._trimmed(free, allowed)

    def _closed(self, numbers: Sequence[int]) -> Closed:
        closed: dict[int, int] = {}
        for number in numbers:
            for run, mask in self._of(number).items():
                closed[run] = closed.get(run, 0) | mask
        return closed

    def _of(self, number: int) -> Closed:
        masks = self._masks.get(number)
        if masks is None:
            quota_of = self._limits.quota_of
            seats = [seat for seat in range(len(quota_of)) if quota_of[seat] == number]
            self._masks[number] = masks = self._layout.masks_of(seats)
        return masks

    def _trimmed(self, free: FreeView, allowed: Callable[[Run], int]) -> Closed:
        closed: dict[int, int] = {}
        for number in range(NO_QUOTA + 1, len(self._left)):
            left = self._left[number]
            # Runs come nearest first.
            for run, mask in sorted(self._of(number).items()):
                for bit in bits(mask):
                    if left and free.mask(run) & allowed(self._layout.runs[run]) & 1 << bit:
                        left -= 1
                    else:
                        closed[run] = closed.get(run, 0) | 1 << bit
        return closed
