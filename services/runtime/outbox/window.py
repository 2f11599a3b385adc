"""Which part of a batch is tried next: all of it, then halves around an event that cannot be applied, then it alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic, TypeVar

T = TypeVar("T")


class Window(Generic[T]):
    """The part of a batch that is tried in one transaction; its first event's failures are counted."""

    def __init__(self, items: Sequence[T]) -> None:
        self._items = items
        self._start = 0
        self._end = len(items)
        self._suspect_end = 0  # an event before it cannot be applied, as far as is known
        self.failures = 0
        self.first_failed_at_ms = 0

    def current(self) -> Sequence[T]:
        """Empty when the batch is done."""
        return self._items[self._start : self._end]

    def first(self) -> T:
        """The event that is to be parked, when one is."""
        return self._items[self._start]

    def narrow(self, count: int) -> None:
        """Next: only the first `count` of the current ones."""
        self._end = self._start + count

    def halve(self) -> bool:
        """One of the current ones is bad: next the first half of them; False when there is only one left."""
        size = self._end - self._start
        if size > 1:
            self._suspect_end = self._end
            self.narrow(size // 2)
        return size > 1

    def count_failure(self, now_ms: int) -> int:
        """The first event failed by itself; it is tried alone from here on. Returns how often it has."""
        self.narrow(1)
        self.failures += 1
        self.first_failed_at_ms = self.first_failed_at_ms or now_ms
        return self.failures

    def move_on(self) -> None:
        """The current ones are done: next half of what holds the bad one, or all the rest when it is not known."""
        self._start = self._end
        suspects = self._suspect_end - self._start
        self._end = self._start + max(suspects // 2, 1) if suspects > 0 else len(self._items)
        self.failures = self.first_failed_at_ms = 0

    def skip(self) -> None:
        """The first one is parked: next all behind it."""
        self._suspect_end = 0
        self.narrow(1)
        self.move_on()
