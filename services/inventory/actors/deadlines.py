"""When the owner should look at holds again: a heap of slots, because the holds of one turn end together."""

from __future__ import annotations

import heapq

SLOT_MS = 100


class Deadlines:
    """Hold ids by the slot of time in which they are due. What is proposed too often or too late decides nothing."""

    def __init__(self) -> None:
        self._slots: dict[int, list[str]] = {}
        self._order: list[int] = []

    def watch(self, due_ms: int, hold_id: str) -> None:
        """Notes that the hold is due then."""
        slot = due_ms // SLOT_MS
        ids = self._slots.get(slot)
        if ids is None:
            self._slots[slot] = ids = []
            heapq.heappush(self._order, slot)
        ids.append(hold_id)

    def take(self, now_ms: int, at_most: int) -> list[str]:
        """Up to so many ids whose slot is over, oldest slots first."""
        due: list[str] = []
        while self._order and (self._order[0] + 1) * SLOT_MS <= now_ms and len(due) < at_most:
            ids = self._slots[self._order[0]]
            room = at_most - len(due)
            due += ids[:room]
            del ids[:room]
            if not ids:
                del self._slots[heapq.heappop(self._order)]
        return due
