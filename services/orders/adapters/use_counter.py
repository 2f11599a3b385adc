"""Counts uses of what is limited, in the transaction of the orders that take them or give them back."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from services.orders.adapters import order_statements as sql
from services.orders.domain.order import Order
from services.orders.domain.refusals import UsesExhausted

_Counted = tuple[str, str]


class UseCounter:
    """The counts that a group of orders touches, locked in one order for all, so that no two groups deadlock."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection
        self._used: dict[_Counted, int] = {}
        self._begun: dict[_Counted, int] = {}

    async def lock(self, orders: Sequence[Order]) -> None:
        """To be called once, with all orders that take or give back."""
        wanted = sorted({(order.house_id, use.counted_id) for order in orders for use in order.uses})
        if not wanted:
            return
        values = sql.counts_of([_row(counted, 0) for counted in wanted])
        await self._connection.execute(sql.BEGIN_COUNTS, values)
        found = (await self._connection.execute(sql.LOCK_COUNTS, values)).all()
        self._used = {(row.house_id, row.counted_id): row.used for row in found}
        self._begun = dict(self._used)

    def take(self, order: Order) -> UsesExhausted | None:
        """All of the order's, or none where there are too few of one."""
        wanted = sorted(order.uses, key=lambda one: one.counted_id)
        after = dict(self._used)
        for use in wanted:
            counted = (order.house_id, use.counted_id)
            left = use.limit - after[counted]
            if use.limit and use.count > left:
                return UsesExhausted(use.counted_id, max(0, left), use.count)
            after[counted] += use.count
        self._used = after
        return None

    def move(self, before: Order, after: Order) -> None:
        """Gives back what an order had that died or lost tickets; takes again, beyond any limit, for one that is back.

        All that it had or has is locked: what an order names of what is counted never changes, only how many.
        """
        had, has = before.uses_that_count, after.uses_that_count
        for counted_id in had.keys() | has.keys():
            self._used[after.house_id, counted_id] += has[counted_id] - had[counted_id]

    async def write(self) -> None:
        """What has changed."""
        rows = [_row(counted, used) for counted, used in self._used.items() if used != self._begun[counted]]
        if rows:
            await self._connection.execute(sql.SET_COUNTS, sql.counts_of(rows))


def _row(counted: _Counted, used: int) -> dict[str, str | int]:
    house_id, counted_id = counted
    return {"house_id": house_id, "counted_id": counted_id, "used": used}
