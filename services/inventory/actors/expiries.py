"""Holds whose time may be over, proposed to their owner: a timer proposes, decide() has the last word (RULE 16)."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable, Sequence

from services.inventory.domain.commands import ExpireHold
from services.inventory.domain.decisions import Decision
from services.runtime.errors import Overloaded

# The holds of one turn end together: they share a slot of time.
SLOT_MS = 100
# Proposed at a time.
EXPIRIES_A_TURN = 64
# How much later a hold is proposed again that could not be decided on.
AGAIN_MS = 1_000

Submit = Callable[[Sequence[ExpireHold]], "asyncio.Future[Sequence[Decision] | Overloaded] | Overloaded"]


class Expiries:
    """The deadlines of one owner's holds, and at most one proposal under way."""

    def __init__(self, submit: Submit) -> None:
        self._submit = submit
        self._deadlines = Deadlines()
        self._is_under_way = False

    def watch(self, due_ms: int, hold_id: str) -> None:
        """Notes that the hold is due then, on the store's clock."""
        self._deadlines.watch(due_ms, hold_id)

    def propose(self, now_ms: int) -> None:
        """Submits what is due."""
        if self._is_under_way:
            return
        due = [ExpireHold(hold_id) for hold_id in self._deadlines.take(now_ms, EXPIRIES_A_TURN)]
        if not due:
            return
        answer = self._submit(due)
        if isinstance(answer, Overloaded):
            self._again(due, [answer] * len(due), now_ms)
            return
        self._is_under_way = True
        answer.add_done_callback(lambda answer: self._decided(due, answer, now_ms))

    def _decided(
        self, due: Sequence[ExpireHold], answer: asyncio.Future[Sequence[Decision] | Overloaded], now_ms: int
    ) -> None:
        self._is_under_way = False
        # A fault: the owner's end says why.
        if not answer.cancelled() and answer.exception() is None:
            decisions = answer.result()
            self._again(due, [decisions] * len(due) if isinstance(decisions, Overloaded) else decisions, now_ms)

    def _again(self, due: Sequence[ExpireHold], decisions: Sequence[Decision], now_ms: int) -> None:
        """A hold whose claim is on its way into the record cannot be decided on yet."""
        for command, decision in zip(due, decisions, strict=False):
            if isinstance(decision, Overloaded):
                self._deadlines.watch(now_ms + AGAIN_MS, command.hold_id)


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
