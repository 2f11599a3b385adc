"""What every transaction of a house's writes in reporting has, and the stores that open them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Generic, TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.contracts.transactions import AnsweringTransaction
from services.reporting.adapters.request_tables import idempotency_keys
from services.runtime.clock import Clock
from services.runtime.ids import Ids
from services.runtime.sql.connections import connected
from services.runtime.sql.old_rows import delete_old
from services.runtime.sql.scopes import AllHouses, HouseScope

_OLD = AllHouses("keys are forgotten by age")


class WritingTransaction(AnsweringTransaction):
    """Of one house; subjects add their rows to it."""

    def __init__(self, connection: AsyncConnection, house_id: str, now_ms: int, ids: Ids) -> None:
        super().__init__(connection, house_id, now_ms, ids, idempotency_keys)


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
            await transaction.end(self._wake)


async def purge_keys(engine: AsyncEngine, created_before_ms: int, limit: int) -> int:
    """Forgets at most `limit` idempotency keys that are older; returns how many."""
    async with connected(engine, _OLD) as connection:
        return await delete_old(connection, idempotency_keys, created_before_ms, limit)
