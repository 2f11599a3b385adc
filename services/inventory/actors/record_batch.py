"""Claims, sales and blocks on their way into the record, while turns of holds go on beside them.

What it has decided is applied when the record has it and not before; until then nobody else may touch the holds it
claims, and the free seats it takes are reserved.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from services.inventory.actors.mailbox import RecordWork
from services.inventory.actors.turn_log import TurnLog
from services.inventory.domain.changes import RecordChange, SeatsClaimed, apply_to_record, reserve
from services.inventory.domain.commands import HoldCommand, changed_hold
from services.inventory.domain.decisions import Decision
from services.inventory.domain.seat_map import SeatMap
from services.runtime.call_context import outside_call
from services.runtime.telemetry.metrics import RECORDS_SILENT


class RecordBatch:
    """One batch: at most one of a performance is under way. `is_silent`: its callers have been told so."""

    def __init__(
        self,
        works: Sequence[RecordWork],
        decisions: Sequence[Sequence[Decision]],
        changes: Sequence[RecordChange],
        *,
        on_news: Callable[[], None],
    ) -> None:
        self.works = works
        self.decisions = decisions
        self.changes = changes
        # Holds that become claims.
        self.claimed = [
            change.hold.hold_id for change in changes if isinstance(change, SeatsClaimed) and change.hold is not None
        ]
        self.is_silent = False
        self._claimed = frozenset(self.claimed)
        self._on_news = on_news
        self._append: asyncio.Task[None] | None = None

    def start(self, log: TurnLog) -> None:
        """Sends it. `on_news` is called when it is known, and while it stays unknown for too long."""
        self._append = asyncio.create_task(log.append_record(self.changes, self._silence), context=outside_call())
        self._append.add_done_callback(self._known)

    @property
    def is_known(self) -> bool:
        """Whether the record has answered."""
        return self._append is not None and self._append.done()

    def raise_refusal(self) -> None:
        """Raises what the record refused with, if it did: Fenced, WritesLost, ClaimConflict."""
        assert self._append is not None
        self._append.result()

    def reserve(self, seat_map: SeatMap) -> None:
        """Takes the free seats that it will need: for every other command they are gone."""
        for change in self.changes:
            reserve(seat_map, change)
            if isinstance(change, SeatsClaimed) and change.hold is None:
                seat_map.count_for(change.claim.holder_id, len(change.claim.seats))

    def apply_to(self, seat_map: SeatMap) -> None:
        """Writes what the record has acknowledged; the claims count from here on instead of the reservations."""
        for change in self.changes:
            if isinstance(change, SeatsClaimed) and change.hold is None:
                seat_map.count_for(change.claim.holder_id, -len(change.claim.seats))
        for change in self.changes:
            apply_to_record(seat_map, change)

    def conflicts_with(self, command: HoldCommand) -> bool:
        """Whether the command would change a hold that is becoming a claim."""
        return changed_hold(command) in self._claimed

    def abandon(self) -> None:
        """Stops asking: whoever owns the performance next learns from the record what became of it."""
        if self._append is not None and not self._append.cancelling():
            self._append.cancel()

    def _known(self, append: asyncio.Task[None]) -> None:
        if not append.cancelled():
            append.exception()  # taken note of: raise_refusal() tells the actor, unless that has ended
        if self.is_silent:
            RECORDS_SILENT.dec()
        self._on_news()

    def _silence(self) -> None:
        if not self.is_silent:
            self.is_silent = True
            RECORDS_SILENT.inc()
        self._on_news()
