"""Counts uses of what is limited, in the transaction of the order that takes them or gives them back."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncConnection

from services.orders.adapters import order_statements as sql
from services.orders.domain.order import Order
from services.orders.domain.refusals import UsesExhausted


async def take_uses(connection: AsyncConnection, order: Order, *, limited: bool = True) -> UsesExhausted | None:
    """All of the order's, or the first of which there are too few: the caller undoes the rest.

    In one order for all, so that two orders do not wait for each other. Not `limited`: money has come for it already.
    """
    for use in sorted(order.uses, key=lambda one: one.counted_id):
        limit = use.limit if limited else 0
        row = {"house_id": order.house_id, "counted_id": use.counted_id, "used": use.count, "limit": limit}
        if limit and use.count > limit:
            return UsesExhausted(use.counted_id, await _left(connection, order, use.counted_id, limit), use.count)
        if (await connection.execute(sql.TAKE_USE, row)).first() is None:
            return UsesExhausted(use.counted_id, await _left(connection, order, use.counted_id, limit), use.count)
    return None


async def _left(connection: AsyncConnection, order: Order, counted_id: str, limit: int) -> int:
    values = {"this_house": order.house_id, "counted": counted_id}
    used: int | None = (await connection.execute(sql.USED, values)).scalar_one_or_none()
    return max(0, limit - (used or 0))


async def move_uses(connection: AsyncConnection, before: Order, after: Order) -> None:
    """Gives the uses of an order that has died back, and takes those of one that has come back."""
    if not after.uses or before.has_its_uses == after.has_its_uses:
        return
    if after.has_its_uses:
        await take_uses(connection, after, limited=False)
        return
    for use in sorted(after.uses, key=lambda one: one.counted_id):
        values = {"this_house": after.house_id, "counted": use.counted_id, "count": use.count}
        await connection.execute(sql.GIVE_USE_BACK, values)
