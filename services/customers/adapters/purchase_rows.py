"""Purchases and shows in PostgreSQL, inside one transaction's connection."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.customers.adapters.customer_tables import purchases, shows
from services.customers.domain.audience import Purchase


class PurchaseRows:
    """See Purchases."""

    def __init__(self, connection: AsyncConnection, house_id: str) -> None:
        self._connection = connection
        self._house_id = house_id
        self._mine = purchases.c.house_id == house_id

    async def add(self, purchase: Purchase) -> None:
        values = {
            "house_id": self._house_id,
            "order_id": purchase.order_id,
            "performance_id": purchase.performance_id,
            "customer_id": purchase.customer_id,
            "bought_at_ms": purchase.bought_at_ms,
        }
        await self._connection.execute(insert(purchases).on_conflict_do_nothing(), values)

    async def end(self, order_id: str, performance_id: str) -> None:
        is_meant = (purchases.c.order_id == order_id) & (purchases.c.performance_id == performance_id)
        await self._connection.execute(sa.delete(purchases).where(self._mine, is_meant))

    async def move(self, merged_customer_id: str, customer_id: str) -> None:
        moved = sa.update(purchases).where(self._mine, purchases.c.customer_id == merged_customer_id)
        await self._connection.execute(moved.values(customer_id=customer_id))

    async def remove(self, customer_id: str) -> None:
        await self._connection.execute(sa.delete(purchases).where(self._mine, purchases.c.customer_id == customer_id))

    async def learn_show(self, performance_id: str, production_id: str) -> None:
        learn = insert(shows).values(
            house_id=self._house_id, performance_id=performance_id, production_id=production_id
        )
        newest = learn.on_conflict_do_update(
            index_elements=["house_id", "performance_id"], set_={"production_id": production_id}
        )
        await self._connection.execute(newest)

    async def production_of(self, performance_id: str) -> str:
        wanted = sa.select(shows.c.production_id).where(
            shows.c.house_id == self._house_id, shows.c.performance_id == performance_id
        )
        return (await self._connection.execute(wanted)).scalar_one_or_none() or ""
