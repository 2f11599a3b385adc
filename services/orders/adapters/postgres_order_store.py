"""The OrderStore in Postgres. The order's row lock makes changes take turns; events leave by the outbox (RULE 29)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.orders.adapters import order_statements as sql
from services.orders.adapters.order_acts import told_acts
from services.orders.adapters.order_events import created, published
from services.orders.adapters.order_rows import (
    fixed_columns,
    moved_parts,
    moving_columns,
    order_of,
    part_rows,
    refund_rows,
    ticket_rows,
)
from services.orders.adapters.tables import order_parts, orders, request_keys
from services.orders.adapters.use_counter import move_uses, take_uses
from services.orders.domain.changes import OrderConfirmed
from services.orders.domain.order import Order, OrderState
from services.orders.domain.refusals import HoldHasOrder, UsesExhausted
from services.orders.ports import (
    Act,
    Changed,
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
from services.runtime.sql.connections import after_commit, connected, for_single_statements
from services.runtime.sql.old_rows import delete_old
from services.runtime.sql.scopes import AllHouses, HouseScope

_DUE = AllHouses("the saga works on orders that are due")
_WATCHED = AllHouses("the watchers of orders are of many houses")
_OLD_KEYS = AllHouses("keys are forgotten by age")
_COUNTS = AllHouses("gauges count every house's orders")


class PostgresOrderStore:
    """See OrderStore. `committed` is called after each transaction that enqueued events."""

    def __init__(self, engine: AsyncEngine, clock: Clock, ids: Ids, committed: Callable[[], None]) -> None:
        self._engine = engine
        # Single statements need no BEGIN and COMMIT of their own.
        self._single = for_single_statements(engine)
        self._clock = clock
        self._ids = ids
        self._committed = committed

    async def add(
        self, order: Order, key: RequestKey, next_step_at_ms: int
    ) -> KeyInRecord | HoldHasOrder | UsesExhausted | None:
        """See OrderStore.add."""
        row = {
            **fixed_columns(order),
            **moving_columns(order),
            # For processes of the release before; customers' own service has them.
            "customer_name": "",
            "customer_email": "",
            "next_step_at_ms": next_step_at_ms,
            "step_failures": 0,
            "lease_token": "",
            "lease_until_ms": 0,
        }
        async with connected(self._engine, HouseScope(order.house_id)) as connection:
            if not await self._take_key(connection, key, order.order_id):
                return await _key_in_record(connection, key.house_id, key.operation, key.key)
            in_use = await self._add_parts(connection, order)
            if in_use is not None:
                # A key that led to nothing is free again.
                await connection.rollback()
                return in_use
            await connection.execute(sql.ADD, row)
            exhausted = await take_uses(connection, order)
            if exhausted is not None:
                await connection.rollback()
                return exhausted
            # Last, so that the time between numbering and commit is short.
            await enqueue(connection, created(order), now_ms=self._clock.now_ms(), ids=self._ids)
            after_commit(connection, self._committed)
        return None

    @staticmethod
    async def _add_parts(connection: AsyncConnection, order: Order) -> HoldHasOrder | None:
        """In one order for all, so that two orders of the same holds do not wait for each other."""
        for row in sorted(part_rows(order), key=lambda one: (one["performance_id"], one["hold_id"])):
            found = (await connection.execute(sql.ADD_PART, row)).one().order_id
            if found != order.order_id:
                state = (await connection.execute(sql.STATE_OF, {"this_order": found})).scalar_one()
                return HoldHasOrder(row["hold_id"], found, state)
        return None

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
        return (await connection.execute(sql.TAKE_KEY, row)).first() is not None

    async def find_key(self, house_id: str, operation: Operation, key: str) -> KeyInRecord | None:
        """See OrderStore.find_key."""
        async with connected(self._single, HouseScope(house_id)) as connection:
            return await _key_in_record(connection, house_id, operation, key)

    async def change(
        self, ref: OrderRef, act: Act, *, key: RequestKey | None = None, lease: Lease | None = None, take: bool = False
    ) -> Changed | Refusal | KeyInRecord | None:
        """See OrderStore.change."""
        async with connected(self._engine, HouseScope(ref.house_id)) as connection:
            if key is not None and not await self._take_key(connection, key, ref.order_id):
                return await _key_in_record(connection, key.house_id, key.operation, key.key)
            changed = await self.change_within(connection, ref, act, lease=lease, take=take)
            if not isinstance(changed, Changed) or not changed.changes:
                # A key that led to nothing is free again.
                await connection.rollback()
        return changed

    async def change_within(
        self, connection: AsyncConnection, ref: OrderRef, act: Act, *, lease: Lease | None = None, take: bool = False
    ) -> Changed | Refusal | None:
        """As change, inside the caller's transaction; the lock is held until that ends."""
        found = (await connection.execute(sql.ONE_LOCKED, _names(ref))).mappings().first()
        if found is None:
            return None
        if found["version"] != found["read_version"]:
            found = (await connection.execute(sql.ONE, _names(ref))).mappings().one()
        before = order_of(found)
        acted = act(before)
        if isinstance(acted, Refusal):
            return acted
        if not acted.changes:
            return Changed(acted.order, (), lease is not None and found["lease_token"] == lease.token)
        holds = lease is not None and _holds(found, lease, take)
        now_ms = self._clock.now_ms()
        kept = holds and acted.next_step_at_ms is not None and acted.next_step_at_ms <= now_ms
        values = {
            **_names(ref),
            **moving_columns(acted.order),
            "next_step_at_ms": acted.next_step_at_ms,
            "step_failures": 0,
            "lease_token": found["lease_token"],
            "lease_until_ms": found["lease_until_ms"],
        }
        if lease is not None and holds:
            values["lease_token"] = lease.token if kept else ""
            values["lease_until_ms"] = lease.until_ms if kept else 0
        if rows := refund_rows(before, acted.order):
            await connection.execute(sql.KEEP_REFUNDS, rows)
        moved = moved_parts(before, acted.order)
        if moved["moved_places"]:
            await connection.execute(sql.MOVE_WITH_PARTS, values | moved)
        else:
            await connection.execute(sql.MOVE, values)
        await self._write_tickets(connection, before, acted.order, acted.changes)
        await move_uses(connection, before, acted.order)
        # Last, so that the time between numbering and commit is short.
        events = published(before, acted.order, acted.changes)
        events += told_acts(acted.order, acted.changes, now_ms=now_ms, ids=self._ids)
        if events:
            await enqueue(connection, events, now_ms=now_ms, ids=self._ids)
            after_commit(connection, self._committed)
        return Changed(acted.order, acted.changes, kept)

    @staticmethod
    async def _write_tickets(
        connection: AsyncConnection, before: Order, after: Order, changes: Sequence[object]
    ) -> None:
        if any(isinstance(change, OrderConfirmed) for change in changes):
            await connection.execute(sql.ADD_TICKETS, ticket_rows(after))
        elif before.tickets_are_valid and not after.tickets_are_valid:
            await connection.execute(sql.END_TICKETS, _names(OrderRef(after.house_id, after.order_id)))

    async def lease_due(self, lease: Lease, limit: int) -> Sequence[LeasedOrder]:
        """See OrderStore.lease_due."""
        values = {"now_ms": lease.taken_ms, "most": limit, "token": lease.token, "until_ms": lease.until_ms}
        async with connected(self._single, _DUE) as connection:
            leased = (await connection.execute(sql.LEASE_DUE, values)).scalars().all()
            if not leased:
                return []
            # By a statement of its own: what a row that was waited for belongs to is older in the same one.
            rows = (await connection.execute(sql.THESE, {"these": leased})).mappings().all()
        return [LeasedOrder(order_of(row), row["step_failures"]) for row in rows]

    async def postpone(self, seen: Order, lease: Lease, until_ms: int) -> None:
        """See OrderStore.postpone."""
        values = {
            **_names(OrderRef(seen.house_id, seen.order_id)),
            "token": lease.token,
            "until_ms": until_ms,
            "seen_state": seen.state.value,
            "seen_since_ms": seen.state_since_ms,
        }
        async with connected(self._single, HouseScope(seen.house_id)) as connection:
            await connection.execute(sql.POSTPONE, values)

    async def get(self, ref: OrderRef) -> Order | None:
        """See OrderStore.get."""
        async with connected(self._single, HouseScope(ref.house_id)) as connection:
            row = (await connection.execute(sql.ONE, _names(ref))).mappings().first()
        return None if row is None else order_of(row)

    async def list_orders(self, wanted: OrderFilter) -> Sequence[Order]:
        """See OrderStore.list_orders."""
        query = sql.ORDER.where(orders.c.house_id == wanted.house_id)
        newest = (orders.c.created_at_ms, orders.c.order_id)
        if wanted.performance_id:
            query = query.join(order_parts, order_parts.c.order_id == orders.c.order_id).where(
                order_parts.c.house_id == wanted.house_id, order_parts.c.performance_id == wanted.performance_id
            )
            newest = (order_parts.c.created_at_ms, order_parts.c.order_id)
        if wanted.states:
            query = query.where(orders.c.state.in_([state.value for state in wanted.states]))
        if wanted.customer_id:
            query = query.where(orders.c.customer_id == wanted.customer_id)
        if wanted.after is not None:
            query = query.where(sa.tuple_(*newest) < sa.tuple_(*wanted.after))
        query = query.order_by(*(column.desc() for column in newest)).limit(wanted.limit)
        async with connected(self._single, HouseScope(wanted.house_id)) as connection:
            rows = (await connection.execute(query)).mappings().all()
        return [order_of(row) for row in rows]

    async def has_old_buyers(self, house_id: str) -> bool:
        """See OrderStore.has_old_buyers."""
        # Written out, as in the index of those that are left: a parameter would hide that it fits.
        is_old = orders.c.customer_email != sa.text("''")
        query = sa.select(sa.exists().where(orders.c.house_id == house_id, is_old))
        async with connected(self._single, HouseScope(house_id)) as connection:
            return bool(await connection.scalar(query))

    async def states_of(self, refs: Sequence[OrderRef]) -> Mapping[OrderRef, OrderState]:
        """See OrderStore.states_of."""
        values = {"houses": [ref.house_id for ref in refs], "ids": [ref.order_id for ref in refs]}
        async with connected(self._single, _WATCHED) as connection:
            rows = (await connection.execute(sql.STATES, values)).all()
        return {OrderRef(row.house_id, row.order_id): OrderState(row.state) for row in rows}

    async def purge_keys(self, created_before_ms: int, limit: int) -> int:
        """See OrderStore.purge_keys."""
        async with connected(self._single, _OLD_KEYS) as connection:
            return await delete_old(connection, request_keys, created_before_ms, limit)

    async def unresolved_counts(self) -> Mapping[OrderState, int]:
        """See OrderStore.unresolved_counts."""
        async with connected(self._single, _COUNTS) as connection:
            rows = (await connection.execute(sql.UNRESOLVED)).all()
        return {OrderState(row.state): row.orders for row in rows}


def _names(ref: OrderRef) -> dict[str, Any]:
    return {"this_house": ref.house_id, "this_order": ref.order_id}


def _holds(row: Mapping[Any, Any], lease: Lease, take: bool) -> bool:
    if row["lease_token"] == lease.token:
        return True
    return take and row["lease_until_ms"] <= lease.taken_ms


async def _key_in_record(
    connection: AsyncConnection, house_id: str, operation: Operation, key: str
) -> KeyInRecord | None:
    values = {"this_house": house_id, "this_operation": operation.value, "this_key": key}
    row = (await connection.execute(sql.FIND_KEY, values)).first()
    return None if row is None else KeyInRecord(row.request_hash, row.order_id, row.busy_until_ms)
