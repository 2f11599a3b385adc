"""Which seats are free, run by run, and which runs still have room: kept true as seats come and go, so that a search
looks at few runs of a large hall. Only the seat map and its drafts write here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Protocol

from services.inventory.domain import seat_state
from services.inventory.domain.seat_layout import Run, SeatLayout, bits

# int(…, 2) of a run's statuses as digits is its mask.
_DIGITS = bytes(ord("1") if status == seat_state.FREE else ord("0") for status in range(256))
_NOTHING: Mapping[int, int] = {}


class FreeView(Protocol):
    """What a search may look at. Sets of runs are masks; they may name a run too many, never one too few."""

    @property
    def layout(self) -> SeatLayout:
        """Where the seats stand."""
        ...

    @property
    def regular(self) -> int:
        """How many free seats there are that are neither standing places nor accessible."""
        ...

    @property
    def closed(self) -> Mapping[int, int]:
        """By run: seats that may not be given, free or not. They are neighbours all the same (R5.2)."""
        ...

    def mask(self, run: int) -> int:
        """The free seats of a run."""
        ...

    def with_room(self, size: int) -> int:
        """Runs with so many free regular seats side by side."""
        ...

    def with_clean_room(self, size: int) -> int:
        """Those of them in which so many could be taken without leaving a single one (R5.2)."""
        ...


class FreeSeats:
    """The free seats of a seat map."""

    __slots__ = ("_at_least", "_dirty", "_exactly", "_layout", "_lengths", "_masks", "_regular", "_regular_of")

    def __init__(self, layout: SeatLayout, statuses: bytes | bytearray) -> None:
        self._layout = layout
        self._masks = [_free_mask(run, statuses) for run in layout.runs]
        # By run: bit n says that there is a stretch of exactly n free regular seats side by side.
        self._lengths = [0] * len(layout.runs)
        self._regular_of = [0] * len(layout.runs)
        self._regular = 0
        longest = max((len(run.seats) for run in layout.runs), default=0)
        # By length: the runs that have a stretch of exactly that, and those that have one of that or more.
        self._exactly = [0] * (longest + 1)
        self._at_least = [0] * (longest + 1)
        self._dirty = set(bits(layout.seated_runs))

    @property
    def layout(self) -> SeatLayout:
        return self._layout

    @property
    def closed(self) -> Mapping[int, int]:
        return _NOTHING

    @property
    def regular(self) -> int:
        self._measure()
        return self._regular

    def mask(self, run: int) -> int:
        return self._masks[run]

    def with_room(self, size: int) -> int:
        self._measure()
        return self._at_least[size] if size < len(self._at_least) else 0

    def with_clean_room(self, size: int) -> int:
        """See FreeView. A stretch one longer than the window leaves that one; a longer one need not."""
        self._measure()
        lengths = len(self._at_least)
        exact = self._exactly[size] if size < lengths else 0
        return exact | self._at_least[size + 2] if size + 2 < lengths else exact

    def mark(self, seats: Iterable[int], *, free: bool) -> None:
        """Seats become free, or no longer are."""
        run_of, bit_of, masks, dirty = self._layout.run_of, self._layout.bit_of, self._masks, self._dirty
        for seat in seats:
            run = run_of[seat]
            bit = 1 << bit_of[seat]
            masks[run] = masks[run] | bit if free else masks[run] & ~bit
            dirty.add(run)

    def _measure(self) -> None:
        """Brings the stretches of runs that have changed up to date: only when somebody searches."""
        if not self._dirty:
            return
        runs = self._layout.runs
        for number in self._dirty:
            mask = self._masks[number] & runs[number].regular
            count = mask.bit_count()
            self._regular += count - self._regular_of[number]
            self._regular_of[number] = count
            before, after = self._lengths[number], _lengths(mask)
            if before != after:
                self._lengths[number] = after
                self._index(number, before, after)
        self._dirty.clear()

    def _index(self, number: int, before: int, after: int) -> None:
        run = 1 << number
        for length in bits(before ^ after):
            self._exactly[length] ^= run
        old, new = before.bit_length(), after.bit_length()
        for length in range(min(old, new) or 1, max(old, new)):
            self._at_least[length] ^= run


class FreeDraft:
    """Free seats with changes on top that may be thrown away."""

    __slots__ = ("_base", "_changed", "_masks", "_regular", "closed")

    def __init__(self, base: FreeView) -> None:
        self._base = base
        self.closed = base.closed
        self._masks: dict[int, int] = {}
        self._changed = 0
        self._regular = 0

    @property
    def layout(self) -> SeatLayout:
        return self._base.layout

    @property
    def regular(self) -> int:
        return self._base.regular + self._regular

    def mask(self, run: int) -> int:
        mask = self._masks.get(run)
        return self._base.mask(run) if mask is None else mask

    def with_room(self, size: int) -> int:
        return self._base.with_room(size) | self._changed

    def with_clean_room(self, size: int) -> int:
        return self._base.with_clean_room(size) | self._changed

    def mark(self, seats: Iterable[int], *, free: bool) -> None:
        """Seats become free, or no longer are."""
        layout = self.layout
        for number, seen in layout.masks_of(seats).items():
            before = self.mask(number)
            after = before | seen if free else before & ~seen
            self._masks[number] = after
            run = layout.runs[number]
            if not run.standing:
                self._changed |= 1 << number
                self._regular += (after & run.regular).bit_count() - (before & run.regular).bit_count()


def _free_mask(run: Run, statuses: bytes | bytearray) -> int:
    """In C for all but the last step: a hall of 100,000 seats is read when somebody first searches it."""
    seats = run.seats
    read: Sequence[int] = itemgetter(*seats)(statuses) if len(seats) > 1 else (statuses[seats[0]],)
    return int(bytes(read).translate(_DIGITS)[::-1], 2)


def _lengths(mask: int) -> int:
    """Bit n: there is a stretch of exactly n set bits."""
    found = 0
    while mask:
        lowest = mask & -mask
        after = mask + lowest
        end = after & -after
        found |= 1 << end.bit_length() - lowest.bit_length()
        mask &= after
    return found
