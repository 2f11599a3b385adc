"""Where a turn's changes go: the record first, then the holds, each under its own dense batch number.

A claim is in the record before its hold leaves Redis: a crash in between leaves both, and the record wins (RULE 7).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from services.inventory.domain.changes import (
    Change,
    HoldExpired,
    HoldExtended,
    HoldMoved,
    HoldReleased,
    RecordChange,
    SeatsClaimed,
    SeatsHeld,
)
from services.inventory.domain.records import Hold
from services.inventory.ports import ClaimStore, HoldStore, HoldWrites, StoreUnavailable
from services.runtime.clock import Clock
from services.runtime.telemetry.metrics import APPEND_SECONDS

# How long an append whose outcome is unknown is sent again before the owner gives its memory up.
APPEND_PATIENCE_SECONDS = 4.0
APPEND_RETRY_SECONDS = 0.05
HOLDS_A_BATCH = 1_000


class TurnLog:
    """The two stores of one activation (performance, epoch), with the numbers of their next batches."""

    def __init__(self, performance_id: str, epoch: int, holds: HoldStore, claims: ClaimStore, clock: Clock) -> None:
        self._performance_id = performance_id
        self._epoch = epoch
        self._holds = holds
        self._claims = claims
        self._clock = clock
        self._hold_batch = 0
        self._record_batch = 0

    async def append(self, changes: Sequence[Change]) -> None:
        """Durable on return. Raises Fenced, WritesLost, ClaimConflict, StoreUnavailable: then the memory is void."""
        record = [change for change in changes if not isinstance(change, _HOLD_CHANGES)]
        if record:
            await self._append_record(record)
        writes = hold_writes(changes)
        if writes.put or writes.ended:
            await self._append_holds(writes)

    async def affirm(self) -> None:
        """Asks the fence whether this still is the owner, by a batch of nothing. Raises as append() does.

        A newer owner raises the fence before it decides anything: until then what this one remembers is true.
        """
        await self._append_holds(HoldWrites([], []))

    async def affirm_claims(self) -> None:
        """As affirm(), but asks the directory's epoch: proof for words about claims even after a failover."""
        await self._append_record([])

    async def drop_holds(self, hold_ids: Sequence[str]) -> None:
        """Forgets holds that the record has overruled, a bounded batch at a time."""
        for start in range(0, len(hold_ids), HOLDS_A_BATCH):
            await self._append_holds(HoldWrites([], hold_ids[start : start + HOLDS_A_BATCH]))

    async def _append_record(self, record: Sequence[RecordChange]) -> None:
        self._record_batch += 1
        batch = self._record_batch
        await self._until_known("record", lambda: self._claims.append(self._performance_id, self._epoch, batch, record))

    async def _append_holds(self, writes: HoldWrites) -> None:
        self._hold_batch += 1
        batch = self._hold_batch
        await self._until_known("holds", lambda: self._holds.append(self._performance_id, self._epoch, batch, writes))

    async def _until_known(self, store: str, send: Callable[[], Awaitable[None]]) -> None:
        """Sends the same batch again while its outcome is unknown (RULE 13)."""
        started = self._clock.monotonic()
        while True:
            try:
                await send()
            except StoreUnavailable:
                if self._clock.monotonic() - started > APPEND_PATIENCE_SECONDS:
                    raise
                await self._clock.sleep(APPEND_RETRY_SECONDS)
            else:
                APPEND_SECONDS.labels(store).observe(self._clock.monotonic() - started)
                return


_HOLD_CHANGES = (SeatsHeld, HoldExtended, HoldMoved, HoldReleased, HoldExpired)


def hold_writes(changes: Sequence[Change]) -> HoldWrites:
    """What the changes leave to write among the holds: the last word on each hold of the batch."""
    put: dict[str, Hold] = {}
    ended: dict[str, None] = {}
    for change in changes:
        if isinstance(change, SeatsHeld | HoldExtended | HoldMoved):
            put[change.hold.hold_id] = change.hold
        elif isinstance(change, HoldReleased | HoldExpired | SeatsClaimed):
            hold = change.hold
            if hold is not None:
                # Put and ended in one batch: nothing of it was ever in the store, and ending it twice is harmless.
                put.pop(hold.hold_id, None)
                ended[hold.hold_id] = None
    return HoldWrites(list(put.values()), list(ended))
