"""The OrderStore in Postgres. The order's row lock makes changes take turns; events leave by the outbox (RULE 29)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import aggregate_order_by, insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.orders.adapters.order_events import published
from services.orders.adapters.order_rows import fixed_columns, moving_columns, order_of
from services.orders.adapters.tables import orders, request_keys, tickets
from services.orders.domain.changes import OrderConfirmed
from services.orders.domain.order import FINAL_STATES, Order, OrderState
from services.orders.ports import (
    Act,
    Changed,
    Customer,
    KeyInRecord,
    Lease,
    LeasedOrder,
    Operation,
    OrderFilter,
    OrderRef,
    RequestKey,
)
from services.runtime.clock import Clock
from services.runtime.errors import Refusal
from services.runtime.ids import Ids
from services.runtime.outbox.writer import enqueue

_TICKETS = (
    sa.select(
        sa.func.jsonb_agg(
            aggregate_order_by(
                sa.func.jsonb_build_array(tickets.c.ticket_id, tickets.c.seat_id, tickets.c.barcode), tickets.c.place
            )
        )
    )
    .where(tickets.c.order_id == orders.c.order_id, tickets.c.house_id == orders.c.house_id)
    .scalar_subquery()
    .label("tickets")
)
_PERSONAL = {"customer_name", "customer_email"}
_COLUMNS = [column for column in orders.c if column.name not in _PERSONAL]
_ORDER = sa.select(*_COLUMNS, _TICKETS)
_QUIET = [state.value for state in (*FINAL_STATES, OrderState.OPEN)]

_ONE = _ORDER.where(orders.c.house_id == sa.bindparam("house"), orders.c.order_id == sa.bindparam("order"))
_LOCKED = _ONE.with_for_update(of=orders)


class PostgresOrderStore:
    """See OrderStore. `committed` is called after each transaction that enqueued events."""

    def __init__(self, engine: AsyncEngine, clock: Clock, ids: Ids, committed: Callable[[], None]) -> None:
        self._engine = engine
        # Single statements need no BEGIN and COMMIT of their own.
        self._single = engine.execution_options(isolation_level="AUTOCOMMIT")
        self._clock = clock
        self._ids = ids
        self._committed = committed

    async def add(self, order: Order, customer: Customer, key: RequestKey, next_step_at_ms: int) -> bool:
        """See OrderStore.add."""
        row = {
            **fixed_columns(order),
            **moving_columns(order),
            "customer_name": customer.name,
            "customer_email": customer.email,
            "next_step_at_ms": next_step_at_ms,
            "step_failures": 0,
            "lease_token": "",
            "lease_until_ms": 0,
        }
        async with self._engine.begin() as connection:
            if not await self._take_key(connection, key, order.order_id):
                return False
            await connection.execute(orders.insert(), row)
        return True

    async def _take_key(self, connection: AsyncConnection, key: RequestKey, order_id: str) -> bool:
        row = {
            "house_id": key.house_id,
            "operation": key.operation.value,
            "key": key.key,
            "request_hash": key.request_hash,
            "order_id": order_id,
            "busy_until_ms": key.busy_until_ms,
            "created_at_ms": self._clock.now_ms(),
        }
        taken = await connection.execute(
            insert(request_keys).values(row).on_conflict_do_nothing().returning(request_keys.c.key)
        )
        return taken.first() is not None

    async def find_key(self, house_id: str, operation: Operation, key: str) -> KeyInRecord | None:
        """See OrderStore.find_key."""
        async with self._single.connect() as connection:
            return await _key_in_record(connection, house_id, operation, key)

    async def change(
        self, ref: OrderRef, act: Act, *, key: RequestKey | None = None, lease: Lease | None = None, take: bool = False
    ) -> Changed | Refusal | KeyInRecord | None:
        """See OrderStore.change."""
        async with self._engine.connect() as connection:
            if key is not None and not await self._take_key(connection, key, ref.order_id):
                return await _key_in_record(connection, key.house_id, key.operation, key.key)
            changed = await self.change_within(connection, ref, act, lease=lease, take=take)
            if not isinstance(changed, Changed) or not changed.changes:
                # A key that led to nothing is free again.
                await connection.rollback()
                return changed
            await connection.commit()
        self._committed()
        return changed

    async def change_within(
        self, connection: AsyncConnection, ref: OrderRef, act: Act, *, lease: Lease | None = None, take: bool = False
    ) -> Changed | Refusal | None:
        """As change, inside the caller's transaction; the lock is held until that ends."""
        found = (await connection.execute(_LOCKED, {"house": ref.house_id, "order": ref.order_id})).mappings().first()
        if found is None:
            return None
        before = order_of(found)
        acted = act(before)
        if isinstance(acted, Refusal):
            return acted
        if not acted.changes:
            return Changed(acted.order, (), lease is not None and found["lease_token"] == lease.token)
        holds = lease is not None and _holds(found, lease, take)
        now_ms = self._clock.now_ms()
        kept = holds and acted.next_step_at_ms is not None and acted.next_step_at_ms <= now_ms
        values = {**moving_columns(acted.order), "next_step_at_ms": acted.next_step_at_ms, "step_failures": 0}
        if lease is not None and holds:
            values["lease_token"] = lease.token if kept else ""
            values["lease_until_ms"] = lease.until_ms if kept else 0
        await connection.execute(_this(sa.update(orders), ref).values(values))
        await self._write_tickets(connection, before, acted.order, acted.changes)
        # Last, so that the time between numbering and commit is short.
        events = published(acted.order, acted.changes)
        if events:
            await enqueue(connection, events, now_ms=now_ms, ids=self._ids)
        return Changed(acted.order, acted.changes, kept)

    @staticmethod
    async def _write_tickets(
        connection: AsyncConnection, before: Order, after: Order, changes: Sequence[object]
    ) -> None:
        if any(isinstance(change, OrderConfirmed) for change in changes):
            rows = [
                {
                    "ticket_id": ticket.ticket_id,
                    "house_id": after.house_id,
                    "order_id": after.order_id,
                    "performance_id": after.performance_id,
                    "seat_id": ticket.seat_id,
                    "barcode": ticket.barcode,
                    "place": place,
                    "valid": True,
                }
                for place, ticket in enumerate(after.tickets)
            ]
            await connection.execute(tickets.insert(), rows)
        elif before.tickets_are_valid and not after.tickets_are_valid:
            ended = sa.update(tickets).where(tickets.c.house_id == after.house_id, tickets.c.order_id == after.order_id)
            await connection.execute(ended.values(valid=False))

    async def lease_due(self, lease: Lease, limit: int) -> Sequence[LeasedOrder]:
        """See OrderStore.lease_due. Other houses' orders too: the saga works for all of them."""
        due = (
            sa.select(orders.c.order_id)
            .where(orders.c.next_step_at_ms <= lease.taken_ms, orders.c.lease_until_ms <= lease.taken_ms)
            .order_by(orders.c.next_step_at_ms)
            .limit(limit)
            .with_for_update(skip_locked=True)
            .cte("due")
        )
        leased = (
            sa.update(orders)
            .where(orders.c.order_id.in_(sa.select(due.c.order_id)))
            .values(lease_token=lease.token, lease_until_ms=lease.until_ms)
            .returning(*_COLUMNS, _TICKETS)
        )
        async with self._single.connect() as connection:
            rows = (await connection.execute(leased)).mappings().all()
        return [LeasedOrder(order_of(row), row["step_failures"]) for row in rows]

    async def postpone(self, seen: Order, lease: Lease, until_ms: int) -> None:
        """See OrderStore.postpone."""
        unmoved = (orders.c.state == seen.state.value) & (orders.c.state_since_ms == seen.state_since_ms)
        postponed = _this(sa.update(orders), OrderRef(seen.house_id, seen.order_id)).where(
            orders.c.lease_token == lease.token
        )
        async with self._single.connect() as connection:
            await connection.execute(
                postponed.values(
                    lease_token="",
                    lease_until_ms=0,
                    next_step_at_ms=sa.case((unmoved, until_ms), else_=orders.c.next_step_at_ms),
                    step_failures=sa.case((unmoved, orders.c.step_failures + 1), else_=0),
                )
            )

    async def get(self, ref: OrderRef) -> Order | None:
        """See OrderStore.get."""
        async with self._single.connect() as connection:
            found = await connection.execute(_ONE, {"house": ref.house_id, "order": ref.order_id})
            row = found.mappings().first()
        return None if row is None else order_of(row)

    async def list_orders(self, wanted: OrderFilter) -> Sequence[Order]:
        """See OrderStore.list_orders."""
        query = _ORDER.where(orders.c.house_id == wanted.house_id)
        if wanted.performance_id:
            query = query.where(orders.c.performance_id == wanted.performance_id)
        if wanted.states:
            query = query.where(orders.c.state.in_([state.value for state in wanted.states]))
        if wanted.after is not None:
            query = query.where(sa.tuple_(orders.c.created_at_ms, orders.c.order_id) < sa.tuple_(*wanted.after))
        query = query.order_by(orders.c.created_at_ms.desc(), orders.c.order_id.desc()).limit(wanted.limit)
        async with self._single.connect() as connection:
            rows = (await connection.execute(query)).mappings().all()
        return [order_of(row) for row in rows]

    async def states_of(self, refs: Sequence[OrderRef]) -> Mapping[OrderRef, OrderState]:
        """See OrderStore.states_of."""
        wanted = sa.tuple_(orders.c.house_id, orders.c.order_id).in_([(ref.house_id, ref.order_id) for ref in refs])
        query = sa.select(orders.c.house_id, orders.c.order_id, orders.c.state).where(wanted)
        async with self._single.connect() as connection:
            rows = (await connection.execute(query)).all()
        return {OrderRef(row.house_id, row.order_id): OrderState(row.state) for row in rows}

    async def purge_keys(self, created_before_ms: int, limit: int) -> int:
        """See OrderStore.purge_keys."""
        names = (request_keys.c.house_id, request_keys.c.operation, request_keys.c.key)
        old = sa.select(*names).where(request_keys.c.created_at_ms < created_before_ms).limit(limit)
        async with self._single.connect() as connection:
            done = await connection.execute(sa.delete(request_keys).where(sa.tuple_(*names).in_(old)))
        return int(done.rowcount)

    async def unresolved_counts(self) -> Mapping[OrderState, int]:
        """See OrderStore.unresolved_counts."""
        query = (
            sa.select(orders.c.state, sa.func.count().label("orders"))
            .where(orders.c.next_step_at_ms.is_not(None), orders.c.state.not_in(_QUIET))
            .group_by(orders.c.state)
        )
        async with self._single.connect() as connection:
            rows = (await connection.execute(query)).all()
        return {OrderState(row.state): row.orders for row in rows}


def _this(statement: sa.Update, ref: OrderRef) -> sa.Update:
    return statement.where(orders.c.house_id == ref.house_id, orders.c.order_id == ref.order_id)


def _holds(row: Mapping[Any, Any], lease: Lease, take: bool) -> bool:
    if row["lease_token"] == lease.token:
        return True
    return take and row["lease_until_ms"] <= lease.taken_ms


async def _key_in_record(
    connection: AsyncConnection, house_id: str, operation: Operation, key: str
) -> KeyInRecord | None:
    query = sa.select(request_keys).where(
        request_keys.c.house_id == house_id,
        request_keys.c.operation == operation.value,
        request_keys.c.key == key,
    )
    row = (await connection.execute(query)).first()
    return None if row is None else KeyInRecord(row.request_hash, row.order_id, row.busy_until_ms)
