"""Erasures and what is locked of them in PostgreSQL, inside one transaction's connection."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.contracts.pages import Place
from services.customers.adapters.customer_tables import erasures, locked_orders
from services.customers.domain.erasure import BoughtOrder, Erasure, Payment
from services.runtime.seal import Seal

_ERASED = (erasures.c.erased_at_ms, erasures.c.customer_id)


class ErasureRows:
    """See Erasures."""

    def __init__(self, connection: AsyncConnection, house_id: str, seal: Seal) -> None:
        self._connection = connection
        self._house_id = house_id
        self._seal = seal
        self._mine = erasures.c.house_id == house_id
        self._locked = locked_orders.c.house_id == house_id

    async def find(self, customer_id: str) -> Erasure | None:
        row = (
            await self._connection.execute(sa.select(erasures).where(self._mine, erasures.c.customer_id == customer_id))
        ).first()
        return None if row is None else _erasure(row)

    async def add(self, erasure: Erasure, locked: bytes | None, orders: Sequence[BoughtOrder]) -> None:
        values = {
            "house_id": self._house_id,
            "customer_id": erasure.customer_id,
            "erased_at_ms": erasure.erased_at_ms,
            "locked_until_ms": erasure.locked_until_ms,
            "sealed": None if locked is None else self._seal.sealed(locked),
        }
        await self._connection.execute(insert(erasures), values)
        await self._keep_orders(erasure.customer_id, orders)

    async def _keep_orders(self, customer_id: str, orders: Sequence[BoughtOrder]) -> None:
        rows = [
            {
                "house_id": self._house_id,
                "order_id": order.order_id,
                "customer_id": customer_id,
                "payment": order.payment.value,
                "at_ms": order.at_ms,
            }
            for order in orders
        ]
        if rows:
            await self._connection.execute(insert(locked_orders), rows)

    async def of_order(self, order_id: str) -> tuple[Erasure, Sequence[BoughtOrder]] | None:
        customer = sa.select(locked_orders.c.customer_id).where(self._locked, locked_orders.c.order_id == order_id)
        wanted = sa.select(erasures).where(self._mine, erasures.c.customer_id == customer.scalar_subquery())
        row = (await self._connection.execute(wanted.with_for_update())).first()
        if row is None:
            return None
        kept = sa.select(locked_orders).where(self._locked, locked_orders.c.customer_id == row.customer_id)
        orders = [
            BoughtOrder(one.order_id, Payment(one.payment), one.at_ms) for one in await self._connection.execute(kept)
        ]
        return _erasure(row), orders

    async def keep(self, erasure: Erasure, orders: Sequence[BoughtOrder]) -> None:
        values: dict[str, Any] = {"locked_until_ms": erasure.locked_until_ms}
        if erasure.locked_until_ms is None:
            values["sealed"] = None
        is_meant = erasures.c.customer_id == erasure.customer_id
        await self._connection.execute(sa.update(erasures).where(self._mine, is_meant).values(**values))
        before = sa.delete(locked_orders).where(self._locked, locked_orders.c.customer_id == erasure.customer_id)
        await self._connection.execute(before)
        await self._keep_orders(erasure.customer_id, orders)

    async def page(self, after: Place | None, limit: int) -> Sequence[Erasure]:
        wanted = sa.select(erasures).where(self._mine).order_by(*_ERASED).limit(limit)
        if after is not None:
            place = sa.tuple_(sa.literal(after.time_ms), sa.literal(after.item_id))
            wanted = wanted.where(sa.tuple_(*_ERASED) > place)
        return [_erasure(row) for row in await self._connection.execute(wanted)]

    async def opened(self, customer_id: str) -> bytes | None:
        wanted = sa.select(erasures.c.sealed).where(self._mine, erasures.c.customer_id == customer_id)
        sealed: bytes | None = (await self._connection.execute(wanted)).scalar_one_or_none()
        return None if sealed is None else self._seal.opened(bytes(sealed))


def _erasure(row: sa.Row[Any]) -> Erasure:
    return Erasure(row.house_id, row.customer_id, row.erased_at_ms, row.locked_until_ms)
