"""What every transaction of a house's writes in reporting has: keys of requests, acts, and events with the commit."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Generic, TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.contracts.acts import CURRENT_CALL, Act, act_event
from services.contracts.answer_rows import AnswerRows
from services.contracts.once import RecordedAnswer
from services.reporting.adapters.request_tables import idempotency_keys
from services.runtime.clock import Clock
from services.runtime.ids import Ids
from services.runtime.outbox.event import OutgoingEvent
from services.runtime.outbox.writer import enqueue
from services.runtime.sql.connections import after_commit, connected
from services.runtime.sql.old_rows import delete_old
from services.runtime.sql.scopes import AllHouses, HouseScope

_OLD = AllHouses("keys are forgotten by age")


class WritingTransaction:
    """Of one house; subjects add their rows to it. Lives as long as its connection's block."""

    def __init__(self, connection: AsyncConnection, house_id: str, now_ms: int, ids: Ids) -> None:
        self.connection = connection
        self.house_id = house_id
        self.now_ms = now_ms
        self._ids = ids
        self._events: list[OutgoingEvent] = []
        self._answers = AnswerRows(connection, idempotency_keys, now_ms)
        self.is_complete = self.has_published = False

    async def claim_key(self, owner_id: str, key: str, request_hash: bytes) -> RecordedAnswer | None:
        """See KeyedTransaction.claim_key."""
        return await self._answers.claim(owner_id, key, request_hash)

    async def record_answer(self, owner_id: str, key: str, answer: bytes) -> None:
        """See KeyedTransaction.record_answer."""
        await self._answers.record(owner_id, key, answer)

    def record_act(self, act: Act, *, by_nobody: bool = False) -> None:
        """Into the house's act log, on behalf of whom the current call is for, or of nobody."""
        who = None if by_nobody else CURRENT_CALL
        self._events.append(act_event(self.house_id, act, now_ms=self.now_ms, ids=self._ids, who=who))

    async def commit(self) -> None:
        """The last call: what was done is to stay. It is done as the connection's block ends."""
        await enqueue(self.connection, self._events, now_ms=self.now_ms, ids=self._ids)
        self.is_complete = True
        self.has_published = bool(self._events)


Transaction = TypeVar("Transaction", bound=WritingTransaction)


class WritingStore(Generic[Transaction]):
    """Opens transactions of one kind. `wake` is called after a commit with events."""

    def __init__(
        self,
        kind: Callable[[AsyncConnection, str, int, Ids], Transaction],
        engine: AsyncEngine,
        *,
        clock: Clock,
        ids: Ids,
        wake: Callable[[], None],
    ) -> None:
        self._kind = kind
        self._engine = engine
        self._clock = clock
        self._ids = ids
        self._wake = wake

    @asynccontextmanager
    async def transaction(self, house_id: str) -> AsyncIterator[Transaction]:
        """Over what belongs to the house. Undone unless commit()."""
        async with connected(self._engine, HouseScope(house_id)) as connection:
            transaction = self._kind(connection, house_id, self._clock.now_ms(), self._ids)
            yield transaction
            if not transaction.is_complete:
                await connection.rollback()
            elif transaction.has_published:
                after_commit(connection, self._wake)


async def purge_keys(engine: AsyncEngine, created_before_ms: int, limit: int) -> int:
    """Forgets at most `limit` idempotency keys that are older; returns how many."""
    async with connected(engine, _OLD) as connection:
        return await delete_old(connection, idempotency_keys, created_before_ms, limit)
