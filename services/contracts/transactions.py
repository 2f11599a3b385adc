"""What every record's transaction over a house does alike: acts and events with the commit, first answers by key."""

from __future__ import annotations

from collections.abc import Callable

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from services.contracts.acts import CURRENT_CALL, Act, act_event
from services.contracts.answer_rows import AnswerRows
from services.contracts.once import RecordedAnswer
from services.runtime.ids import Ids
from services.runtime.outbox.event import OutgoingEvent
from services.runtime.outbox.writer import ENQUEUE_MAX_EVENTS, enqueue
from services.runtime.sql.connections import after_commit


class WritingTransaction:
    """Of one house; a record adds its rows to it. Lives as long as its connection's block."""

    def __init__(self, connection: AsyncConnection, house_id: str, now_ms: int, ids: Ids) -> None:
        self.house_id = house_id
        self.now_ms = now_ms
        self._connection = connection
        self._ids = ids
        self._events: list[OutgoingEvent] = []
        self._is_complete = False

    def record_act(self, act: Act, *, by_nobody: bool = False) -> None:
        """Into the house's act log, on behalf of whom the current call is for; or of nobody."""
        who = None if by_nobody else CURRENT_CALL
        self._events.append(act_event(self.house_id, act, now_ms=self.now_ms, ids=self._ids, who=who))

    async def commit(self) -> None:
        """The last call: what was done is to stay. It is done as the connection's block ends."""
        for first in range(0, len(self._events), ENQUEUE_MAX_EVENTS):
            some = self._events[first : first + ENQUEUE_MAX_EVENTS]
            await enqueue(self._connection, some, now_ms=self.now_ms, ids=self._ids)
        self._is_complete = True

    async def end(self, wake: Callable[[], None]) -> None:
        """For the store, before the block ends: undone unless commit(); `wake` follows a commit with events."""
        if not self._is_complete:
            await self._connection.rollback()
        elif self._events:
            after_commit(self._connection, wake)


class AnsweringTransaction(WritingTransaction):
    """See KeyedTransaction. `keys`: the record's own table of first answers."""

    def __init__(self, connection: AsyncConnection, house_id: str, now_ms: int, ids: Ids, keys: sa.Table) -> None:
        super().__init__(connection, house_id, now_ms, ids)
        self._answers = AnswerRows(connection, keys, now_ms)

    async def claim_key(self, owner_id: str, key: str, request_hash: bytes) -> RecordedAnswer | None:
        """See KeyedTransaction.claim_key."""
        return await self._answers.claim(owner_id, key, request_hash)

    async def record_answer(self, owner_id: str, key: str, answer: bytes) -> None:
        """See KeyedTransaction.record_answer."""
        await self._answers.record(owner_id, key, answer)
