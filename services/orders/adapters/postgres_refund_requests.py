"""The RefundRequests in Postgres. Orders are changed by their own store, inside the same transaction.

Whoever waits for an order's lock may have the request's, and never the other way round.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.contracts.transactions import AnsweringTransaction
from services.orders.adapters.postgres_order_store import PostgresOrderStore
from services.orders.adapters.refund_request_rows import (
    changed_event,
    ended_values,
    line_values,
    request_of,
    request_values,
)
from services.orders.adapters.tables import idempotency_keys, refund_request_lines, refund_requests
from services.orders.domain.refund_request import RefundRequest, RequestState
from services.orders.ports import Act, Changed, OrderRef
from services.orders.ports.refund_requests import RequestFilter
from services.runtime.clock import Clock
from services.runtime.errors import Refusal
from services.runtime.ids import Ids
from services.runtime.sql.connections import connected, for_single_statements
from services.runtime.sql.old_rows import delete_old
from services.runtime.sql.scopes import AllHouses, HouseScope

_OLD_KEYS = AllHouses("keys are forgotten by age")
_requests, _lines = refund_requests.c, refund_request_lines.c


class PostgresRefundRequestsTransaction(AnsweringTransaction):
    """See RefundRequestsTransaction."""

    def __init__(
        self, connection: AsyncConnection, house_id: str, now_ms: int, ids: Ids, store: PostgresOrderStore
    ) -> None:
        super().__init__(connection, house_id, now_ms, ids, idempotency_keys)
        self._store = store

    async def change_order(self, ref: OrderRef, act: Act) -> Changed | Refusal | None:
        """See RefundRequestsTransaction.change_order."""
        return await self._store.change_within(self._connection, ref, act)

    async def lock(self, refund_request_id: str) -> RefundRequest | None:
        """See RefundRequestsTransaction.lock."""
        this = (_requests.house_id == self.house_id) & (_requests.refund_request_id == refund_request_id)
        row = (await self._connection.execute(sa.select(refund_requests).where(this).with_for_update())).first()
        return None if row is None else request_of(row)

    async def add(self, request: RefundRequest) -> str:
        """See RefundRequestsTransaction.add."""
        wanted = line_values(request)
        new = insert(refund_request_lines)
        if request.state is RequestState.ASKED:
            free = new.on_conflict_do_nothing().returning(_lines.seat_id)
            if len((await self._connection.execute(free, wanted)).all()) < len(wanted):
                return await self._open_among(request)
        else:
            if other := await self._open_among(request):
                return other
            await self._connection.execute(new, wanted)
        await self._connection.execute(insert(refund_requests).values(request_values(request)))
        self._events.append(changed_event(request, self.now_ms))
        return ""

    async def _open_among(self, request: RefundRequest) -> str:
        """Another request that is open and has one of the tickets; ''."""
        named = [(part.performance_id, seat_id) for part in request.parts for seat_id in part.seat_ids]
        query = sa.select(_lines.refund_request_id).where(
            _lines.house_id == self.house_id,
            _lines.order_id == request.order_id,
            _lines.is_open,
            _lines.refund_request_id != request.refund_request_id,
            sa.tuple_(_lines.performance_id, _lines.seat_id).in_(named),
        )
        return str(await self._connection.scalar(query.limit(1)) or "")

    async def close_request(self, request: RefundRequest) -> None:
        """See RefundRequestsTransaction.close_request."""
        this = (_requests.house_id == self.house_id) & (_requests.refund_request_id == request.refund_request_id)
        await self._connection.execute(sa.update(refund_requests).where(this).values(ended_values(request)))
        its = (_lines.house_id == self.house_id) & (_lines.refund_request_id == request.refund_request_id)
        await self._connection.execute(sa.update(refund_request_lines).where(its).values(is_open=False))
        self._events.append(changed_event(request, self.now_ms))


class PostgresRefundRequests:
    """See RefundRequests. `committed` is called after each transaction that enqueued events."""

    def __init__(
        self, engine: AsyncEngine, store: PostgresOrderStore, clock: Clock, ids: Ids, committed: Callable[[], None]
    ) -> None:
        self._engine = engine
        self._single = for_single_statements(engine)
        self._store = store
        self._clock = clock
        self._ids = ids
        self._committed = committed

    @asynccontextmanager
    async def transaction(self, house_id: str) -> AsyncIterator[PostgresRefundRequestsTransaction]:
        """See RefundRequests.transaction."""
        async with connected(self._engine, HouseScope(house_id)) as connection:
            transaction = PostgresRefundRequestsTransaction(
                connection, house_id, self._clock.now_ms(), self._ids, self._store
            )
            yield transaction
            await transaction.end(self._committed)

    async def get(self, house_id: str, refund_request_id: str) -> RefundRequest | None:
        """See RefundRequests.get."""
        this = (_requests.house_id == house_id) & (_requests.refund_request_id == refund_request_id)
        async with connected(self._single, HouseScope(house_id)) as connection:
            row = (await connection.execute(sa.select(refund_requests).where(this))).first()
        return None if row is None else request_of(row)

    async def page(self, wanted: RequestFilter) -> Sequence[RefundRequest]:
        """See RefundRequests.page."""
        newest = (_requests.asked_at_ms, _requests.refund_request_id)
        query = sa.select(refund_requests).where(_requests.house_id == wanted.house_id)
        if wanted.performance_id:
            of_it = sa.select(_lines.refund_request_id).where(
                _lines.house_id == wanted.house_id, _lines.performance_id == wanted.performance_id
            )
            query = query.where(_requests.refund_request_id.in_(of_it))
        if wanted.order_id:
            query = query.where(_requests.order_id == wanted.order_id)
        if wanted.states:
            query = query.where(_requests.state.in_([state.value for state in wanted.states]))
        if wanted.after is not None:
            query = query.where(sa.tuple_(*newest) < sa.tuple_(*wanted.after))
        query = query.order_by(*(column.desc() for column in newest)).limit(wanted.limit)
        async with connected(self._single, HouseScope(wanted.house_id)) as connection:
            return [request_of(row) for row in await connection.execute(query)]

    async def purge_keys(self, created_before_ms: int, limit: int) -> int:
        """See RefundRequests.purge_keys."""
        async with connected(self._single, _OLD_KEYS) as connection:
            return await delete_old(connection, idempotency_keys, created_before_ms, limit)
