"""Names and addresses in orders from before customers were kept: what is still there, and taking it out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from services.orders.adapters.tables import orders
from services.orders.ports.old_buyers import OldBuyer
from services.runtime.sql.connections import connected
from services.runtime.sql.scopes import AllHouses, HouseScope

_OLD = AllHouses("orders of every house are carried over to customers")


class PostgresOldBuyers:
    """See OldBuyers."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def some(self, limit: int) -> Sequence[OldBuyer]:
        """See OldBuyers.some."""
        columns = (
            orders.c.house_id,
            orders.c.order_id,
            orders.c.customer_name,
            orders.c.customer_email,
            orders.c.created_at_ms,
        )
        wanted = (
            sa.select(*columns).where(orders.c.customer_email != sa.text("''")).order_by(orders.c.order_id).limit(limit)
        )
        async with connected(self._engine, _OLD) as connection:
            return [OldBuyer(*row) for row in await connection.execute(wanted)]

    async def carried(self, house_id: str, customers: Mapping[str, str]) -> None:
        """See OldBuyers.carried."""
        async with connected(self._engine, HouseScope(house_id)) as connection:
            for order_id, customer_id in sorted(customers.items()):
                is_meant = (orders.c.house_id == house_id) & (orders.c.order_id == order_id)
                # Where another process was faster, the customer may have been erased or merged since.
                carried = sa.update(orders).where(is_meant, orders.c.customer_email != "")
                await connection.execute(carried.values(customer_id=customer_id, customer_name="", customer_email=""))
