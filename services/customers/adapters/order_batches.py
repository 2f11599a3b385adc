"""What many orders mean for customers, in a few statements over arrays: purchases, and which orders left traces."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.customers.adapters.consent_tables import order_ticks
from services.customers.adapters.customer_tables import (
    customers,
    form_answers,
    locked_orders,
    merged_customers,
    purchases,
)
from services.customers.domain.audience import Purchase
from services.runtime.sql.row_arrays import RowArrays, inserting

_OrderPlace = tuple[str, str]  # house and order
_Place = tuple[str, str, str]  # house, order and performance
_PLACE = ("house_id", "order_id", "performance_id")
_BOUGHT = (*_PLACE, "customer_id", "bought_at_ms")


class PurchaseSteps:
    """Purchases that begin and end within one batch, as they are to stand after it."""

    def __init__(self) -> None:
        self._bought: dict[_Place, Purchase] = {}
        self._ended: dict[_Place, None] = {}

    def add(self, house_id: str, purchase: Purchase) -> None:
        """The same one again changes nothing."""
        self._bought.setdefault((house_id, purchase.order_id, purchase.performance_id), purchase)

    def end(self, house_id: str, order_id: str, performance_id: str) -> None:
        """The money has gone back: it was bought no more."""
        place = (house_id, order_id, performance_id)
        self._bought.pop(place, None)
        self._ended[place] = None

    async def write(self, connection: AsyncConnection) -> None:
        """Nothing is told of who was erased; what a merged customer buys is the other's."""
        if self._ended:
            rows = [dict(zip(_PLACE, place, strict=True)) for place in self._ended]
            await connection.execute(_END, _ended.values(rows))
        if not self._bought:
            return
        buyers = {(house_id, bought.customer_id) for (house_id, _, _), bought in self._bought.items()}
        known = await _lock_customers(connection, buyers)
        new = [
            {
                "house_id": house_id,
                "order_id": order_id,
                "performance_id": performance_id,
                "customer_id": known[house_id, bought.customer_id],
                "bought_at_ms": bought.bought_at_ms,
            }
            for (house_id, order_id, performance_id), bought in self._bought.items()
            if (house_id, bought.customer_id) in known
        ]
        if new:
            await connection.execute(_ADD, _added.values(new))


async def orders_with_traces(connection: AsyncConnection, orders: Collection[_OrderPlace]) -> set[_OrderPlace]:
    """Those with ticks of their checkout, answers in the house's form, or a buyer who was erased."""
    rows = [{"house_id": house_id, "order_id": order_id} for house_id, order_id in orders]
    return {(row.house_id, row.order_id) for row in await connection.execute(_TRACED, _asked.values(rows))}


async def _lock_customers(
    connection: AsyncConnection, buyers: Collection[tuple[str, str]]
) -> Mapping[tuple[str, str], str]:
    """Which customers these lead to; who was erased is left out.

    Locked until the transaction ends: an erasure or a merge at this moment would pass by what is written here.
    """
    known: dict[tuple[str, str], str] = {}
    # Whoever waits here while it is merged finds the row gone, and by a second look where its id leads to now.
    for _ in range(2):
        missing = [dict(zip(("house_id", "customer_id"), one, strict=True)) for one in buyers if one not in known]
        if missing:
            found = await connection.execute(_LOCK, _buyers.values(missing))
            known |= {(row.house_id, row.told_id): row.customer_id for row in found}
    return known


_asked = RowArrays([purchases.c.house_id, purchases.c.order_id])


def _left_in(table: sa.Table) -> sa.ScalarSelect[bool]:
    """True or NULL. Not "exists": for that the planner may read all there is, whichever orders are asked for."""
    asked = _asked.table.c
    of_it = (table.c.house_id == asked.house_id, table.c.order_id == asked.order_id)
    return sa.select(sa.true()).where(*of_it).limit(1).scalar_subquery()


_TRACED = sa.select(_asked.table.c.house_id, _asked.table.c.order_id).where(
    sa.func.coalesce(*(_left_in(table) for table in (order_ticks, form_answers, locked_orders)), type_=sa.Boolean)
)

_buyers = RowArrays([customers.c.house_id, customers.c.customer_id])


def _locking() -> sa.Select[Any]:
    """Purchases of one customer need not take turns; a merge or an erasure waits for all of them."""
    given = _buyers.table
    leads_to = (merged_customers.c.house_id == given.c.house_id) & (
        merged_customers.c.merged_customer_id == given.c.customer_id
    )
    is_meant = (customers.c.house_id == given.c.house_id) & (
        customers.c.customer_id == sa.func.coalesce(merged_customers.c.customer_id, given.c.customer_id)
    )
    return (
        sa.select(given.c.house_id, given.c.customer_id.label("told_id"), customers.c.customer_id)
        .select_from(given.outerjoin(merged_customers, leads_to).join(customers, is_meant))
        # In one order for all, so that two batches do not wait for each other.
        .order_by(customers.c.house_id, customers.c.customer_id)
        .with_for_update(read=True, key_share=True, of=customers)
    )


_LOCK = _locking()

_ended = RowArrays([purchases.c[name] for name in _PLACE])
# By the order: as an equal, the performance would lead to all that was bought of it, by its index.
_END = sa.delete(purchases).where(
    *(purchases.c[name] == _ended.table.c[name] for name in ("house_id", "order_id")),
    purchases.c.performance_id.is_not_distinct_from(_ended.table.c.performance_id),
)

_selected, _added = inserting(purchases, _BOUGHT)
_ADD = insert(purchases).from_select(list(_BOUGHT), _selected).on_conflict_do_nothing()
