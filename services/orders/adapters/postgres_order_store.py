"""The OrderStore in Postgres. The order's row lock makes changes take turns; events leave by the outbox (RULE 29)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import cast

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.orders.adapters import order_statements as sql
from services.orders.adapters.known_rows import KnownRows, Version, not_in
from services.orders.adapters.order_commits import OrderCommits
from services.orders.adapters.order_group import Answered, OrderGroup, key_name, keys_in_record, read_rows, ref_rows
from services.orders.adapters.order_rows import order_of
from services.orders.adapters.order_turns import Asked, AskedChange, NewOrder, Postponement
from services.orders.adapters.tables import order_parts, orders, request_keys
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
from services.runtime.sql.connections import after_commit, connected, for_single_statements
from services.runtime.sql.old_rows import delete_old
from services.runtime.sql.scopes import AllHouses, HouseScope
from services.runtime.work.gathering import Gathering, ItemBroke

MOST_READ = 256

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
        self._known = KnownRows()
        # After a failover, or a restore, a server that lacks the last transactions gives their numbers out again.
        sa.event.listen(engine.sync_engine, "connect", lambda *_: self._known.forget())
        self._commits = OrderCommits(self._commit)
        self._reads: Gathering[str, OrderRef, Order | None] = Gathering("order reads", self._read, most=MOST_READ)
        self._keys: Gathering[str, RequestKey, KeyInRecord | None] = Gathering(
            "key reads", self._find_keys, most=MOST_READ
        )

    async def add(
        self, order: Order, key: RequestKey, next_step_at_ms: int
    ) -> KeyInRecord | HoldHasOrder | UsesExhausted | None:
        """See OrderStore.add."""
        answer = await self._commits.ask(order.house_id, NewOrder(order, key, next_step_at_ms))
        assert answer is None or isinstance(answer, KeyInRecord | HoldHasOrder | UsesExhausted)
        return answer

    async def find_key(self, house_id: str, operation: Operation, key: str) -> KeyInRecord | None:
        """See OrderStore.find_key."""
        return await self._keys.ask(house_id, RequestKey(house_id, operation, key, ""))

    async def _find_keys(self, house_id: str, keys: Sequence[RequestKey]) -> Sequence[KeyInRecord | None]:
        async with connected(self._single, HouseScope(house_id)) as connection:
            found = await keys_in_record(connection, keys)
        return [found.get(key_name(key)) for key in keys]

    async def change(
        self, ref: OrderRef, act: Act, *, key: RequestKey | None = None, lease: Lease | None = None, take: bool = False
    ) -> Changed | Refusal | KeyInRecord | None:
        """See OrderStore.change."""
        answer = await self._commits.ask(ref.house_id, AskedChange(ref, act, key, lease, take))
        assert not isinstance(answer, HoldHasOrder | UsesExhausted)
        return answer

    async def _commit(self, house_id: str, group: Sequence[Asked]) -> Sequence[Answered]:
        async with connected(self._engine, HouseScope(house_id)) as connection:
            written = OrderGroup(connection, group, self._known, self._clock, self._ids)
            answers = await written.write()
            if not written.has_written:
                await connection.rollback()
            elif written.events:
                after_commit(connection, self._committed)
        self._known.keep(written.seen)
        return answers

    async def change_within(
        self, connection: AsyncConnection, ref: OrderRef, act: Act, *, lease: Lease | None = None, take: bool = False
    ) -> Changed | Refusal | None:
        """As change, inside the caller's transaction; the lock is held until that ends."""
        (changed,) = await self.change_all_within(connection, [AskedChange(ref, act, None, lease, take)])
        if isinstance(changed, ItemBroke):
            raise changed.cause
        return changed

    async def change_all_within(
        self, connection: AsyncConnection, asked: Sequence[AskedChange]
    ) -> Sequence[Changed | Refusal | ItemBroke | None]:
        """As change_within, of many orders of any houses; what an act raised is told by its position."""
        written = OrderGroup(connection, asked, self._known, self._clock, self._ids)
        answers = await written.write()
        after_commit(connection, lambda: self._known.keep(written.seen))
        if written.events:
            after_commit(connection, self._committed)
        return [cast("Changed | Refusal | ItemBroke | None", answer) for answer in answers]

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

    async def postpone(self, seen: Order, lease: Lease, until_ms: int, *, in_vain: bool = True) -> None:
        """See OrderStore.postpone."""
        await self._commits.ask(seen.house_id, Postponement(seen, lease, until_ms, in_vain))

    async def get(self, ref: OrderRef) -> Order | None:
        """See OrderStore.get."""
        return await self._reads.ask(ref.house_id, ref)

    async def _read(self, house_id: str, refs: Sequence[OrderRef]) -> Sequence[Order | None]:
        async with connected(self._single, HouseScope(house_id)) as connection:
            versions = [ref for ref in {*refs} if self._known.has(ref)]
            found = self._known.still(await _versions(connection, versions)) if versions else {}
            if others := not_in({*refs}, found):
                new = await read_rows(connection, others)
                self._known.keep(new)
                found |= new
        return [found[ref][1].order if ref in found else None for ref in refs]

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
            # The second says that the index of those who have one fits, which a parameter alone does not.
            query = query.where(orders.c.customer_id == wanted.customer_id, orders.c.customer_id != sa.text("''"))
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
        async with connected(self._single, _WATCHED) as connection:
            rows = (await connection.execute(sql.STATES, sql.wanted(ref_rows(refs)))).all()
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


async def _versions(connection: AsyncConnection, refs: Sequence[OrderRef]) -> dict[OrderRef, Version]:
    rows = await connection.execute(sql.VERSIONS, sql.wanted(ref_rows(refs)))
    return {OrderRef(row.house_id, row.order_id): row.version for row in rows}
