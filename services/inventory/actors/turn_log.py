"""Where changes go: holds in one store, the record in another, each in batches with dense numbers of their own.

A claim is in the record before its hold leaves Redis: a crash in between leaves both, and the record wins (RULE 7).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from services.inventory.domain.changes import RecordChange
from services.inventory.ports import ClaimStore, HoldStore, HoldWrites, StoreUnavailable
from services.runtime.clock import Clock
from services.runtime.telemetry.metrics import APPEND_SECONDS, STORE_SILENCES

# How long an append whose outcome is unknown is sent again before its callers are told that nobody knows.
APPEND_PATIENCE_SECONDS = 4.0
APPEND_RETRY_SECONDS = 0.05
# The same once they have been told.
SILENT_RETRY_SECONDS = 0.5
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

    async def append_holds(self, writes: HoldWrites) -> None:
        """Durable on return. Raises Fenced, WritesLost, StoreUnavailable: then the memory is void."""
        self._hold_batch += 1
        batch = self._hold_batch
        await self._until_known(
            "holds", lambda: self._holds.append(self._performance_id, self._epoch, batch, writes), None
        )

    async def verify_ownership(self) -> None:
        """Asks the fence whether this still is the owner, by a batch of nothing. Raises as append_holds() does.

        A newer owner raises the fence before it decides anything: until then what this one remembers is true.
        """
        await self.append_holds(HoldWrites([], []))

    async def drop_holds(self, hold_ids: Sequence[str]) -> None:
        """Forgets holds that the record has overruled, a bounded batch at a time."""
        for start in range(0, len(hold_ids), HOLDS_A_BATCH):
            await self.append_holds(HoldWrites([], hold_ids[start : start + HOLDS_A_BATCH]))

    async def append_record(self, changes: Sequence[RecordChange], on_silence: Callable[[], None]) -> None:
        """Durable on return. Raises Fenced, WritesLost, ClaimConflict: then the memory is void.

        A record that does not answer is asked for ever; `on_silence` is called each time it has not, once patience is
        over. A batch of nothing asks the directory's epoch whether this still is the owner: proof for words about
        claims even after a failover of the holds' store.
        """
        self._record_batch += 1
        batch = self._record_batch
        await self._until_known(
            "record", lambda: self._claims.append(self._performance_id, self._epoch, batch, changes), on_silence
        )

    async def _until_known(
        self, store: str, send: Callable[[], Awaitable[None]], on_silence: Callable[[], None] | None
    ) -> None:
        """Sends the same batch again while its outcome is unknown (RULE 13)."""
        started = self._clock.monotonic()
        while True:
            try:
                await send()
            except StoreUnavailable:
                STORE_SILENCES.labels(store).inc()
                is_silent = self._clock.monotonic() - started > APPEND_PATIENCE_SECONDS
                if is_silent and on_silence is None:
                    raise
                if is_silent and on_silence is not None:
                    on_silence()
                await self._clock.sleep(SILENT_RETRY_SECONDS if is_silent else APPEND_RETRY_SECONDS)
            else:
                APPEND_SECONDS.labels(store).observe(self._clock.monotonic() - started)
                return
